"""What Nova offers to do with an instance, done on the real services.

Every test shows that address and disk are what they have to be afterwards.
"""

import time

from demo import images
from demo import tenant
from tests.cloud import cloudcase


class OperationsTest(cloudcase.CloudTestCase):

    def flavor_of(self, server):
        """The name of an instance's flavor."""
        return self.compute.get_server(server.id).flavor['original_name']

    def image_of(self, server):
        """The name of an instance's image."""
        return self.image.get_image(
            self.compute.get_server(server.id).image['id']).name

    def forget_image(self, name):
        """Delete the tenant's images of a name."""
        for image in list(self.image.images(name=name)):
            self.image.delete_image(image)

    def test_suspend_and_resume(self):
        server = self.boot()
        self.write(server, 'kept')
        process = self.neighbour.fetch(self.address(server), '/cgi-bin/host')
        self.compute.suspend_server(server)
        self.wait(server, 'SUSPENDED')
        self.assertFalse(self.answers(server))
        self.compute.resume_server(server)
        self.wait(server, 'ACTIVE')
        self.assertEqual('kept', self.note(server))
        self.assertEqual(process, self.neighbour.fetch(
            self.address(server), '/cgi-bin/host'))

    def test_reboot_of_what_is_stopped_paused_and_suspended(self):
        server = self.boot()
        self.write(server, 'kept')
        for ask, state in ((self.compute.stop_server, 'SHUTOFF'),
                           (self.compute.pause_server, 'PAUSED'),
                           (self.compute.suspend_server, 'SUSPENDED')):
            ask(server)
            self.wait(server, state)
            self.compute.reboot_server(server, 'HARD')
            self.wait(server, 'ACTIVE')
            self.assertEqual('kept', self.note(server))

    def test_rescue(self):
        server = self.boot(images.DEBIAN)
        self.assertEqual('', self.shell(server, 'echo mine > /root/note'))
        self.compute.rescue_server(server)
        self.wait(server, 'RESCUE')
        self.assertEqual('mine', self.shell(server, 'cat /mnt/root/note'))
        self.shell(server, 'test ! -e /root/note')
        self.shell(server, 'echo mended > /mnt/root/note')
        self.compute.unrescue_server(server)
        self.wait(server, 'ACTIVE')
        self.assertEqual('mended', self.shell(server, 'cat /root/note'))

    def test_rebuild(self):
        server = self.boot()
        self.write(server, 'lost')
        address = self.address(server)
        self.compute.rebuild_server(
            server, image=self.image.find_image(images.DEBIAN).id,
            name=server.name)
        self.wait(server, 'ACTIVE')
        self.assertEqual(address, self.address(server))
        self.assertEqual('12', self.shell(
            server, 'cut -d. -f1 /etc/debian_version'))

    def test_shelve_and_unshelve(self):
        server = self.boot()
        self.write(server, 'kept')
        address = self.address(server)
        self.compute.shelve_server(server)
        self.wait(server, 'SHELVED_OFFLOADED')
        self.compute.unshelve_server(server)
        self.wait(server, 'ACTIVE')
        self.assertEqual(address, self.address(server))
        self.assertEqual('kept', self.note(server))

    def test_backups_rotate(self):
        server = self.boot()
        self.addCleanup(self.forget_image, 'test-backup-2')
        self.addCleanup(self.forget_image, 'test-backup-1')

        def active(name):
            found = self.image.find_image(name)
            return found and found.status == 'active'

        for name in ('test-backup-1', 'test-backup-2'):
            self.compute.backup_server(server, name, 'daily', 1)
            self.until(f'{name} is there', lambda name=name: active(name))
            self.wait(server, 'ACTIVE')
            self.until('the backup has ended', lambda: not (
                self.compute.get_server(server.id).task_state))
            # Glance notes seconds: of two of one second Nova could take
            # either for the older.
            ended = int(time.time())
            self.until('another second has begun',
                       lambda ended=ended: time.time() >= ended + 1)
        self.until('the older backup has gone', lambda: [
            image.name for image in self.image.images()
            if image.name.startswith('test-backup-')] == ['test-backup-2'])

    def test_resize_up_confirmed_and_down_reverted(self):
        server = self.boot()
        self.write(server, 'kept')
        address = self.address(server)
        self.compute.resize_server(server, self.make_large())
        self.wait(server, 'VERIFY_RESIZE')
        self.assertEqual('kept', self.note(server))
        self.compute.confirm_server_resize(server)
        self.wait(server, 'ACTIVE')
        self.assertEqual(cloudcase.LARGE, self.flavor_of(server))
        self.compute.resize_server(
            server, self.compute.find_flavor(tenant.FLAVOR).id)
        self.wait(server, 'VERIFY_RESIZE')
        self.assertEqual(tenant.FLAVOR, self.flavor_of(server))
        self.assertEqual('kept', self.note(server))
        self.compute.revert_server_resize(server)
        self.wait(server, 'ACTIVE')
        self.assertEqual(cloudcase.LARGE, self.flavor_of(server))
        self.assertEqual(address, self.address(server))
        self.assertEqual('kept', self.note(server))

    def test_locked_and_wrong_states_are_refused(self):
        server = self.boot()
        for ask in (self.compute.unpause_server, self.compute.resume_server,
                    self.compute.unrescue_server):
            with self.assertRaisesRegex(Exception, 'Cannot .* while'):
                ask(server)
        self.assertTrue(self.answers(server))
