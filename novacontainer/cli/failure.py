"""Why a command ends without having done its work.

Raised by the verbs, caught by ``cli.app``.
"""

import os

#: Exit codes that Docker's clients have taught people (docker run).
FAILED = 1
DAEMON_FAILED = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127
INTERRUPTED = 130
#: Plus the signal's number.
BY_SIGNAL = 128
BROKEN_PIPE = 141


class CommandFailed(Exception):
    """A plain sentence for the person, and the exit code.

    :param exit_code: None leaves it to the verb.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


def reason(error: BaseException) -> str:
    """Say why a file could not be used, without numbers and brackets.

    :param error: an OSError, or what was raised from one.
    """
    found = error if isinstance(error, OSError) else error.__cause__
    if not isinstance(found, OSError) or not found.strerror:
        return str(found or error)
    if isinstance(found.filename, str | os.PathLike):
        return f'{os.fspath(found.filename)}: {found.strerror}'
    return found.strerror
