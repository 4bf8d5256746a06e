"""Commands that the demo runs to their end.

Called by the modules that install and set up; calls ``subprocess``.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
import subprocess

from demo import errors

#: PATH of every process, whatever the caller's looks like.
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def run(argv: Sequence[str], log: pathlib.Path, *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None, timeout_s: float = 1800,
        cwd: pathlib.Path | None = None) -> None:
    """Run a command with its output in a log.

    :param environment: the whole environment; ours when left out.
    :raises DemoError: it cannot be run, takes too long, or fails.
    """
    with log.open('ab') as output:
        output.write(f'+ {" ".join(argv)}\n'.encode())
        output.flush()
        try:
            result = subprocess.run(
                argv, check=False, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=environment, user=user, group=user,
                extra_groups=() if user else None, timeout=timeout_s, cwd=cwd)
        except FileNotFoundError as error:
            raise errors.DemoError(f'{argv[0]} is missing.') from error
        except subprocess.TimeoutExpired as error:
            raise errors.DemoError(
                f'"{" ".join(argv)}" did not end within {timeout_s:.0f} s.',
                [log]) from error
    if result.returncode:
        raise errors.DemoError(
            f'"{" ".join(argv)}" ended with status {result.returncode}.',
            [log])


def output(argv: Sequence[str], *, stdin: str = '',
           environment: Mapping[str, str] | None = None,
           timeout_s: float = 120) -> str:
    """What a command prints.

    :raises DemoError: it cannot be run or fails; its stderr is the reason.
    """
    try:
        result = subprocess.run(
            argv, check=False, input=stdin, capture_output=True, text=True,
            env=environment, timeout=timeout_s)
    except FileNotFoundError as error:
        raise errors.DemoError(f'{argv[0]} is missing.') from error
    except subprocess.TimeoutExpired as error:
        raise errors.DemoError(
            f'"{" ".join(argv)}" did not end within {timeout_s:.0f} s.'
        ) from error
    if result.returncode:
        raise errors.DemoError(
            f'"{" ".join(argv)}" ended with status {result.returncode}: '
            f'{result.stderr.strip()[-500:]}')
    return result.stdout


def clean_environment(home: pathlib.Path, *paths: pathlib.Path,
                      **more: str) -> dict[str, str]:
    """An environment that does not depend on the caller's.

    Proxies are left out on purpose: the services speak over loopback.

    :param paths: directories that go before the usual ones in PATH.
    """
    prefix = ''.join(f'{path}:' for path in paths)
    return {'PATH': prefix + PATH, 'HOME': str(home), 'LANG': 'C.UTF-8',
            **more}


def inherited_environment(**more: str) -> dict[str, str]:
    """The caller's environment, proxies and package indexes included."""
    return {**os.environ, **more}
