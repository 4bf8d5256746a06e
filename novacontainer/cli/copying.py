"""The verb that copies files between a container and this host.

Put together by ``cli.app``; calls ``cli.treewrite``, ``cli.treeread``,
``cli.archives`` and the client's files.

What goes where follows Docker's rules (docker cp): a directory that exists
takes the source in, a source that ends in ``/.`` gives only what is in it,
and the last part of a path that does not exist is the new name.
"""

import argparse
import dataclasses
import os
import pathlib
import posixpath
import typing

from novacontainer.cli import archives
from novacontainer.cli import failure
from novacontainer.cli import pieces
from novacontainer.cli import progress
from novacontainer.cli import treeread
from novacontainer.cli import treewrite
from novacontainer.cli import verb
from novacontainer.client import exceptions

_MAX_LINKS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """One end of a copy.

    :param container: name or id; '' for this host.
    """

    container: str
    path: str


def place(word: str) -> Place:
    """Read ``CONTAINER:PATH`` or a path of this host.

    A path with a colon begins with ``/`` or ``.``, as in Docker.
    """
    name, colon, path = word.partition(':')
    if word == '-' or not colon or word.startswith(('/', '.')):
        return Place('', word)
    if not path:
        raise argparse.ArgumentTypeError(
            f'{word!r} names no path: write {name}:/some/path')
    return Place(verb.container_name(name), posixpath.join('/', path))


def contents_only(path: str) -> bool:
    """Tell whether only what is in a directory is meant."""
    return path.endswith('/.') or path in ('.', '/')


def target(path: str, source: str, *, is_directory: bool,
           kind: typing.Literal['directory', 'file', None],
           ) -> tuple[str, str]:
    """Decide where the source goes.

    :param source: its path.
    :param is_directory: whether it is one.
    :param kind: what is at the target; None: nothing.
    :returns: a directory, and the name in it; '' for what is in the source.
    :raises CommandFailed: when one cannot become the other.
    """
    if kind == 'directory':
        if contents_only(source):
            return path, ''
        return path, posixpath.basename(source.rstrip('/'))
    if kind == 'file':
        if is_directory:
            raise failure.CommandFailed(
                f'A directory cannot be copied onto the file {path}.')
        if path.endswith(('/', '/.')):
            raise failure.CommandFailed(f'{path} is not a directory.')
    elif path.endswith(('/', '/.')) and not is_directory:
        raise failure.CommandFailed(
            f'There is no directory {path}: make it first, or leave the '
            'slash out to copy to a file of that name.')
    folder, name = posixpath.split(path.removesuffix('/.').rstrip('/'))
    return folder or ('/' if path.startswith('/') else '.'), name


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-a', '--archive', action='store_true',
                        help='keep users and groups, by number')
    parser.add_argument('-L', '--follow-link', action='store_true',
                        help='copy what SOURCE points at')
    parser.add_argument('-q', '--quiet', action='store_true',
                        help='no progress bar')
    parser.add_argument('source', metavar='SOURCE', type=place,
                        help='CONTAINER:PATH, a path, or - for a tar on '
                             'standard input')
    parser.add_argument('target', metavar='TARGET', type=place,
                        help='CONTAINER:PATH, a path, or - for a tar on '
                             'standard output')


def _cp(context: verb.Context, given: argparse.Namespace) -> int:
    if given.source.container and given.target.container:
        raise failure.CommandFailed(
            'Files cannot be copied from one container to another at once: '
            'copy them here first, or pipe "cp SOURCE -" into "cp - '
            'TARGET".')
    if given.source.container:
        return _copy_from(context, given)
    if given.target.container:
        _copy_to(context, given)
        return 0
    raise failure.CommandFailed(
        'Neither SOURCE nor TARGET names a container: write one as '
        'CONTAINER:PATH.')


