from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import image_repair
from tests import archives
from tests import imagestore

BOOT = 'novacontainer.runtime.service.image_settling.boot_id'


class TestRepair(base.BaseTestCase):
    """The host crashed before the image had reached the disk."""

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore())
        with mock.patch('novacontainer.runtime.host.filesystem.sync',
                        side_effect=OSError(5, 'crash')):
            self.image = self.store.load(archives.docker_archive(
                {'f': b'whole'}, cmd=['sh'], tag='a:1'))
            self.store.service.close()
        self.file = self.store.service.layer_paths(self.image)[0] / 'f'
        self.blob = self.store.blobs.path(self.image.layers[0].blob)

    def start(self):
        with mock.patch(BOOT, return_value='another'):
            service = self.store.open()
            service.recover()
            # Closed at once it would leave some for the next start.
            service._catalog.sweeper.wait()
            service.close()
        return service

    def test_a_tree_is_made_anew(self):
        self.file.write_bytes(b'')
        service = self.start()
        self.assertEqual(b'whole', self.file.read_bytes())
        self.assertEqual(self.image, service.get('a:1'))
        self.assertEqual(2, len(self.store.files()))
        self.file.write_bytes(b'settled')
        self.start()
        self.assertEqual(b'settled', self.file.read_bytes())

    def test_a_damaged_blob(self):
        self.blob.chmod(0o600)
        self.blob.write_bytes(b'')
        with self.assertLogs(image_repair.LOG, 'ERROR') as logs:
            service = self.start()
        self.assertIn('load it again', logs.output[-1])
        self.assertRaises(exception.NotFound, service.get, 'a:1')
        self.assertTrue(self.store.is_empty())

    def test_a_damaged_image_that_a_container_uses(self):
        with self.store.database.transaction() as connection:
            connection.execute(
                'CREATE TABLE users (image_id TEXT REFERENCES images (id))')
            connection.execute('INSERT INTO users VALUES (?)',
                               (self.image.id,))
        self.blob.unlink()
        with self.assertLogs(image_repair.LOG, 'ERROR') as logs:
            service = self.start()
        self.assertIn('remove the container', logs.output[-1])
        self.assertEqual(self.image, service.get('a:1'))

    def test_the_same_boot_is_left_alone(self):
        self.file.write_bytes(b'same')
        service = self.store.open()
        service.recover()
        service.close()
        self.assertEqual(b'same', self.file.read_bytes())
