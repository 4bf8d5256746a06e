"""Entry point of ``novacontainer``, the operators' command line.

Called by the console script or ``python -m``.  Calls ``cli.app``.
"""

from collections.abc import Sequence
import logging
import os
import sys

from novacontainer.cli import app
from novacontainer.cli import console
from novacontainer.cli import failure


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    :param argv: arguments without the program's name; None: the process's.
    :return: exit code, see :func:`novacontainer.cli.app.main`.
    """
    # What libraries remark on the way is said once, by our own errors.
    logging.getLogger().addHandler(logging.NullHandler())
    exit_code = app.main(sys.argv[1:] if argv is None else argv,
                         console.Console.standard())
    if exit_code == failure.BROKEN_PIPE:
        # The interpreter flushes the stream once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_code


if __name__ == '__main__':
    sys.exit(main())
