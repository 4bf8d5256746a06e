"""The verb that serves the status page.

Put together by ``cli.app``; calls ``novacontainer.web``.
"""

import argparse
import os

from novacontainer.cli import failure
from novacontainer.cli import verb
from novacontainer import client as api
from novacontainer.web import files
from novacontainer.web import privileges
from novacontainer.web import server
from novacontainer.web import status
from novacontainer.web import visitors

PORT = 8470

#: A daemon that is silent for so long is shown as away.
_TIMEOUT_S = 15.0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a port: write a number up to 65535')
    return int(text)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--port', type=_port, default=PORT,
        help=f'{PORT} when not given; 0 takes any that is free, and the '
             'output says which')
    parser.add_argument(
        '--bind', metavar='ADDRESS', default='127.0.0.1',
        help='of the loopback interface; 127.0.0.1 when not given')
    parser.add_argument(
        '--user', default=privileges.DEFAULT_USER,
        help='whom to become when started as root; '
             f'{privileges.DEFAULT_USER} when not given')
    parser.add_argument(
        '--group', help="the only group to be in then; the socket's when "
                        'not given')


def _web(context: verb.Context, given: argparse.Namespace) -> int:
    """Listen, become nobody, and only then look at what is asked."""
    try:
        listener = server.Server(given.bind, given.port)
    except server.Refused as error:
        raise failure.CommandFailed(str(error)) from error
    with listener:
        client = api.Client(context.socket_path, _TIMEOUT_S)
        found = files.read()
        started_by = os.getuid()
        try:
            who, gid = _confine(given, context.socket_path)
        except privileges.Impossible as error:
            raise failure.CommandFailed(str(error)) from error
        listener.site = server.Site(
            found, status.Status(client),
            visitors.allowed(started_by, gid))
        context.console.say(
            f'Status page at {listener.url} as {who}; end with ctrl-c.')
        context.console.output.flush()
        listener.serve_forever()
    return 0


def _confine(given: argparse.Namespace, socket_path: str) -> tuple[str, int]:
    """Give up what the page does not need.

    :returns: who it runs as, and the group whose members may look.
    """
    if os.geteuid() == 0:
        identity = privileges.choose(given.user, given.group, socket_path)
        privileges.drop(identity)
        who = f'user {identity.user}, group {identity.group}'
        gid = identity.gid
    else:
        who = f'uid {os.getuid()}'
        gid = privileges.group_of(socket_path) or 0
    privileges.renounce()
    privileges.check(socket_path)
    return who, gid


VERBS = (
    verb.Verb(
        'web', 'Serve a status page to browsers on this host', _arguments,
        _web, examples=(
            ('novacontainer web', f'then open http://127.0.0.1:{PORT}/'),
            (f'ssh -L {PORT}:127.0.0.1:{PORT} HOST',
             'and see it from afar'))),
)
