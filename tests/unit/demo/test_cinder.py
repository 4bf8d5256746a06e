import pathlib
from unittest import mock

from oslotest import base

from demo import cinder
from demo import directory

LISTING = """/dev/loop0 /demo/data/volumes/volume-1
/dev/loop1 /demo/data/volumes-of-others/x
/dev/loop12 /demo/data/volumes/volume-2 (deleted)
/dev/loop3 /srv/a b.img
"""


class DevicesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.directory = directory.Directory(pathlib.Path('/demo'))
        self.output = self.enterContext(mock.patch.object(
            cinder.commands, 'output', return_value=LISTING))

    def test_only_ours(self):
        self.assertEqual(['/dev/loop0', '/dev/loop12'],
                         cinder.devices(self.directory))

    def test_remove(self):
        self.assertEqual(['/dev/loop0', '/dev/loop12'],
                         cinder.remove_devices(self.directory))
        self.assertEqual(
            [mock.call(['losetup', '--detach', name])
             for name in ('/dev/loop0', '/dev/loop12')],
            self.output.call_args_list[1:])
