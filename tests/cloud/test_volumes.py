"""Volumes of Cinder in instances: written, kept, enlarged, moved on."""

from demo import images
from tests.cloud import cloudcase

_DEVICE = '/dev/vdb'
_GIB = 1024 ** 3


class VolumesTest(cloudcase.CloudTestCase):

    def setUp(self):
        """Have Cinder's API as its command line uses it."""
        super().setUp()
        self.storage = self.tenant.cloud.block_storage
        # Before 3.42 no volume that is in use can be enlarged.
        self.storage.default_microversion = '3.60'

    def make(self):
        """Make a volume of a GiB that goes with the test."""
        volume = self.storage.create_volume(name='test', size=1)
        self.addCleanup(self.remove, volume)
        return self.wait_volume(volume, 'available')

    def remove(self, volume):
        """Delete a volume when it is free, and wait until it has gone."""
        self.wait_volume(volume, 'available')
        self.storage.delete_volume(volume)
        self.until('the volume is gone', lambda: self.storage.find_volume(
            volume.id) is None)

    def wait_volume(self, volume, status):
        """Wait until a volume has a status, and return it as it is."""
        def reached():
            found = self.storage.get_volume(volume.id)
            return found if found.status == status else None

        return self.until(f'the volume is {status}', reached)

    def attach(self, server, volume):
        """Attach a volume, and wait until it is there."""
        self.compute.create_volume_attachment(server, volume_id=volume.id)
        self.wait_volume(volume, 'in-use')
        self.shell(server, f'test -b {_DEVICE}')

    def detach(self, server, volume):
        """Detach a volume, and wait until it is free."""
        self.compute.delete_volume_attachment(server, volume.id)
        self.wait_volume(volume, 'available')
        self.shell(server, f'! test -e {_DEVICE}')

    def read(self, server):
        """What is at the beginning of the volume."""
        return self.shell(server, f'head -c 5 {_DEVICE}')

    def put(self, server, text):
        """Write at the beginning of the volume."""
        self.shell(server, f'echo -n {text} | '
                           f'dd of={_DEVICE} conv=notrunc,fsync')

    def test_life_of_a_volume(self):
        volume = self.make()
        server = self.boot(images.DEBIAN)
        self.attach(server, volume)
        self.put(server, 'hello')
        self.compute.reboot_server(server, 'HARD')
        self.wait(server, 'ACTIVE')
        self.assertEqual('hello', self.read(server))
        self.storage.extend_volume(volume, 2)
        self.until('the device is larger', lambda: self.shell(
            server, f'blockdev --getsize64 {_DEVICE}') == str(2 * _GIB))
        self.detach(server, volume)
        another = self.boot(images.DEBIAN)
        self.attach(another, volume)
        self.assertEqual('hello', self.read(another))
        self.delete(another)
        self.wait_volume(volume, 'available')

    def test_a_volume_in_use_stays(self):
        volume = self.make()
        server = self.boot(images.DEBIAN)
        self.attach(server, volume)
        self.shell(server, f'(sleep 600 <{_DEVICE} >/dev/null 2>&1 &)')
        self.compute.delete_volume_attachment(server, volume.id)
        self.until('the action has failed', lambda: any(
            event.result == 'Error' for event in self.events(server)))
        self.wait_volume(volume, 'in-use')
        self.shell(server, 'pkill sleep')
        self.detach(server, volume)

    def events(self, server):
        """What has become of the last action on a server."""
        action = next(self.compute.server_actions(server))
        found = self.compute.get_server_action(action.request_id, server)
        return found.events or ()

    def test_no_boot_from_a_volume(self):
        volume = self.make()
        self.storage.set_volume_bootable_status(volume, True)
        server = self.boot(status='ERROR', image_id='', block_device_mapping=[
            {'boot_index': 0, 'uuid': volume.id, 'source_type': 'volume',
             'destination_type': 'volume'}])
        self.assertIn('boot from an image', server.fault['message'])
        self.delete(server)
