"""The command line as a whole: one parser, one way to fail.

Called by ``novacontainer.cmd.cli``.  Calls the modules of the verbs.
"""

import argparse
from collections.abc import Sequence
import os
import typing

from novacontainer.cli import alterations
from novacontainer.cli import archives
from novacontainer.cli import arrivals
from novacontainer.cli import attach
from novacontainer.cli import completion
from novacontainer.cli import console as cli_console
from novacontainer.cli import containers
from novacontainer.cli import copying
from novacontainer.cli import differences
from novacontainer.cli.doctor import verdict
from novacontainer.cli import execs
from novacontainer.cli import failure
from novacontainer.cli import housekeeping
from novacontainer.cli import images
from novacontainer.cli import inspection
from novacontainer.cli import logs
from novacontainer.cli import misuse
from novacontainer.cli import networks
from novacontainer.cli import ports
from novacontainer.cli import processes
from novacontainer.cli import run
from novacontainer.cli.setup import installer
from novacontainer.cli import stats
from novacontainer.cli import system
from novacontainer.cli import trees
from novacontainer.cli import uploads
from novacontainer.cli import verb
from novacontainer.cli import volumes
from novacontainer.cli import web
from novacontainer import client as api
from novacontainer.client import exceptions

DEFAULT_SOCKET = '/run/novacontainer/novacontainerd.sock'

#: Longest silence of a call that does not follow anything.
_TIMEOUT_S = 120.0

VERBS: tuple[verb.Verb, ...] = (
    *run.VERBS, *execs.VERBS, *attach.VERBS, *containers.VERBS,
    *alterations.VERBS, *logs.VERBS, *processes.VERBS, *stats.VERBS,
    *ports.VERBS, *differences.VERBS, *copying.VERBS, *trees.VERBS,
    *images.VERBS, *archives.VERBS, *arrivals.VERBS, *uploads.VERBS,
    *networks.VERBS, *volumes.VERBS, *inspection.VERBS, *housekeeping.VERBS,
    *system.VERBS, *web.VERBS, *verdict.VERBS,
    *installer.verbs(lambda: _parsers()[1]),
    *completion.verbs(lambda: _parsers()[1]))


def parser() -> argparse.ArgumentParser:
    """Make the parser of all verbs."""
    return _parsers()[0]


def help_texts() -> dict[str, str]:
    """Return what ``--help`` says of each verb; the manual is made of it."""
    return {name: below.format_help()
            for name, below in _parsers()[1].items()}


def _parsers() -> tuple[misuse.Parser, dict[str, argparse.ArgumentParser]]:
    """Make the whole parser, and those of the verbs below it."""
    top = misuse.Parser(
        prog='novacontainer', allow_abbrev=False,
        description='Containers, images and the host of novacontainerd.')
    top.add_argument(
        '--socket', metavar='PATH',
        default=os.environ.get('NOVACONTAINER_HOST') or DEFAULT_SOCKET,
        help="the daemon's unix socket; $NOVACONTAINER_HOST or "
             f'{DEFAULT_SOCKET} when not given')
    verbs = top.add_subparsers(metavar='VERB', required=True)
    groups: dict[str, typing.Any] = {}
    parsers: dict[str, argparse.ArgumentParser] = {}
    for one in VERBS:
        group, space, name = one.name.rpartition(' ')
        place: typing.Any = verbs
        if space:
            if group not in groups:
                groups[group] = verbs.add_parser(
                    group, help=f'Verbs of two words, such as "{one.name}"',
                ).add_subparsers(metavar='VERB', required=True)
            place = groups[group]
        below = place.add_parser(
            name, help=one.summary, description=one.summary + '.',
            epilog=one.epilog(), allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        one.arguments(below)
        below.set_defaults(verb=one, refuse=below.error)
        parsers[one.name] = below
    return top, parsers


def main(words: Sequence[str], console: cli_console.Console) -> int:
    """Do what the words say.

    :returns: exit code: 0, 1 for failures, 125 to 127 for those of ``run``,
        130 when interrupted, 141 when nobody reads the output any more;
        ``run`` in the foreground: the container's.
    """
    try:
        exit_code = _work(words, console)
        console.output.flush()
    except KeyboardInterrupt:
        return failure.INTERRUPTED
    except BrokenPipeError:
        return failure.BROKEN_PIPE
    return exit_code


def _work(words: Sequence[str], console: cli_console.Console) -> int:
    try:
        given, rest = parser().parse_known_args(words)
        if rest:
            given.refuse(f'unrecognized arguments: {" ".join(rest)}')
    except misuse.Misused as error:
        console.complain(str(error))
        return _misuse_code(words)
    chosen: verb.Verb = given.verb
    socket_path = os.path.abspath(given.socket.removeprefix('unix://'))
    context = verb.Context(
        api.Client(socket_path, _TIMEOUT_S), console, socket_path)
    try:
        return chosen.run(context, given)
    except failure.CommandFailed as error:
        console.complain(error.message)
        return (chosen.exit_code if error.exit_code is None
                else error.exit_code)
    except exceptions.ClientError as error:
        console.complain(error.message)
        return chosen.exit_code


def _misuse_code(words: Sequence[str]) -> int:
    """A mistyped ``run`` must not look like the container's own failure."""
    verbs = {one.name: one.exit_code for one in VERBS}
    for word in words:
        if word in verbs:
            return verbs[word]
    return failure.FAILED
