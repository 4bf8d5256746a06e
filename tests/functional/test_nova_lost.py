"""Every operation on a server whose container was removed by hand.

Nova says what is wrong, the server can be had again, and nothing is left.
"""

from nova.tests.functional.api import client as api_client

from tests.functional import computehost
from tests.functional import test_nova_states as states

#: operation → what is asked for, and what the server is afterwards.
_OPERATIONS = {
    'os-stop': (None, 'SHUTOFF'),
    'pause': (None, 'ACTIVE'),
    'suspend': (None, 'ACTIVE'),
    'reboot': ({'type': 'SOFT'}, 'ERROR'),
    'rescue': ({}, 'ERROR'),
    'createImage': ({'name': 'image'}, 'ACTIVE'),
    'createBackup': ({'name': 'image', 'backup_type': 'daily',
                      'rotation': 1}, 'ACTIVE'),
    'shelve': (None, 'ACTIVE'),
    'rebuild': ({'imageRef': computehost.NOVA_IMAGE}, 'ACTIVE'),
}
#: The same for servers in other states than ACTIVE.
_LATER = {
    'os-start': (('os-stop', None, 'SHUTOFF'), 'SHUTOFF'),
    'unpause': (('pause', None, 'PAUSED'), 'PAUSED'),
    'resume': (('suspend', None, 'SUSPENDED'), 'SUSPENDED'),
    'unrescue': (('rescue', {}, 'RESCUE'), 'ERROR'),
}


class LostTestCase(states.StatesTestCase):

    def setUp(self):
        super().setUp()
        self.server = self.boot()

    def settle(self, action, body, until):
        """Ask, and wait until nobody works on it any more."""
        self.api.post_server_action(self.server['id'], {action: body})

        def settled():
            server = self.api.get_server(self.server['id'])
            return (server['status'] == until
                    and not server['OS-EXT-STS:task_state']
                    and self.over(server))

        self.wait_for(settled)

    def recover(self):
        self.act(self.server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.assertEqual('running', self.status(self.server))
        self.assertIn(self.address(self.server), self.execute(
            self.server, 'ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0'))
        self.assertEqual(1, len(self.host.containers()))
        self.assertEqual(1, len(self.host.switch.ports()))

    def test_operations(self):
        for action, (body, until) in _OPERATIONS.items():
            self.forget()
            self.settle(action, body, until)
            self.recover()
        self._delete_server(self.server)
        self.assertNothingLeft()

    def test_operations_in_other_states(self):
        for action, (before, until) in _LATER.items():
            self.act(self.server, before[0], before[2], before[1])
            self.forget()
            self.settle(action, None, until)
            self.recover()
        self._delete_server(self.server)
        self.assertNothingLeft()

    def forget(self):
        """Remove its containers by hand."""
        self.compute.manager.driver._lifecycle.stop()
        for container in self.host.containers():
            self.host.daemon.request(
                'DELETE', f'/containers/{container["Id"]}?force=1')

    def refuse(self, code, ask, *args):
        error = self.assertRaises(api_client.OpenStackApiException, ask, *args)
        self.assertEqual(code, error.response.status_code)

    def test_what_is_answered_at_once(self):
        self.forget()
        for action, body, code in (
                ('changePassword', {'adminPass': 'x'}, 409),
                ('os-getConsoleOutput', {}, 404)):
            self.refuse(code, self.api.post_server_action,
                        self.server['id'], {action: body})
        self.recover()

    def test_interfaces(self):
        self.forget()
        self.api.attach_interface(self.server['id'], {
            'interfaceAttachment': {'net_id': self.neutron.network_1['id']}})
        self.act(self.server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.assertEqual(2, len(self.host.switch.ports()))
        self.forget()
        self.api.detach_interface(
            self.server['id'], self.neutron.port_2['id'])
        self.wait_for(lambda: len(self.host.switch.ports()) == 1)
        self.recover()
