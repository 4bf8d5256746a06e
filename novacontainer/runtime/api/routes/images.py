"""``/images/…``: load, save, list, inspect, history, tag, remove.

Called by: ``api.app``'s table.  Calls: the image service, ``api.transfers``,
``api.importing``.
"""

from collections.abc import Callable
from collections.abc import Sequence
import http

from aiohttp import web

from novacontainer.runtime.api import answers
from novacontainer.runtime.api import importing
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import query
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.api import transfers
from novacontainer.runtime.api import version
from novacontainer.runtime.api.views import images as view
from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import platforms

FILTERS = frozenset(
    {'before', 'dangling', 'label', 'reference', 'since', 'until'}
)

#: Sentences of a load that are kept for its answer.
REPORTS_MAX = 1000


class ImageRoutes:
    """Handlers about images."""

    def __init__(
        self, services: api_services.Services, pools: api_pools.Pools
    ) -> None:
        self._services = services
        self._images = services.images
        self._pools = pools

    async def load(self, request: web.Request) -> web.StreamResponse:
        """Load an archive (``ImageLoad``), streamed.

        ``reference`` is our extension: the archive must hold one image,
        which gets this name in place of its own.

        The answer begins when the load has ended, so that a bad archive gets
        a status of its own instead of an error behind a 200.  ``file`` is an
        extension, too: see ``api.importing``.
        """
        reports: list[str] = []

        def progress(sentence: str) -> None:
            if len(reports) < REPORTS_MAX:
                reports.append(sentence)

        reference = query.text(request, 'reference')
        path = query.text(request, 'file')
        if path is not None:
            # Not in the pool of short look-ups: a file server may hang.
            archive = await self._pools.bulk(
                self._images.open_file,
                path,
                query.text(request, 'checksum') or '',
            )
            return await importing.follow(
                request,
                archive,
                self._pools.bulk(
                    self._load_file, archive, reference, progress
                ),
                reports,
            )
        try:
            await transfers.receive(
                request,
                self._pools,
                lambda upload: self._images.load(
                    upload, reference=reference, progress=progress
                ),
            )
        except exception.InvalidRequest as fault:
            return await _refuse(request, fault)
        return await _report(request, reports)

    def _load_file(
        self,
        archive: api_services.Archive,
        reference: str | None,
        progress: Callable[[str], None],
    ) -> None:
        try:
            self._images.load(
                archive,
                reference=reference,
                progress=progress,
                verify=archive.verify,
            )
        finally:
            archive.close()

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Send one image as an archive (``ImageGet``)."""
        return await self._send(request, [_name(request)])

    async def save_many(self, request: web.Request) -> web.StreamResponse:
        """Send several images in one archive (``ImageGetAll``)."""
        names = [
            query.clean('names', name)
            for given in request.query.getall('names', [])
            for name in given.split(',')
            if name
        ]
        if not names:
            raise exception.InvalidRequest(
                'No image is named: give at least one in ?names=.'
            )
        return await self._send(request, names)

    async def list(self, request: web.Request) -> web.Response:
        """List images (``ImageList``); there are no intermediate ones."""
        filters = dict(query.filters(request, FILTERS))
        spoken = version.of(request)
        name = query.text(request, 'filter')
        if name is not None and spoken < (1, 41):
            # What the filter "reference" was before there were filters.
            filters['reference'] = (*filters.get('reference', ()), name)
        shown = await self._pools.read(
            self._list, filters, spoken < (1, 43)
        )
        return answers.whole(shown)

    def _list(
        self, filters: query.Filters, name_nameless: bool
    ) -> Sequence[models.Json]:
        return [
            view.summary(image, name_nameless=name_nameless)
            for image in self._images.list(filters=filters)
        ]

    async def inspect(self, request: web.Request) -> web.Response:
        """Show one image (``ImageInspect``)."""
        shown = await self._pools.read(self._inspect, _name(request))
        return answers.whole(shown)

    def _inspect(self, name: str) -> models.Json:
        image = self._images.get(name)
        return view.inspect(
            image,
            self._services.info.storage,
            self._images.layer_paths(image),
        )

    async def history(self, request: web.Request) -> web.Response:
        """Show how an image was built (``ImageHistory``)."""
        image = await self._pools.read(self._images.get, _name(request))
        return answers.whole(view.history(image))

    async def tag(self, request: web.Request) -> web.Response:
        """Give an image one more name (``ImageTag``)."""
        repo = query.text(request, 'repo')
        if repo is None:
            raise exception.InvalidRequest(
                'No new name is given: say ?repo= and, optionally, ?tag=.'
            )
        tag = query.text(request, 'tag') or ''
        await self._pools.change(
            self._images.tag, _name(request), repo, tag
        )
        return web.Response(status=201)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a name and, with its last name, the image."""
        removed = await self._pools.change(
            self._images.remove,
            _name(request),
            force=query.flag(request, 'force'),
            noprune=query.flag(request, 'noprune'),
        )
        return answers.whole(list(removed))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Import a root filesystem (``ImageCreate``); refuse to pull.

        What is here already need not be pulled: clients that pull before
        they use an image can go on.
        """
        source = query.text(request, 'fromSrc')
        if source != '-':
            name = _wanted(request)
            if not name or not await self._pools.read(
                self._is_here, name, query.text(request, 'platform')
            ):
                raise exception.NotSupported(
                    'novacontainerd fetches nothing itself. Load an archive '
                    'with "docker load", import a file with "docker import '
                    '-", or boot from an image in Glance and Nova will load '
                    'it.',
                    code='image.pull_not_supported',
                )
            return await _tell(
                request,
                'Status: Image is here already, and was not asked for '
                f'elsewhere: {name.removeprefix("docker.io/library/")}',
            )
        repo, tag = query.text(request, 'repo'), query.text(request, 'tag')
        message = query.text(request, 'message') or ''
        changes = query.instructions(request)
        image = await transfers.receive(
            request,
            self._pools,
            lambda upload: self._images.import_root(
                upload,
                reference=f'{repo}:{tag}' if repo and tag else repo,
                message=message,
                changes=changes,
            ),
        )
        return await _tell(request, image.id)

    def _is_here(self, name: str, platform: str | None) -> bool:
        if platform:
            platforms.split(platform)
        try:
            image = self._images.get(name)
            if platform:
                platforms.check(platform, image, name)
        except exception.NotFound:
            return False
        return True

    async def _send(
        self, request: web.Request, names: Sequence[str]
    ) -> web.StreamResponse:
        """Stream an archive; the status waits for its first bytes."""
        return await transfers.send(
            request,
            self._pools,
            lambda download: self._images.save(names, download),
            {'Content-Type': 'application/x-tar'},
        )


def _name(request: web.Request) -> str:
    return query.clean('name', request.match_info['name'])


def _wanted(request: web.Request) -> str:
    """Return the name of the image that is to be pulled, '' for none."""
    name = query.text(request, 'fromImage') or ''
    tag = query.text(request, 'tag')
    if not name or not tag:
        return name
    return f'{name}@{tag}' if ':' in tag else f'{name}:{tag}'


async def _tell(request: web.Request, status: str) -> web.StreamResponse:
    """Answer with one sentence about progress, chunked."""
    response = answers.stream()
    await response.prepare(request)
    await response.write(answers.line({'status': status}))
    await response.write_eof()
    return response


async def _refuse(
    request: web.Request, fault: exception.InvalidRequest
) -> web.StreamResponse:
    """Refuse an archive so that the SDK raises its ``ImageLoadError``.

    It reads chunks whatever the status is, and looks for this member.
    """
    response = answers.stream(http.HTTPStatus.BAD_REQUEST)
    await response.prepare(request)
    await response.write(answers.line({
        'message': fault.message,
        'code': fault.code,
        'errorDetail': {'message': fault.message},
        'error': fault.message,
    }))
    await response.write_eof()
    return response


async def _report(
    request: web.Request, reports: Sequence[str]
) -> web.StreamResponse:
    """Answer a load: one JSON object a sentence, chunked.

    The SDK takes an answer that is not chunked for an error.
    """
    response = answers.stream()
    await response.prepare(request)
    for sentence in reports:
        await response.write(answers.line({'stream': sentence + '\n'}))
    await response.write_eof()
    return response
