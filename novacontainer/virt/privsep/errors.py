"""What the privileged side raises.

oslo.privsep sends an exception's class name and arguments over the wire and
builds it anew on the other side, so these take exactly one string.
"""


class NetworkError(Exception):
    """Base of both: one sentence that says what failed and why."""


class RefusedError(NetworkError):
    """The request names something that is none of the driver's business."""


class WiringError(NetworkError):
    """The kernel refused a step."""
