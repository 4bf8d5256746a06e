import pathlib

from oslotest import base

from novacontainer.runtime.api.views import mounts
from novacontainer.runtime import models


class MountsViewTest(base.BaseTestCase):

    def test_each_kind(self):
        points = (
            models.MountPoint('bind', '/b', '/srv', False, 'ro,z', 'rslave'),
            models.MountPoint('volume', '/v', 'data', copies=True),
            models.MountPoint('tmpfs', '/t', words=('size=1m',)),
            models.MountPoint('tmpfs', '/hidden', listed=False))
        self.assertEqual([
            {'Type': 'bind', 'Source': '/srv', 'Destination': '/b',
             'Mode': 'ro,z', 'RW': False, 'Propagation': 'rslave'},
            {'Type': 'volume', 'Name': 'data', 'Driver': 'local',
             'Source': '/volumes/data', 'Destination': '/v', 'Mode': '',
             'RW': True, 'Propagation': ''},
            {'Type': 'tmpfs', 'Source': '', 'Destination': '/t', 'Mode': '',
             'RW': True, 'Propagation': ''},
        ], mounts.show(points, pathlib.Path('/volumes').joinpath))
