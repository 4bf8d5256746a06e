"""A verb of the command line: what it takes and what it does.

The modules of the verbs make these; ``cli.app`` puts them into one parser.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import re

from novacontainer.cli import console as cli_console
from novacontainer.cli import failure
from novacontainer import client as api
from novacontainer.client import exceptions

_CONTAINER = re.compile(r'/?[a-zA-Z0-9][a-zA-Z0-9_.-]*')
_IMAGE = re.compile(r'[a-zA-Z0-9][a-zA-Z0-9_.:/@-]*')


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What every verb works with."""

    client: api.Client
    console: cli_console.Console
    socket_path: str


@dataclasses.dataclass(frozen=True, slots=True)
class Verb:
    """One verb.

    :param name: one or two words.
    :param summary: one line of help, a sentence without a full stop.
    :param arguments: adds its arguments to a parser.
    :param run: does the work; returns the exit code.
    :param exit_code: when the runtime refuses or cannot be reached.
    :param examples: command lines, each with what it does.
    """

    name: str
    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Context, argparse.Namespace], int]
    exit_code: int = failure.FAILED
    examples: tuple[tuple[str, str], ...] = ()

    def epilog(self) -> str | None:
        """Write the examples as the end of the help."""
        if not self.examples:
            return None
        return 'examples:\n' + '\n'.join(
            f'  {line}\n      {words}' for line, words in self.examples)


def add_containers(parser: argparse.ArgumentParser) -> None:
    """Give a verb the names of containers."""
    parser.add_argument('names', nargs='+', metavar='CONTAINER',
                        type=container_name,
                        help='name, id, or the unique beginning of an id')


def container_name(text: str) -> str:
    """Check a container's name or id, which becomes part of a path."""
    if _CONTAINER.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a container's name or id")
    return text.removeprefix('/')


def image_name(text: str) -> str:
    """Check an image's name or id, which becomes part of a path."""
    if _IMAGE.fullmatch(text) is None or '..' in text or '//' in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an image's name or id")
    return text


def split_reference(reference: str) -> tuple[str, str]:
    """Split ``repository:tag``; the tag is ``latest`` where there is none.

    A colon before the last slash is a registry's port.
    """
    head, colon, tag = reference.rpartition(':')
    if not colon or '/' in tag:
        return reference, 'latest'
    return head, tag


def filters(given: Iterable[str]) -> dict[str, list[str]]:
    """Turn ``key=value`` words into the API's filters.

    :raises CommandFailed: for a word without ``=``.
    """
    found: dict[str, list[str]] = {}
    for word in given:
        key, equals, value = word.partition('=')
        if not equals or not key:
            raise failure.CommandFailed(
                f'{word!r} is not a filter: write key=value.')
        found.setdefault(key, []).append(value)
    return found


def each(context: Context, names: Iterable[str],
         step: Callable[[str], object]) -> int:
    """Take a step for each name, and say which ones could be taken.

    A refusal does not keep the others from their turn.

    :param step: may return a list of lines to say instead of the name.
    :returns: exit code: 1 when one was refused.
    """
    exit_code = 0
    for name in names:
        try:
            done = step(name)
        except exceptions.Refused as error:
            context.console.complain(error.message)
            exit_code = failure.FAILED
        else:
            for line in done if isinstance(done, list) else (name,):
                context.console.say(line)
    return exit_code
