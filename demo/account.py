"""The unprivileged user of the demo and the one thing it may do as root.

The only files that the demo makes outside of its directory: the account in
the host's user database and ``/etc/sudoers.d/novacontainer-demo``.  Called by
``installation`` and ``cleaning``.
"""

import pathlib
import pwd
import string

from demo import commands
from demo import directory as directories

SUDOERS = pathlib.Path('/etc/sudoers.d/novacontainer-demo')

_TEMPLATE = pathlib.Path(__file__).with_name('templates') / 'sudoers'


def exists() -> bool:
    """Whether the user is there."""
    try:
        pwd.getpwnam(directories.USER)
    except KeyError:
        return False
    return True


def create(directory: directories.Directory) -> None:
    """Make the user with a group of the same name."""
    log = directory.log / 'account.log'
    if not exists():
        commands.run(
            ['useradd', '--system', '--user-group', '--no-create-home',
             '--home-dir', str(directory.home),
             '--shell', '/usr/sbin/nologin', directories.USER], log)
    directory.own(directory.home)


def grant(directory: directories.Directory) -> None:
    """Let the user run nova-rootwrap, with the demo's filters only, as root.

    :raises DemoError: sudo would not accept the file; it is not installed.
    """
    text = string.Template(_TEMPLATE.read_text()).substitute(
        user=directories.USER, venv=directory.venv, etc=directory.etc)
    draft = directory.etc / 'sudoers'
    draft.write_text(text)
    draft.chmod(0o440)
    commands.run(['visudo', '--check', '--file', str(draft)],
                 directory.log / 'account.log')
    if not SUDOERS.exists() or SUDOERS.read_text() != text:
        SUDOERS.touch(mode=0o440)
        SUDOERS.write_text(text)
        SUDOERS.chmod(0o440)


def remove() -> list[str]:
    """Take both away again.

    :returns: what was removed, for the report.
    """
    removed = []
    if SUDOERS.exists():
        SUDOERS.unlink()
        removed.append(str(SUDOERS))
    if exists():
        commands.output(['userdel', directories.USER])
        removed.append(f'user and group {directories.USER}')
    return removed
