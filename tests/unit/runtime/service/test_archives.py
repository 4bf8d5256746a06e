import os
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import archives
from tests.unit.runtime.service import world


class StatTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.top / 'dir').mkdir()
        (self.top / 'dir/file').write_text('abc')
        (self.top / 'dir/link').symlink_to('file')
        (self.top / 'out').symlink_to('/dir')
        self.root = os.open(self.top, os.O_PATH)
        self.addCleanup(os.close, self.root)

    def stat(self, path):
        return archives._stat(self.root, path)

    def test_paths(self):
        for path, name, link in (
                ('/dir/file', 'file', ''), ('dir/file', 'file', ''),
                ('/out/file', 'file', ''), ('/dir/link', 'link',
                                            '/dir/file'),
                ('/out', 'out', '/dir'), ('/out/', 'out', ''),
                ('/', '/', ''), ('/../../dir', 'dir', '')):
            found = self.stat(path)
            self.assertEqual((name, link), (found.name, found.link), path)
        self.assertEqual(3, self.stat('/dir/file').size_bytes)

    def test_nothing(self):
        for path in ('/none', '/dir/file/x'):
            self.assertRaises(exception.NotFound, self.stat, path)
        self.assertRaises(exception.InvalidRequest, self.stat,
                          '/' + 'x' * 5000)


class ArchivesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.archives = self.world.containers.archives

    def test_no_container(self):
        self.assertRaises(exception.NotFound, self.archives.stat, 'x', '/')

    def test_what_is_being_removed(self):
        container_id = self.world.create()
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, container_id,
            force=False, volumes=False)
        self.assertRaises(exception.Conflict, self.archives.stat,
                          container_id, '/')

    def test_what_has_just_ended(self):
        container_id = self.world.start()
        with mock.patch.object(archives.os, 'open',
                               side_effect=FileNotFoundError):
            self.assertRaises(exception.Conflict, self.archives.stat,
                              container_id, '/')
