"""The group of those who may use the daemon, and nova-compute in it.

Called by ``setup.installer``; calls groupadd(8) and usermod(8).
"""

from collections.abc import Iterator
import grp
import pwd
import subprocess

from novacontainer.cli import failure

GROUP = 'novacontainer'
_USER = 'nova'


def prepare() -> Iterator[str]:
    """Make the group, and put Nova's user into it where there is one.

    :returns: what was done, a line each.
    :raises CommandFailed: the tools refuse.
    """
    try:
        members = grp.getgrnam(GROUP).gr_mem
    except KeyError:
        members = []
        run(['groupadd', '--system', GROUP])
        yield f'made the group {GROUP}'
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        yield (f'there is no user {_USER} here: if nova-compute runs as '
               f'another, "usermod --append --groups {GROUP}" that one')
        return
    if _USER not in members:
        run(['usermod', '--append', '--groups', GROUP, _USER])
        yield (f'{_USER} is a member of {GROUP} now: restart nova-compute, '
               'so that it knows')


def run(command: list[str]) -> None:
    """Run a tool of the host.

    :raises CommandFailed: with what it said.
    """
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True,
                       capture_output=True, text=True)
    except FileNotFoundError as error:
        raise failure.CommandFailed(
            f'{command[0]} is missing; install it, or do by hand: '
            f'{" ".join(command)}') from error
    except subprocess.CalledProcessError as error:
        said = ' '.join((error.stderr or error.stdout).split())
        raise failure.CommandFailed(
            f'"{" ".join(command)}" failed: {said}') from error
