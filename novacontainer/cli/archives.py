"""Verbs that move archives: load and save.

Put together by ``cli.app``; calls the client's images and ``cli.progress``.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import os
import pathlib
import typing

from novacontainer.cli import failure
from novacontainer.cli import progress
from novacontainer.cli import verb
from novacontainer.client import exceptions
from novacontainer.client import transport


@contextlib.contextmanager
def opened(context: verb.Context, name: str) -> Iterator[progress.Progress]:
    """Open an archive for reading, with a progress bar; ``-`` is stdin.

    :raises CommandFailed: when it cannot be opened, or is not given.
    """
    console = context.console
    if name == '-':
        if console.source.isatty():
            raise failure.CommandFailed(
                'Nothing is piped in: name a file, or pipe an archive into '
                'this command.')
        with progress.Progress(console, console.source, 'stdin').shown() as \
                source:
            yield source
        return
    path = pathlib.Path(name)
    try:
        file = path.open('rb')
        size_bytes = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise failure.CommandFailed(
            f'The file {name} cannot be read: {error.strerror}.') from error
    with file, progress.Progress(
            console, file, path.name, size_bytes).shown() as source:
        yield source


def load(context: verb.Context, name: str,
         reference: str | None) -> Sequence[str]:
    """Load an archive into the runtime.

    :returns: names, or ids of nameless images.
    """
    with sent(context, name) as source:
        return context.client.images.load(
            source, reference, transport.FOREVER_S)


@contextlib.contextmanager
def sent(context: verb.Context, name: str) -> Iterator[progress.Progress]:
    """As :func:`opened`, for bytes that the client sends meanwhile."""
    with opened(context, name) as source, readable(name):
        yield source


@contextlib.contextmanager
def readable(name: str) -> Iterator[None]:
    """Say of what the client sends why it cannot be read to its end."""
    try:
        yield
    except exceptions.SourceFailed as error:
        raise failure.CommandFailed(
            f'{name} cannot be read: {failure.reason(error)}.') from error


def _load_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-i', '--input', default='-', metavar='FILE',
                        help='standard input when not given')
    parser.add_argument('-q', '--quiet', action='store_true',
                        help='names only')


def _load(context: verb.Context, given: argparse.Namespace) -> int:
    for name in load(context, given.input, None):
        context.console.say(
            name if given.quiet else f'Loaded image: {name}')
    return 0


def _save_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-o', '--output', metavar='FILE',
                        help='standard output when not given')
    parser.add_argument('names', nargs='+', metavar='IMAGE',
                        type=verb.image_name)


def _save(context: verb.Context, given: argparse.Namespace) -> int:
    deliver(context, given.output, ' '.join(given.names),
            lambda: context.client.images.save_all(
                given.names, transport.FOREVER_S))
    return 0


def deliver(context: verb.Context, output: str | None, label: str,
            opening: Callable[[], transport.Download]) -> None:
    """Write an archive of the runtime's into a file, or pass it on.

    :param output: name of the file; None or ``-``: standard output.
    :param label: what the progress bar says.
    :param opening: asks the runtime for it.
    :raises CommandFailed: when it would go to a terminal, or cannot be
        written.
    """
    passed_on = output in (None, '-')
    if passed_on and context.console.output_is_terminal():
        raise failure.CommandFailed(
            'An archive is nothing for a terminal: use -o or redirect it.')
    with opening() as download:
        source = progress.Progress(context.console, download, label)
        with source.shown():
            if output is None or passed_on:
                for chunk in source:
                    context.console.send(chunk)
            else:
                _write(pathlib.Path(output), source)


def _write(path: pathlib.Path, source: progress.Progress) -> None:
    """Write a file that is there whole or, after a fault, as it was."""
    if path.exists() and not path.is_file():
        # A pipe or a device cannot be replaced by a file.
        with _writing(path), path.open('wb') as sink:
            _copy(source, sink)
        return
    part = path.with_name(f'.{path.name}.{os.getpid()}.part')
    with contextlib.ExitStack() as undo:
        with _writing(path):
            with part.open('xb') as sink:
                undo.callback(part.unlink)
                _copy(source, sink)
            part.replace(path)
        undo.pop_all()


def _copy(source: progress.Progress, sink: typing.BinaryIO) -> None:
    for chunk in source:
        sink.write(chunk)


@contextlib.contextmanager
def _writing(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise failure.CommandFailed(
            f'{path} cannot be written: {error.strerror}.') from error


VERBS = (
    verb.Verb('load', 'Load images from an archive', _load_arguments, _load),
    verb.Verb('save', 'Write images into an archive', _save_arguments,
              _save),
)
