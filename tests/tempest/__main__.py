"""``python -m tests.tempest [REGEX]``: run Tempest against the demo's cloud.

Called by ``make tempest`` under the Python of that cloud; calls
``guestimage``, ``configuration`` and Tempest, which has an environment of
its own beside the cloud's.  The last line says how many tests passed, failed
and were skipped; the exit status is 1 unless all passed that were not.
"""

import os
import pathlib
import subprocess
import sys
import time

from demo import commands
from demo import directory as directories
from demo import environment
from demo import errors
from tests.tempest import configuration
from tests.tempest import guestimage
from tests.tempest import tally

_HERE = pathlib.Path(__file__).parent
_SELECTED = r'^tempest\.(api\.compute|scenario)\.'


def main(arguments: list[str]) -> int:
    """Prepare and run; return the exit status."""
    directory = directories.chosen()
    try:
        if not directory.exists:
            raise errors.DemoError('no cloud stands: run "make demo" first.')
        program = _install(directory)
        work = directory.root / 'tempest'
        work.mkdir(exist_ok=True)
        (work / 'lock').mkdir(exist_ok=True)
        config = work / 'tempest.conf'
        configuration.write(directory, config, guestimage.provide(directory))
    except errors.DemoError as error:
        print(f'FAILED: {error.reason}', file=sys.stderr)
        return 1
    if not (work / 'workspace').exists():
        commands.run([program, 'init',
                      # Else it is noted in the home directory, for ever.
                      '--workspace-path', str(work / 'workspaces.yaml'),
                      str(work / 'workspace')], work / 'init.log')
    return _run(
        [program, 'run', '--config-file', str(config),
         '--concurrency', str(os.cpu_count() or 1),
         '--exclude-list', str(_HERE / 'excluded.txt'),
         '--regex', arguments[0] if arguments else _SELECTED],
        work / 'workspace')


def _run(argv: list[str], workspace: pathlib.Path) -> int:
    """Run Tempest, its output passed through, and say how it went."""
    began = time.monotonic()
    counted = tally.Tally()
    with subprocess.Popen(
            argv, cwd=workspace, text=True, errors='replace',
            env=commands.inherited_environment(no_proxy='127.0.0.1'),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as tempest:
        for line in tempest.stdout or ():
            print(line, end='', flush=True)
            counted.add(line)
    print(counted.summary(time.monotonic() - began))
    return 1 if tempest.returncode or not counted.passed else 0


def _install(directory: directories.Directory) -> str:
    """Have Tempest, and return its command."""
    place = directory.root / 'tempest-venv'
    program = place / 'bin' / 'tempest'
    if not program.exists():
        log = directory.log / 'tempest-pip.log'
        commands.run([environment.PYTHON, '-m', 'venv', str(place)], log)
        commands.run(
            [str(place / 'bin' / 'python'), '-m', 'pip', 'install',
             'tempest'], log, environment=commands.inherited_environment())
    return str(program)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
