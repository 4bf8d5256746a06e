"""Servers whose root file system is repaired from another container."""

from nova import context as nova_context
from nova.objects import instance as instance_objects

from tests.functional import computehost
from tests.functional import novaservers

#: Says what is at /mnt, and in which network it is.
REPAIR = ['sh', '-c',
          'echo "rescue sees $(cat /mnt/marker) of $(stat -c %u /mnt/marker)";'
          ' ip -o -4 addr show dev eth0; ip -4 route; '
          'trap "exit 0" TERM; while true; do sleep 0.1; done']


class RescueTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False

    def setUp(self):
        super().setUp()
        self.server = self.boot()
        self.write(self.server, 'broken')

    def rescue(self, image=None, until='RESCUE'):
        body = {'rescue_image_ref': image} if image else {}
        return self.act(self.server, 'rescue', until, body)

    def unrescue(self):
        return self.act(self.server, 'unrescue', 'ACTIVE')

    def test_repair_with_an_image_of_one_s_own(self):
        self.rescue(self.image(REPAIR))
        text = self.console(self.server, 'default via')
        self.assertIn('rescue sees broken of 0', text)
        self.assertIn(f'inet {self.address(self.server)}/24', text)
        self.execute(self.server, '/bin/sh', '-c',
                     'echo repaired > /mnt/marker')
        self.unrescue()
        text = self.console(self.server, 'repaired')
        self.assertEqual(
            2, text.count(f'inet {self.address(self.server)}/24'))
        self.assertEqual(1, len(self.host.containers()))
        self.assertEqual(1, len(self.host.switch.ports()))

    def test_with_the_instance_s_image(self):
        self.rescue()
        self.assertNotIn('broken', self.console(self.server, 'default via'))
        server = self.api.get_server(self.server['id'])
        self.assertEqual(1, server['OS-EXT-STS:power_state'])
        self.assertEqual([server['id']], self.uuids())
        self.unrescue()
        self.console(self.server, 'broken')

    def uuids(self):
        return self.compute.manager.driver.list_instance_uuids()

    def test_reboots(self):
        """nova-api lets nobody do it, but a retry in the manager may."""
        self.rescue(self.image(REPAIR))
        context = nova_context.get_admin_context()
        instance = instance_objects.Instance.get_by_uuid(
            context, self.server['id'],
            expected_attrs=['flavor', 'info_cache', 'system_metadata'])
        for kind in ('SOFT', 'HARD'):
            before = self.pid(self.server)
            self.compute.manager.driver.reboot(
                context, instance, instance.get_network_info(), kind)
            self.assertNotEqual(before, self.pid(self.server))
        text = self.console(self.server, 'default via')
        self.assertIn('rescue sees broken', text)
        self.unrescue()

    def test_delete(self):
        self.rescue()
        self._delete_server(self.server)
        self.assertNothingLeft()

    def test_image_that_cannot_be_run(self):
        """The server is in error, and a hard reboot leads out of it."""
        self.rescue(self.image(['/bin/nope']), until='ERROR')
        self.assertEqual(1, len(self.host.containers()))
        self.act(self.server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.console(self.server, 'broken')

    def test_compute_service_restarts(self):
        self.rescue(self.image(REPAIR))
        before = self.pid(self.server)
        self.compute = self.restart_compute_service(self.compute)
        self.assertEqual(before, self.pid(self.server))
        self.assertEqual(
            'RESCUE', self.api.get_server(self.server['id'])['status'])
        self.unrescue()
        self.console(self.server, 'broken')

    def test_what_has_ended(self):
        self._stop_server(self.server)
        self.rescue(computehost.NOVA_IMAGE)
        self.unrescue()
        self.console(self.server, 'broken')
