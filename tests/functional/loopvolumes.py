"""Volumes that are loop devices of this machine, as if Cinder had them.

Used by the tests of the driver's volumes.  Neither iSCSI nor another network
is needed: os-brick's connector ``local`` takes a device that is there.
"""

import pathlib
import subprocess

import fixtures
from nova.tests import fixtures as nova_fixtures
from oslo_utils import uuidutils

_GIB = 1024 ** 3


class Volume(fixtures.Fixture):
    """One volume of a GiB: ``id``, ``path`` of its device.

    :param cinder: Nova's fake Cinder of the test.
    """

    def __init__(self, cinder, volume_id=None):
        super().__init__()
        self._cinder = cinder
        self.id = volume_id or uuidutils.generate_uuid()

    def _setUp(self):
        directory = self.useFixture(fixtures.TempDir()).path
        self._file = pathlib.Path(directory, 'volume')
        self._resize(1)
        self.path = run('losetup', '--find', '--show', self._file)
        self.addCleanup(self.vanish)
        known = nova_fixtures.CinderFixture.VOLUME_CONNECTION_INFO
        known[self.id] = {'driver_volume_type': 'local',
                          'data': {'device_path': self.path}}
        self.addCleanup(known.pop, self.id)

    def _resize(self, size_gb):
        with self._file.open('ab') as file:
            file.truncate(size_gb * _GIB)

    def extend(self, size_gb):
        """Do what Cinder does before it tells Nova."""
        self._resize(size_gb)
        run('losetup', '--set-capacity', self.path)
        self._cinder.volumes[self.id] = {
            'id': self.id, 'display_name': '', 'status': 'in-use',
            'attach_status': 'attached', 'size': size_gb,
            'multiattach': False, 'availability_zone': self._cinder.az}

    def write(self, data):
        """Write at the beginning, from outside."""
        with open(self.path, 'r+b') as device:
            device.write(data)

    def read(self, size):
        """Read what is at the beginning."""
        with open(self.path, 'rb') as device:
            return device.read(size)

    def move(self):
        """Have another device of this host be the volume, as after a boot."""
        # A number that is taken is not given again.
        before = self.path
        self.path = None
        self.come_back()
        run('losetup', '--detach', before)

    def come_back(self):
        """Have it be a device of this host again, after ``vanish``."""
        self.path = run('losetup', '--find', '--show', self._file)
        nova_fixtures.CinderFixture.VOLUME_CONNECTION_INFO[self.id][
            'data']['device_path'] = self.path

    def vanish(self):
        """Take the device from this host."""
        if self.path:
            run('losetup', '--detach', self.path)
            self.path = None


def run(*command):
    """Run a command; returns what it says."""
    return subprocess.run(
        list(map(str, command)), check=True, capture_output=True,
        text=True).stdout.strip()
