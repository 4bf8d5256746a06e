"""An image service on a temporary directory, for tests.

Called by unit tests with :class:`FakeUnpacker`, which needs no privilege, and
by integration tests with the real one.
"""

import io
import pathlib
import tarfile

import fixtures

from novacontainer.runtime import exception
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.service import images
from novacontainer.runtime.store import blobs
from novacontainer.runtime.store import database
from novacontainer.runtime.store import layers
from novacontainer.runtime.store import paths
from novacontainer.runtime.unpack import unpacker
from tests import archives


class FakeApplication:
    """Extracts with tarfile when the result is asked for."""

    def __init__(self, blob, tree, kind):
        self._blob = blob
        self._tree = tree
        self._kind = kind

    def advance(self):
        return True

    def finish(self):
        pass

    def result(self):
        data = b''.join(compression.decompress(
            self._kind, iter([self._blob.read_bytes()])))
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                size = sum(member.size for member in archive)
                archive.extractall(self._tree)
        except tarfile.TarError as error:
            raise exception.InvalidRequest(str(error)) from error
        diff_id = archives.digest(data)
        plain = self._kind == compression.PLAIN
        return unpacker.Applied('' if plain else diff_id, size)

    def close(self):
        pass


class FakeProduction:
    """Packs with tarfile."""

    def __init__(self, tree):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode='w') as archive:
            archive.add(tree, '.')
        buffer.seek(0)
        self.read = buffer.read

    def finish(self):
        pass

    def close(self):
        pass


class FakeUnpacker:
    """Stands in for ``unpack.unpacker.Unpacker`` without a process."""

    def apply(self, blob, tree, kind, limits, *, need_end=False):
        return FakeApplication(blob, tree, kind)

    def produce(self, delta, limits):
        return FakeProduction(delta.tree)


class ImageStore(fixtures.Fixture):
    """A service, its directory, its events and who uses its images.

    :param unpacker: default: the fake one.
    """

    def __init__(self, unpacker=None, limits=None):
        super().__init__()
        self._unpacker = unpacker or FakeUnpacker()
        self._limits = limits or image_limits.Limits()

    def _setUp(self):
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.events = []
        self.users = {}
        self.service = self.open()

    def open(self):
        """Make a service on the directory, as a daemon that starts does."""
        where = paths.DataPaths(self.root)
        self.database = database.Database(where.database)
        self.addCleanup(self.database.close)
        self.blobs = blobs.Blobs(where.blobs)
        self.layers = layers.Layers(where.layers)
        service = images.ImageService(
            self.database, self.blobs, self.layers, self._unpacker,
            self.events.append, lambda name: self.users.get(name, ()),
            self._limits)
        self.addCleanup(service.close)
        return service

    def load(self, data, **options):
        """Load an archive that is bytes; give its only image."""
        image, = self.service.load(io.BytesIO(data), **options)
        return image

    def save(self, *names):
        """Save images; give the archive."""
        sink = io.BytesIO()
        self.service.save(names, sink)
        return sink.getvalue()

    def files(self):
        """Give the names of everything stored, temporary things too."""
        # But those that are being deleted.
        self.service._catalog.sweeper.wait()
        return sorted(
            str(path.relative_to(self.root)) for top in (
                self.root / 'blobs' / 'sha256', self.root / 'layers')
            for path in top.iterdir())

    def rows(self):
        """Count the rows of each table."""
        with self.database.reading() as connection:
            return {table: connection.execute(
                f'SELECT count(*) FROM {table}').fetchone()[0]
                for table in ('images', 'image_references', 'image_layers',
                              'layers', 'blobs')}

    def is_empty(self):
        """Tell whether nothing at all is left."""
        return not self.files() and not any(self.rows().values())
