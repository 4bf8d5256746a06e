"""What the client raises, and nothing else.

Called by every module of the client.  The shape of an error answer is the
Docker Engine API's ``{"message": text}``, to which this runtime adds a stable
``code``.

::

    ClientError
    ├── Unavailable            503: storage full, shutting down
    │   ├── ConnectionFailed   nobody listens, or the connection broke
    │   └── TimedOut           no answer in time
    ├── SourceFailed           the bytes to upload could not be read
    ├── ProtocolFailed         the answer is not what the API promises
    └── Refused                any other answer of 400 and above
        ├── InvalidRequest     400
        ├── Forbidden          403
        ├── NotFound           404
        ├── Conflict           409
        ├── NotSupported       501
        └── Failed             500, and whatever else there may be
"""


class ClientError(Exception):
    """Base of everything that the client raises on purpose.

    :param message: a plain sentence; the runtime's own where it gave one.
    :param code: the runtime's stable ``noun.reason`` string, or ''.
    :param status: HTTP status of the answer, 0 when there was none.
    """

    def __init__(self, message: str, code: str = '', status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


class Unavailable(ClientError):
    """The runtime cannot serve now; the same call may work later."""


class ConnectionFailed(Unavailable):
    """The socket is missing, refuses, or broke in the middle."""


class TimedOut(Unavailable):
    """The runtime was reached and did not answer in time."""


class SourceFailed(ClientError):
    """The iterator that was to be uploaded raised; see ``__cause__``.

    The runtime was told nothing wrong and has dropped the half upload.
    """


class ProtocolFailed(ClientError):
    """The answer cannot be understood: something else is on the socket."""


class Refused(ClientError):
    """The runtime answered, and the answer is an error."""


class InvalidRequest(Refused):
    """Status 400: the words, or the image sent, are wrong."""


class Forbidden(Refused):
    """Status 403: the policy of the host refuses it."""


class NotFound(Refused):
    """Status 404: no such image or container."""


class Conflict(Refused):
    """Status 409: not in this state, or the name is taken."""


class NotSupported(Refused):
    """Status 501: this runtime or host cannot do it."""


class Failed(Refused):
    """Status 500 or an unexpected one: the runtime failed."""


_BY_STATUS: dict[int, type[ClientError]] = {
    400: InvalidRequest,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    501: NotSupported,
    503: Unavailable,
}


def from_status(status: int, message: str, code: str = '') -> ClientError:
    """Make the exception for an error answer.

    :param status: HTTP status, 400 or more.
    :param message: the runtime's sentence.
    :param code: the runtime's stable code, or ''.
    """
    return _BY_STATUS.get(status, Failed)(message, code, status)
