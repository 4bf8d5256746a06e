"""The verb that joins a container that runs.

Put together by ``cli.app``; calls ``cli.foreground`` and the client's
containers.
"""

import argparse

from novacontainer.cli import detachkeys
from novacontainer.cli import failure
from novacontainer.cli import foreground
from novacontainer.cli import session
from novacontainer.cli import verb
from novacontainer.client import transport

#: Member of the container's state → why it cannot be joined now.
_REASONS = (
    ('Paused', 'is paused: "novacontainer unpause" it first.'),
    ('Restarting', 'is about to start again: try again when it runs.'),
)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--no-stdin', action='store_true',
                        help='only show what it writes')
    parser.add_argument('--no-sig-proxy', action='store_true',
                        help='do not pass signals on to it')
    detachkeys.add_argument(parser)
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)


def _attach(context: verb.Context, given: argparse.Namespace) -> int:
    document = context.client.containers.document(given.name)
    _check(given.name, document.get('State') or {})
    wanted = wishes(document, stdin=not given.no_stdin,
                    detach_keys=given.detach_keys)
    session.check(context.console, wanted)
    return foreground.join(
        context, document['Id'], wanted, condition='not-running',
        pass_signals=not given.no_sig_proxy)


def _check(name: str, state: transport.Json) -> None:
    """Refuse a container whose process cannot be joined."""
    for member, reason in _REASONS:
        if state.get(member):
            raise failure.CommandFailed(f'The container {name} {reason}')
    if not state.get('Running'):
        raise failure.CommandFailed(
            f'The container {name} does not run: start it first, or look at '
            'what it wrote with "novacontainer logs".')


def wishes(document: transport.Json, *, stdin: bool,
           detach_keys: str) -> session.Wishes:
    """Make of a container's inspection how it can be joined.

    :param stdin: whether input is to be passed on where it takes any.
    """
    config = document.get('Config') or {}
    return session.Wishes(
        stdin=stdin and bool(config.get('OpenStdin')),
        tty=bool(config.get('Tty')),
        ends_input=bool(config.get('StdinOnce')),
        detach_keys=detach_keys)


VERBS = (
    verb.Verb(
        'attach', "Join a running container's input and output",
        _arguments, _attach, examples=(
            ('novacontainer attach web',
             'see what it writes, and type to it if it takes input'),
            ('novacontainer attach --no-stdin web',
             'only look; ctrl-c still reaches it'),
            ('novacontainer attach --no-stdin --no-sig-proxy web',
             'only look; ctrl-c ends the looking'))),
)
