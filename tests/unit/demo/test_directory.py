"""The demo's directory."""

import os
import pathlib
import tempfile
from unittest import mock

from oslotest import base

from demo import directory
from demo import errors


class DirectoryTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name) / 'demo'
        self.directory = directory.Directory(self.root)

    def test_create_twice(self):
        self.directory.create()
        self.directory.create()
        self.assertTrue(self.directory.exists)
        self.assertTrue(self.directory.run.is_dir())

    def test_a_foreign_directory_is_refused(self):
        self.root.mkdir()
        (self.root / 'letter').write_text('dear')
        self.assertRaises(errors.DemoError, self.directory.create)
        self.assertFalse(self.directory.exists)

    def test_a_foreign_directory_is_not_removed(self):
        self.root.mkdir()
        (self.root / 'letter').write_text('dear')
        self.directory.remove()
        self.assertEqual('dear', (self.root / 'letter').read_text())

    def test_removal_leaves_nothing(self):
        self.directory.create()
        (self.directory.data / 'file').write_text('x')
        (self.root / 'link').symlink_to('/')
        self.directory.remove()
        self.assertFalse(self.root.exists())

    def test_the_password_is_made_once_and_is_roots(self):
        self.directory.create()
        password = self.directory.password()
        self.assertEqual(32, len(password))
        self.assertEqual(password, self.directory.password())
        mode = (self.directory.etc / 'password').stat().st_mode & 0o777
        self.assertEqual(0o600, mode)

    def test_paths_that_would_not_work_are_refused(self):
        for path in ('relative', '/with space', '/a,b', '/' + 'x' * 40,
                     '/var/../etc'):
            with mock.patch.dict(os.environ, NOVACONTAINER_DEMO_DIR=path):
                self.assertRaises(errors.DemoError, directory.chosen)

    def test_the_default(self):
        with mock.patch.dict(os.environ):
            os.environ.pop('NOVACONTAINER_DEMO_DIR', None)
            self.assertEqual(pathlib.Path(directory.DEFAULT),
                             directory.chosen().root)
