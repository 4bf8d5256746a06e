"""The runtime's container states in Nova's terms; pure.

Called by ``virt.containerops`` and ``virt.lifecycle``.
"""

from nova.compute import power_state

_BY_STATUS = {
    # Made or stopped: either way it takes a power-on to run it.
    'created': power_state.SHUTDOWN,
    'exited': power_state.SHUTDOWN,
    'removing': power_state.SHUTDOWN,
    'running': power_state.RUNNING,
    'restarting': power_state.RUNNING,
    'paused': power_state.PAUSED,
    'dead': power_state.CRASHED,
}


def from_status(status: str) -> int:
    """Nova's power state for a container's ``State.Status``.

    :returns: ``NOSTATE`` for a status that the API does not name; Nova's
        periodic task then leaves the instance alone.
    """
    return _BY_STATUS.get(status, power_state.NOSTATE)
