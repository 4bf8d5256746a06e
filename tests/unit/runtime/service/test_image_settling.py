import threading
from unittest import mock

from oslotest import base

from novacontainer.runtime.service import image_settling
from novacontainer.runtime.store import images
from tests import archives
from tests import imagestore

SYNC = 'novacontainer.runtime.host.filesystem.sync'
IMAGE = archives.docker_archive({'f': b'x'}, cmd=['sh'], tag='a:1')


class TestSettling(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore())

    def unsettled(self):
        with self.store.database.reading() as connection:
            return [boot for _, boot in images.unsettled(connection)]

    def test_settled_after_a_load(self):
        self.store.load(IMAGE)
        self.store.service.close()
        self.assertEqual([], self.unsettled())

    def test_a_load_does_not_wait(self):
        go = threading.Event()
        self.addCleanup(go.set)
        with mock.patch(SYNC, side_effect=lambda path: go.wait(30)):
            self.store.load(IMAGE)
            self.assertEqual([image_settling.boot_id()], self.unsettled())
            self.store.load(archives.docker_archive(
                {'g': b'x'}, cmd=['sh'], tag='b:1'))
            go.set()
            self.store.service.close()
        self.assertEqual([], self.unsettled())

    def test_a_disk_that_fails_leaves_the_mark(self):
        with mock.patch(SYNC, side_effect=OSError(5, 'broken')):
            with self.assertLogs(image_settling.LOG, 'WARNING') as logs:
                self.store.load(IMAGE)
                self.store.service.close()
        self.assertIn('broken', logs.output[0])
        self.assertEqual(1, len(self.unsettled()))
        service = self.store.open()
        service.recover()
        service.close()
        self.assertEqual([], self.unsettled())
