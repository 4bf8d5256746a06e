"""Verbs that change a container that exists: rename and update.

Put together by ``cli.app``; calls ``cli.limits`` and the client's
containers.
"""

import argparse

from novacontainer.cli import failure
from novacontainer.cli import limits
from novacontainer.cli import verb


def _rename_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('name', metavar='CONTAINER',
                        type=verb.container_name)
    parser.add_argument('new_name', metavar='NEW_NAME')


def _rename(context: verb.Context, given: argparse.Namespace) -> int:
    context.client.containers.rename(given.name, given.new_name)
    return 0


def _update_arguments(parser: argparse.ArgumentParser) -> None:
    limits.add_arguments(parser)
    verb.add_containers(parser)


def _update(context: verb.Context, given: argparse.Namespace) -> int:
    members = limits.members(given)
    if not members:
        raise failure.CommandFailed(
            'Say what is to change, such as --memory 512m; see '
            '"novacontainer update --help".')

    def update(name: str) -> None:
        answer = context.client.containers.update(name, members)
        for warning in answer.get('Warnings') or ():
            context.console.complain(f'warning: {warning}')

    return verb.each(context, given.names, update)


VERBS = (
    verb.Verb('rename', 'Give a container another name', _rename_arguments,
              _rename),
    verb.Verb('update', 'Change limits and restart policy of containers',
              _update_arguments, _update, examples=(
                  ('novacontainer update -m 512m --cpus 1.5 web',
                   'at once, while it runs'),
                  ('novacontainer update --restart always web db',
                   'started again whenever they end'))),
)
