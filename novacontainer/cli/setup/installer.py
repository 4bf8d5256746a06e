"""The verb: put what the package brings where the host looks for it.

Put together by ``cli.app``; calls the other modules of this package, and
systemd's tools where systemd runs.
"""

import argparse
from collections.abc import Callable
import os
import pathlib

from novacontainer.cli import failure
from novacontainer.cli.setup import account
from novacontainer.cli.setup import hostfile
from novacontainer.cli.setup import plan
from novacontainer.cli import verb

Parsers = Callable[[], dict[str, argparse.ArgumentParser]]

UNITS = ('novacontainerd.socket', 'novacontainerd.service')

#: There where systemd is the init (sd_booted(3)).
_BOOTED = pathlib.Path('/run/systemd/system')
#: Containers have theirs below it, unless [engine] cgroup_parent says
#: another; its hierarchies are the places to look in.
_CGROUP = 'novacontainer'
_CGROUPS = pathlib.Path('/sys/fs/cgroup')
_TMPFILES = '/etc/tmpfiles.d/novacontainer.conf'


class Installer:
    """The verb, bound to what it cannot import.

    :param parsers: makes the parsers of all verbs.
    """

    def __init__(self, parsers: Parsers) -> None:
        self._parsers = parsers

    def run(self, context: verb.Context, given: argparse.Namespace) -> int:
        """Install, or remove.

        :raises CommandFailed: says what is in the way; nothing was changed
            then, unless a disk failed.
        """
        root = pathlib.Path(given.root)
        live = root == pathlib.Path('/')
        if live and os.geteuid() != 0:
            raise failure.CommandFailed(
                'Be root: this writes below /etc and makes a group.')
        files = tuple(plan.files(root, {
            name: one.format_help()
            for name, one in self._parsers().items()}))
        for one in files:
            one.check(root)
        try:
            if given.remove:
                _remove(context, files, root, live)
            else:
                _install(context, files, root, live)
        except OSError as error:
            raise failure.CommandFailed(
                f'Not all was done: {failure.reason(error)}. Run it again '
                'when that is mended.') from error
        return 0


def _install(context: verb.Context, files: tuple[hostfile.HostFile, ...],
             root: pathlib.Path, live: bool) -> None:
    for one in files:
        if one.write(root):
            context.console.say(f'wrote {root / one.path}')
    if not live:
        context.console.say('In that root, make the group novacontainer and '
                            'put the user of nova-compute into it.')
        return
    for line in account.prepare():
        context.console.say(line)
    if _BOOTED.is_dir():
        account.run(['systemd-tmpfiles', '--create', _TMPFILES])
        account.run(['systemctl', 'daemon-reload'])
        context.console.say('Next: systemctl enable --now '
                            + ' '.join(UNITS))


def _remove(context: verb.Context, files: tuple[hostfile.HostFile, ...],
            root: pathlib.Path, live: bool) -> None:
    booted = live and _BOOTED.is_dir()
    if booted and (root / 'etc/systemd/system' / UNITS[0]).exists():
        account.run(['systemctl', 'disable', '--now', *UNITS])
    for one in files:
        if one.remove(root):
            context.console.say(f'removed {root / one.path}')
    if booted:
        account.run(['systemctl', 'daemon-reload'])
    if live:
        remove_cgroups()
    context.console.say(
        'Left alone: containers that run, /var/lib/novacontainer, '
        '/etc/novacontainer/novacontainerd.conf and the group.')


def remove_cgroups() -> None:
    """Take away the control groups that containers have left empty."""
    for tree in (_CGROUPS, *_CGROUPS.glob('*/')):
        for place, _, _ in os.walk(tree / _CGROUP, topdown=False):
            try:
                os.rmdir(place)
            except OSError:
                # Containers run in it.
                break


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--root', default='/', metavar='DIRECTORY', type=_directory,
        help='the root file system of an image, instead of this host')
    parser.add_argument(
        '--remove', action='store_true',
        help='stop the daemon and take away what was written')


def _directory(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f'there is no directory {text}')
    return os.path.abspath(text)


def verbs(parsers: Parsers) -> tuple[verb.Verb, ...]:
    """Make the verb.

    :param parsers: makes the parsers of all verbs.
    """
    return (verb.Verb(
        'setup', 'Put unit files, rootwrap filters, samples and manual pages '
        'where this host looks for them', _arguments, Installer(parsers).run,
        examples=(
            ('novacontainer setup', 'on this host; again after each upgrade'),
            ('novacontainer setup --remove', 'before "pip uninstall"'))),)
