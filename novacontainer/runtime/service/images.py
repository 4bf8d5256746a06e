"""Images: load, look up, name, list, save, commit, remove.

Called by ``api.routes.images``, the container service and the composition
root; calls the modules ``service.image_*``, one per verb that is more than a
query.  Every method blocks and may be called by several threads at once.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import pathlib
import re
import sqlite3

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime.image import archive_read
from novacontainer.runtime.image import archive_write
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.image import reference as image_reference
from novacontainer.runtime import models
from novacontainer.runtime.service import image_catalog
from novacontainer.runtime.service import image_commit
from novacontainer.runtime.service import image_files
from novacontainer.runtime.service import image_filter
from novacontainer.runtime.service import image_import
from novacontainer.runtime.service import image_load
from novacontainer.runtime.service import image_remove
from novacontainer.runtime.service import image_repair
from novacontainer.runtime.service import image_save
from novacontainer.runtime.store import blobs as blob_store
from novacontainer.runtime.store import database as store_database
from novacontainer.runtime.store import images
from novacontainer.runtime.store import layers as layer_store
from novacontainer.runtime.unpack import unpacker as layer_unpacker

_DEFAULT_LIMITS = image_limits.Limits()
_ID = re.compile(r'(?:sha256:)?([0-9a-f]{64})')
_ID_PREFIX = re.compile(r'(?:sha256:)?([0-9a-f]{1,64})')


class ImageService:
    """The images of this host.

    :param publish: takes events: load, save, tag, untag and delete.
    :param in_use: gives the ids of the containers that use an image.
    :param limits: what one image may cost.
    :param swept: called when the files of removed images are deleted.
    :param import_directories: where :meth:`open_file` finds archives.
    """

    def __init__(self, database: store_database.Database,
                 blobs: blob_store.Blobs, layers: layer_store.Layers,
                 unpacker: layer_unpacker.Unpacker,
                 publish: Callable[[models.Event], None],
                 in_use: Callable[[str], Sequence[str]],
                 limits: image_limits.Limits = _DEFAULT_LIMITS,
                 swept: Callable[[], None] = lambda: None,
                 import_directories: Sequence[pathlib.Path] = ()) -> None:
        self._database = database
        self._layers = layers
        self._unpacker = unpacker
        self._in_use = in_use
        self._limits = limits
        self._import_directories = import_directories
        self._catalog = image_catalog.Catalog(
            database, blobs, layers, publish, swept)

    def load(self, source: archive_read.BinaryReader, *,
             reference: str | None = None,
             progress: Callable[[str], None] = lambda text: None,
             verify: Callable[[], None] = lambda: None,
             ) -> tuple[models.Image, ...]:
        """Bring in every image of an archive.

        Memory does not grow with the archive, and all of it comes in or
        nothing.

        :param source: ``docker save`` archive of either layout, OCI layout
            tar, or root filesystem tar; plain, gzip, xz, bzip2 or zstd.
        :param reference: name for the one image of the archive, whose own
            names are then ignored.
        :param progress: takes a sentence per image.
        :param verify: called when all was read and nothing is kept yet.
        :returns: the images, in the archive's order.
        :raises InvalidRequest: the archive is malformed, truncated, past a
            limit, or its digests do not match.
        :raises Unavailable: no space left.
        """
        return image_load.Loader(
            self._catalog, self._unpacker, self._limits,
        ).run(source, reference, progress, verify)

    def open_file(self, path: str, checksum: str) -> image_files.Archive:
        """Open an archive that lies on this host, for :meth:`load`.

        :param path: absolute.
        :param checksum: ``algorithm:digits`` of the whole file.
        :raises InvalidRequest: that is no checksum.
        :raises Forbidden: images do not come from there.
        :raises NotFound: there is no such file.
        """
        return image_files.Archive(
            path, checksum, self._import_directories)

    def import_root(self, source: archive_read.BinaryReader, *,
                    reference: str | None, message: str,
                    changes: Sequence[str]) -> models.Image:
        """Make an image of a root filesystem tar.

        :param source: plain, gzip, xz, bzip2 or zstd.
        :param reference: its name, or None.
        :param changes: Dockerfile instructions, see ``service.changes``.
        :raises InvalidRequest: the tar is malformed, truncated or past a
            limit, or an instruction cannot be understood.
        :raises Unavailable: no space left.
        """
        return image_import.Importer(
            self._catalog, self._unpacker, self._limits,
        ).run(source, reference=reference, message=message, changes=changes)

    def save(self, names: Sequence[str],
             sink: archive_write.BinaryWriter) -> None:
        """Write images as one archive, in both Docker's and OCI's layout.

        A name without tag stands for all tags of its repository; an image
        that is given by id gets no name in the archive.

        :raises NotFound: one of them does not exist; nothing was written.
        """
        if not names:
            raise exception.InvalidRequest(
                'name at least one image to save', 'image.no_name')
        chosen: dict[str, tuple[models.Image, list[str]]] = {}
        with self._database.reading() as connection:
            for name in names:
                for image, reference in self._to_save(connection, name):
                    _, references = chosen.setdefault(
                        image.id, (image, []))
                    if reference and reference not in references:
                        references.append(reference)
        image_save.save(
            self._catalog,
            [(image, tuple(references))
             for image, references in chosen.values()], sink)
        for image, _ in chosen.values():
            self._catalog.announce('save', image)

    def get(self, name: str) -> models.Image:
        """Find an image by id, unambiguous start of an id, or name.

        :raises NotFound: there is none, or several ids begin so.
        :raises InvalidRequest: neither an id nor a valid name.
        """
        with self._database.reading() as connection:
            return self._find(connection, name)

    def list(self, *, filters: Mapping[str, Sequence[str]],
             ) -> list[models.Image]:
        """Give the images that pass the filters, the newest first.

        :param filters: see ``service.image_filter``.
        """
        with self._database.reading() as connection:
            found = images.get_all(connection)
        return image_filter.select(found, filters, self.get)

    def tag(self, name: str, repo: str, tag: str) -> str:
        """Give an image one more name; another that had it loses it.

        :param tag: '' stands for what ``repo`` carries, else ``latest``.
        :returns: the familiar name.
        :raises NotFound: no such image.
        :raises InvalidRequest: not a valid name.
        """
        wanted = str(image_reference.parse_tagged(repo, tag))
        with self._catalog.changing() as connection:
            image = self._find(connection, name)
            images.set_reference(connection, wanted, image.id)
        self._catalog.announce('tag', image, wanted)
        return wanted

    def remove(self, name: str, *, force: bool = False,
               noprune: bool = False) -> Sequence[models.Json]:
        """Remove a name, and the image with its last name.

        :param force: also when the image has names in several repositories,
            or, for a name, when a container uses the image.
        :param noprune: has no effect, as images have no untagged parents
            here.
        :returns: ``{'Untagged': name}`` and ``{'Deleted': id}`` objects.
        :raises NotFound: no such image.
        :raises Conflict: it is in use, or has other names.
        """
        return image_remove.Remover(self._catalog, self._in_use).run(
            self.get(name), name, force=force)

    def commit(self, *, base: models.Image, delta: deltas.Delta,
               config: models.Json, author: str, message: str,
               reference: str | None) -> models.Image:
        """Make an image of a container's changes.

        :param delta: of whose ids the image is free.
        :param config: the new image's ``config`` object.
        :param reference: its name, or None.
        :raises Unavailable: no space left.
        """
        return image_commit.Committer(
            self._catalog, self._unpacker, self._limits,
        ).run(base, delta, config, author=author, message=message,
              reference=reference)

    def layer_paths(self, image: models.Image) -> tuple[pathlib.Path, ...]:
        """Give the directories of the unpacked layers, the lowest first."""
        return image_catalog.paths(self._layers, image)

    def recover(self) -> None:
        """Delete what a crash left half-made; before any other call.

        After a power failure, layers that had not reached the disk are
        unpacked again, or removed with their images.
        """
        image_repair.Repairer(
            self._catalog, self._unpacker, self._limits).run()
        self._catalog.recover()

    def close(self) -> None:
        """Wait until everything that was loaded is on the disk."""
        self._catalog.close()

    def _to_save(self, connection: sqlite3.Connection, name: str,
                 ) -> Sequence[tuple[models.Image, str]]:
        """Give images with the name each shall have in the archive."""
        image = self._find_or_none(connection, name)
        if not _ID.fullmatch(name) and (
                image is None or not _ID_PREFIX.fullmatch(name)):
            parsed = image_reference.parse(name)
            if parsed.tag or parsed.digest:
                if image is not None:
                    return [(image, str(parsed))]
            else:
                tags = images.references_of_repository(
                    connection, parsed.repository)
                if tags:
                    return [(self._find(connection, tag), tag)
                            for tag in tags]
        if image is None:
            raise _not_found(name)
        return [(image, name if name in image.references else '')]

    def _find(self, connection: sqlite3.Connection,
              name: str) -> models.Image:
        image = self._find_or_none(connection, name)
        if image is None:
            raise _not_found(name)
        return image

    @staticmethod
    def _find_or_none(connection: sqlite3.Connection,
                      name: str) -> models.Image | None:
        full = _ID.fullmatch(name)
        if full:
            return images.get(connection, f'sha256:{full.group(1)}')
        prefix = _ID_PREFIX.fullmatch(name)
        image_id = images.id_of(connection,
                                str(image_reference.parse(name)))
        if image_id is None and prefix:
            ids = images.ids_with_prefix(
                connection, f'sha256:{prefix.group(1)}')
            image_id = ids[0] if len(ids) == 1 else None
        return images.get(connection, image_id) if image_id else None


def _not_found(name: str) -> exception.NotFound:
    return exception.NotFound(f'No such image: {name}', 'image.not_found')
