"""What a call of the privileged side may end with.

oslo.privsep sends an exception's class name and arguments over the wire and
builds it anew on the other side, so ours take exactly one string.
"""

from oslo_privsep import daemon


class NetworkError(Exception):
    """Base of both: one sentence that says what failed and why."""


class RefusedError(NetworkError):
    """The request names something that is none of the driver's business."""


class WiringError(NetworkError):
    """The kernel refused a step."""


#: Our own, a helper that does not start, and one that dies under the call.
CALL_FAILURES = (NetworkError, daemon.FailedToDropPrivileges, OSError)


def sentence(error: BaseException) -> str:
    """Say for a person what one of :data:`CALL_FAILURES` means."""
    if isinstance(error, NetworkError):
        return str(error)
    return (f'The privileged helper for networking failed: {error}. Check '
            f'that the user of nova-compute may run nova-rootwrap through '
            f'sudo, and that exec_dirs in rootwrap.conf lead to '
            f'privsep-helper.')
