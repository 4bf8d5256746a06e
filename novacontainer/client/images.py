"""Images of the runtime: ``/images`` of the Docker Engine API.

Called by the driver and the CLI through :class:`novacontainer.client.Client`;
calls transport.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from novacontainer.client import exceptions
from novacontainer.client import transport


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image, as ``GET /images/{name}/json`` describes it.

    :param id: ``sha256:…`` of its config.
    :param references: ``repository:tag`` names.
    :param command: entrypoint and command, joined; empty when it has none.
    :param size_bytes: of the unpacked files.
    """

    id: str
    references: tuple[str, ...]
    command: tuple[str, ...]
    size_bytes: int


def _image(document: transport.Json) -> Image:
    config = document.get('Config') or {}
    return Image(
        id=document['Id'],
        references=tuple(document.get('RepoTags') or ()),
        command=(*(config.get('Entrypoint') or ()),
                 *(config.get('Cmd') or ())),
        size_bytes=document.get('Size') or 0)


def _load_failure(report: transport.Json) -> exceptions.ClientError:
    """The exception for an error that a load reports inside its stream.

    The status line was sent before the error was known, so a status stands
    beside the message, where the runtime knows one; a bad image is the
    likeliest cause when it does not.
    """
    detail = report.get('errorDetail') or {}
    status = detail.get('code')
    if not isinstance(status, int) or not 400 <= status <= 599:
        status = 400
    return exceptions.from_status(
        status, str(detail.get('message') or report['error']),
        str(report.get('code') or ''))


def _loaded(download: transport.Download) -> tuple[str, ...]:
    """The names in the reports of a load, which end with the load."""
    loaded = []
    for report in download.objects():
        if report.get('error'):
            raise _load_failure(report)
        words = str(report.get('stream') or '')
        head, colon, name = words.partition(': ')
        if colon and head.startswith('Loaded image'):
            loaded.append(name.strip())
    return tuple(loaded)


class Images:
    """The images of one runtime.

    Every method raises :class:`~novacontainer.client.exceptions.ClientError`
    subclasses by status; ``NotFound`` where an image is named that is not
    there.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def load(self, chunks: Iterable[bytes], reference: str | None = None,
             timeout_s: float | None = None) -> tuple[str, ...]:
        """Send an image archive as it is read; nothing is buffered.

        :param chunks: bytes of a ``docker save`` or OCI archive, or of a
            plain root-filesystem tarball.  An OSError that it raises becomes
            SourceFailed, any other exception passes through unchanged.
        :param reference: name that the one image inside gets instead of
            those that the archive claims (an extension of this runtime).
        :param timeout_s: longest silence.
        :returns: names, or ids of nameless images, that were loaded.
        :raises InvalidRequest: when the archive is not an image.
        """
        with self._transport.stream(
                'POST', '/images/load', params={'reference': reference},
                chunks=chunks, timeout_s=timeout_s) as download:
            return _loaded(download)

    def load_file(self, path: str, checksum: str, reference: str,
                  timeout_s: float | None = None) -> tuple[str, ...]:
        """Have an archive loaded that lies on the runtime's host.

        An extension of this runtime; its operator names the directories.

        :param checksum: ``algorithm:digits`` of the whole file.
        :param reference: as in :meth:`load`.
        :param timeout_s: longest silence; it tells at times how far it is.
        :returns: as :meth:`load`.
        :raises Forbidden: images are not imported from there.
        :raises NotFound: there is no such file.
        :raises Conflict: the file's checksum is another one.
        :raises InvalidRequest: the archive is not an image.
        """
        with self._transport.stream(
                'POST', '/images/load', params={
                    'reference': reference, 'file': path,
                    'checksum': checksum}, timeout_s=timeout_s) as download:
            return _loaded(download)

    def import_root(self, chunks: Iterable[bytes], repository: str,
                    tag: str, *, message: str | None = None,
                    changes: Sequence[str] = ()) -> str:
        """Make an image of one layer of a root file system.

        :param chunks: bytes of a tarball; as in :meth:`load`.
        :param repository: '' leaves the image without a name.
        :param changes: Dockerfile instructions, such as ``CMD ["/sh"]``.
        :returns: the new image's id.
        """
        ident = ''
        with self._transport.stream(
                'POST', '/images/create', chunks=chunks,
                params={'fromSrc': '-', 'repo': repository or None,
                        'tag': tag or None, 'message': message,
                        'changes': '\n'.join(changes) or None},
                timeout_s=transport.FOREVER_S) as download:
            for report in download.objects():
                if report.get('error'):
                    raise _load_failure(report)
                ident = str(report.get('status') or ident)
        return ident

    def save(self, name: str, timeout_s: float | None = None,
             ) -> transport.Download:
        """Open the image as a tar that any Docker, and Glance, takes.

        :returns: the archive, to be read and closed.
        """
        return self._transport.stream(
            'GET', f'/images/{name}/get', timeout_s=timeout_s)

    def save_all(self, names: Sequence[str], timeout_s: float | None = None,
                 ) -> transport.Download:
        """Open several images as one tar; layers that they share lie in it
        once.

        :returns: the archive, to be read and closed.
        """
        return self._transport.stream(
            'GET', '/images/get', params={'names': ','.join(names)},
            timeout_s=timeout_s)

    def document(self, name: str) -> transport.Json:
        """Look an image up and return all that the runtime says."""
        document: transport.Json = self._transport.json(
            'GET', f'/images/{name}/json')
        return document

    def documents(self, filters: Mapping[str, Sequence[str]] | None = None,
                  ) -> tuple[transport.Json, ...]:
        """As :meth:`list`, with all that the runtime says of each."""
        return tuple(self._transport.json(
            'GET', '/images/json', params=transport.filter_params(filters)))

    def history(self, name: str) -> tuple[transport.Json, ...]:
        """How an image was built, newest step first."""
        return tuple(self._transport.json('GET', f'/images/{name}/history'))

    def get(self, name: str) -> Image:
        """Look an image up by id or reference."""
        return _image(self._transport.json('GET', f'/images/{name}/json'))

    def list(self, filters: Mapping[str, Sequence[str]] | None = None,
             ) -> tuple[Image, ...]:
        """All images, or those that the Docker filters let through.

        The list does not say the images' commands.
        """
        documents = self._transport.json(
            'GET', '/images/json', params=transport.filter_params(filters))
        return tuple(map(_image, documents))

    def tag(self, name: str, repository: str, tag: str) -> None:
        """Give an image one more name, taking it from its holder."""
        self._transport.call('POST', f'/images/{name}/tag',
                             params={'repo': repository, 'tag': tag})

    def remove(self, name: str, force: bool = False,
               ) -> tuple[transport.Json, ...]:
        """Remove a name and, with its last name, the image.

        :returns: what was done: ``{'Untagged': name}``, ``{'Deleted': id}``.
        :raises Conflict: while a container uses it.
        """
        return tuple(self._transport.json(
            'DELETE', f'/images/{name}', params={'force': force}))
