"""The closed set of error kinds that the runtime raises.

Every layer below ``api`` raises one of these; ``api.errors`` turns the kind
into an HTTP status, once, by table.  ``code`` is a stable machine-readable
string: once published it never changes, while the message may.

::

    RuntimeFault
    ├── InvalidRequest   400  the caller's words are wrong
    ├── Forbidden        403  understood, and refused by policy
    ├── NotFound         404  no such image, container
    ├── Conflict         409  fine in itself, not in this state
    ├── TimedOut         408  the client did not finish its request
    ├── NotModified      304  already so
    ├── NotSupported     501  this engine does not do that
    ├── Unavailable      503  storage full, shutting down
    └── Internal         500  the engine or the host failed us
"""


class RuntimeFault(Exception):
    """Base of everything that the runtime raises on purpose.

    :param message: one plain sentence for a person: what is wrong and, where
        it can be said, what to do.
    :param code: stable ``noun.reason`` string, such as ``image.not_found``.
    """

    default_code = 'internal'

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code


class InvalidRequest(RuntimeFault):
    """The request, or the image that it carries, is malformed."""

    default_code = 'invalid_request'


class Forbidden(RuntimeFault):
    """Policy of this host refuses what was asked."""

    default_code = 'forbidden'


class NotFound(RuntimeFault):
    """The named image or container does not exist."""

    default_code = 'not_found'


class Conflict(RuntimeFault):
    """The object's state, or another object, stands in the way."""

    default_code = 'conflict'


class TimedOut(RuntimeFault):
    """The client went silent in the middle of its request."""

    default_code = 'request.timeout'


class NotModified(RuntimeFault):
    """The object already is as asked."""

    default_code = 'not_modified'


class NotSupported(RuntimeFault):
    """This engine or this host cannot do what was asked."""

    default_code = 'not_supported'


class Unavailable(RuntimeFault):
    """For now impossible: no space left, or the daemon is stopping."""

    default_code = 'unavailable'


class Internal(RuntimeFault):
    """The OCI runtime, the kernel or the disk failed unexpectedly."""

    default_code = 'internal'
