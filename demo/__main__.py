"""The command: ``python3 -m demo up`` and ``python3 -m demo clean``.

``up`` begins under the system's Python with the standard library alone,
installs, and then goes on as ``proceed`` under the environment that it made,
where openstacksdk is.  Called by the Makefile.
"""

import os
import sys

from demo import cleaning
from demo import directory as directories
from demo import environment
from demo import errors
from demo import installation
from demo import report as reports

_USAGE = 'usage: python3 -m demo {up|clean}'


def main(arguments: list[str]) -> int:
    """Run one command and return the exit status."""
    commands = {'up': _up, 'proceed': _proceed, 'clean': _clean}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(_USAGE, file=sys.stderr)
        return 2
    # What root writes here must be readable by the unprivileged user.
    os.umask(0o022)
    report = None
    try:
        if os.geteuid() != 0:
            raise errors.DemoError(
                'this needs root: it installs packages and makes network '
                'namespaces.')
        directory = directories.chosen()
        report = reports.Report(directory.run / 'steps.json')
        commands[arguments[0]](directory, report)
    except errors.DemoError as error:
        if report is None:
            print(f'FAILED: {error.reason}')
            return 1
        report.failure(error)
        if directory.exists:
            report.say(f'\nEvery log is in {directory.log}. "make demo" goes '
                       'on from here, "make demo-clean" removes everything.')
        return 1
    except KeyboardInterrupt:
        print('\ninterrupted; "make demo" goes on from here')
        return 130
    return 0


def _up(directory: directories.Directory, report: reports.Report) -> None:
    directory.create()
    installation.run(directory, report)
    report.save()
    os.chdir(environment.CHECKOUT)
    python = directory.tool('python')
    os.execv(python, [python, '-m', 'demo', 'proceed'])


def _proceed(directory: directories.Directory,
             report: reports.Report) -> None:
    # Only here can these be imported: they stand on openstacksdk.
    from demo import standing
    report.resume()
    standing.run(directory, report)


def _clean(directory: directories.Directory, report: reports.Report) -> None:
    cleaning.run(directory, report)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
