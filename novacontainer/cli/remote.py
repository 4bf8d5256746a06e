"""An archive on a web server, read while it arrives.

Called by ``cli.arrivals``; calls ``cli.progress``.
"""

from collections.abc import Iterator
import contextlib
import http.client
import typing
import urllib.error
import urllib.request

from novacontainer.cli import failure

#: Longest silence of the server.
_TIMEOUT_S = 60.0


class Body:
    """The body of an answer; short of its promised length it fails.

    :ivar size_bytes: what the server promised; 0 when it did not.
    """

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self._answer = answer
        length = answer.headers.get('Content-Length') or ''
        self.size_bytes = int(length) if length.isdecimal() else 0
        self._read_bytes = 0

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes; b'' at the end.

        :raises OSError: when the connection breaks before.
        """
        try:
            data = self._answer.read(size)
        except http.client.HTTPException as error:
            raise OSError('the server broke off') from error
        self._read_bytes += len(data)
        if not data and self._read_bytes < self.size_bytes:
            raise OSError(
                f'the server broke off after {self._read_bytes} of '
                f'{self.size_bytes} bytes')
        return data


@contextlib.contextmanager
def opened(url: str) -> Iterator[Body]:
    """Ask a web server; proxies are those of the environment.

    :param url: http or https.
    :raises CommandFailed: when it has nothing there, or cannot be reached.
    """
    # Without handlers of files and FTP, to which nobody can be redirected.
    opener = urllib.request.OpenerDirector()
    for handler in (
            urllib.request.ProxyHandler, urllib.request.HTTPHandler,
            urllib.request.HTTPSHandler, urllib.request.HTTPRedirectHandler,
            urllib.request.HTTPDefaultErrorHandler,
            urllib.request.HTTPErrorProcessor):
        opener.add_handler(handler())
    try:
        answer = typing.cast(
            http.client.HTTPResponse,
            opener.open(urllib.request.Request(  # noqa: S310
                url, headers={'User-Agent': 'novacontainer'}), None,
                _TIMEOUT_S))
    except urllib.error.HTTPError as error:
        error.close()
        raise failure.CommandFailed(
            f'{url} cannot be read: the server answers {error.code} '
            f'{error.reason}.') from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = error.reason if isinstance(
            error, urllib.error.URLError) else error
        if isinstance(why, BaseException):
            why = failure.reason(why)
        raise failure.CommandFailed(
            f'{url} cannot be read: {why}.') from error
    with contextlib.closing(answer):
        yield Body(answer)