def _copy_from(context: verb.Context, given: argparse.Namespace) -> int:
    name, path = given.source.container, given.source.path
    files = context.client.files
    found = files.stat(name, path)
    base = posixpath.basename(path.rstrip('/'))
    if found.is_link and given.follow_link:
        path = found.link_target
        found = files.stat(name, path)
    if given.target.path == '-':
        archives.deliver(context, None, name,
                         lambda: files.read(name, path))
        return 0
    if path.endswith('/') and not found.is_directory:
        raise failure.CommandFailed(f'{path} is not a directory in {name}.')
    # What the person called it, not what a link points at.
    source = given.source.path if contents_only(
        given.source.path) else base
    folder, top = _local_target(
        given.target.path, source, is_directory=found.is_directory)
    extraction = treeread.Extraction(folder, top, owners=given.archive)
    with files.read(name, path) as download:
        shown = progress.Progress(context.console, download, base or name,
                                  quiet=given.quiet)
        with shown.shown():
            extraction.run(shown)
    for one in extraction.left_out:
        context.console.complain(f'{one} is a device and was left out.')
    return failure.FAILED if extraction.left_out else 0


def _local_target(path: str, source: str, *,
                  is_directory: bool) -> tuple[pathlib.Path, str]:
    """As :func:`target`, for a path of this host."""
    if os.path.islink(path):
        path = os.path.realpath(path)
    kind: typing.Literal['directory', 'file', None] = None
    if os.path.isdir(path):
        kind = 'directory'
    elif os.path.lexists(path.removesuffix('/.').rstrip('/') or '/'):
        kind = 'file'
    folder, top = target(path, source, is_directory=is_directory, kind=kind)
    if not os.path.isdir(folder):
        raise failure.CommandFailed(
            f'There is no directory {folder}: make it first.')
    return pathlib.Path(folder), top


def _copy_to(context: verb.Context, given: argparse.Namespace) -> None:
    name = given.target.container
    if given.source.path == '-':
        with archives.sent(context, '-') as stream:
            context.client.files.write(name, given.target.path, stream)
        return
    source = pathlib.Path(given.source.path)
    follow = given.follow_link or given.source.path.endswith(('/', '/.'))
    try:
        is_directory = source.is_dir() and (
            follow or not source.is_symlink())
        source.stat() if follow else source.lstat()
    except OSError as error:
        raise failure.CommandFailed(
            f'{given.source.path} cannot be read: {error.strerror}.'
            ) from error
    if given.source.path.endswith('/') and not is_directory:
        raise failure.CommandFailed(
            f'{given.source.path} is not a directory.')
    called = given.source.path
    if not contents_only(called):
        called = os.path.abspath(called)
    folder, top = _remote_target(
        context, name, given.target.path, called, is_directory=is_directory)
    tree = treewrite.Tree(source, top, follow=follow, owners=given.archive)
    shown = progress.Progress(
        context.console, pieces.Pieces(tree), source.name or name,
        quiet=given.quiet)
    try:
        with shown.shown():
            context.client.files.write(name, folder, shown)
    except exceptions.SourceFailed as error:
        raise failure.CommandFailed(
            f'The copy broke off: {failure.reason(error)}.') from error


def _remote_target(context: verb.Context, name: str, path: str, source: str,
                   *, is_directory: bool) -> tuple[str, str]:
    """As :func:`target`, for a path of a container."""
    kind: typing.Literal['directory', 'file', None] = None
    for _ in range(_MAX_LINKS):
        try:
            found = context.client.files.stat(name, path)
        except exceptions.NotFound as error:
            if error.code == 'container.not_found':
                raise
            break
        if not found.is_link:
            kind = 'directory' if found.is_directory else 'file'
            break
        path = found.link_target
    return target(path, source, is_directory=is_directory, kind=kind)


VERBS = (
    verb.Verb('cp', 'Copy files between a container and this host',
              _arguments, _cp, examples=(
                  ('novacontainer cp web:/etc/nginx .',
                   'the directory, into this one'),
                  ('novacontainer cp conf/. web:/etc/nginx',
                   'what is in a directory, into one of the container'),
                  ('novacontainer cp web:/var/log - | tar tv',
                   'as a tar; "-" as source takes one'))),
)
