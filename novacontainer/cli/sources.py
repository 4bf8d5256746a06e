"""An archive wherever it is: a file, an URL, or standard input.

Called by ``cli.arrivals`` and ``cli.trees``; calls ``cli.archives``,
``cli.remote`` and ``cli.checksum``.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import pathlib
import re
import urllib.parse

from novacontainer.cli import archives
from novacontainer.cli import checksum
from novacontainer.cli import failure
from novacontainer.cli import progress
from novacontainer.cli import remote
from novacontainer.cli import verb

_SUFFIXES = re.compile(r'(\.(tar|tgz|txz|tzst|gz|xz|zst|bz2))+$')


def is_url(word: str) -> bool:
    """Tell an URL from a name."""
    return '://' in word


@contextlib.contextmanager
def sent(context: verb.Context, source: str,
         expected: tuple[str, str] | None = None,
         ) -> Iterator[Iterable[bytes]]:
    """Open a source for the client to send, with a progress bar.

    :param source: ``-`` is standard input.
    :param expected: algorithm and checksum.
    :raises CommandFailed: when it cannot be read to its end, or is not what
        the checksum says.
    """
    with _opened(context, source) as opened, archives.readable(source):
        yield (opened if expected is None
               else checksum.Checked(opened, *expected))


@contextlib.contextmanager
def _opened(context: verb.Context,
            source: str) -> Iterator[progress.Progress]:
    scheme, separator, rest = source.partition('://')
    if not separator or scheme.lower() == 'file':
        path = urllib.parse.unquote(rest) if separator else source
        with archives.opened(context, path) as file:
            yield file
        return
    if scheme.lower() not in ('http', 'https'):
        raise failure.CommandFailed(
            f'{source} cannot be read: only http, https and file are '
            'understood.')
    with remote.opened(source) as body:
        with progress.Progress(context.console, body, _last_part(source),
                               body.size_bytes).shown() as shown:
            yield shown


def _last_part(url: str) -> str:
    try:
        path = urllib.parse.urlsplit(url).path
    except ValueError as error:
        raise failure.CommandFailed(
            f'{url!r} is not an URL: {error}.') from error
    return pathlib.PurePosixPath(urllib.parse.unquote(path)).name


def reference(source: str) -> str:
    """Make an image's name of a source's: ``Web_1.tar.gz`` is web-1.

    :raises CommandFailed: when nothing of it can be one.
    """
    name = _last_part(source) if is_url(source) else (
        pathlib.PurePath(source).name)
    name = _SUFFIXES.sub('', name.lower())
    name = re.sub(r'[^a-z0-9]+', '-', name).strip('-')
    if not name or source == '-':
        raise failure.CommandFailed(
            'The image needs a name: say --reference.')
    return f'{name}:latest'
