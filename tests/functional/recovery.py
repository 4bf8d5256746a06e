"""A server that something died over, and what its tenant does about it.

Used by the tests in which nova-compute, the runtime's daemon or the host ends
in the middle of an operation.
"""

import threading

from nova.tests.functional.api import client as api_client

from tests.functional import novaservers


class RecoveryCase(novaservers.ServersTestCase):
    """Tests of one ``server`` that something happens to."""

    CAST_AS_CALL = False

    def order(self, action, body=None):
        """Ask for an operation."""
        self.api.post_server_action(self.server['id'], {action: body})

    def look(self):
        self.server = self.api.get_server(self.server['id'])
        return self.server

    def settled(self):
        return self.look()['OS-EXT-STS:task_state'] is None

    def go_on(self):
        """What a tenant does to have the instance run again."""
        status = self.look()['status']
        action, body = {
            'ACTIVE': ('reboot', {'type': 'HARD'}),
            'SHUTOFF': ('os-start', None),
            'PAUSED': ('unpause', None),
            'SUSPENDED': ('resume', None),
            'RESCUE': ('unrescue', None),
            'VERIFY_RESIZE': ('revertResize', None),
            'SHELVED_OFFLOADED': ('unshelve', None),
            'ERROR': ('reboot', {'type': 'HARD'}),
        }[status]
        self.act(self.server, action, 'ACTIVE', body)

    def attach_interface(self):
        """Ask for a second interface."""
        self.api.attach_interface(self.server['id'], {
            'interfaceAttachment': {'net_id': self.neutron.network_1['id']}})

    def detach_interface(self):
        """Ask for the end of that."""
        self.api.detach_interface(
            self.server['id'], self.neutron.port_2['id'])

    def interfaces(self):
        """How many there are inside."""
        links = self.execute(
            self.server, 'ls', '/sys/class/net').split()
        return len([link for link in links if link.startswith('eth')])

    def make_sizes(self):
        """Two flavors by their memory in MiB, for resizes on this host."""
        self.flags(allow_resize_to_same_host=True)
        return {memory_mb: self._create_flavor(
            memory_mb=memory_mb, vcpu=1, disk=1, ephemeral=0)
            for memory_mb in (64, 128)}

    def assertWell(self, kept=True):
        """It runs, on the network, and there is nothing of it besides.

        :param kept: whether it has the files that it had.
        """
        self.assertEqual('running', self.status(self.server))
        if kept:
            self.assertEqual('kept\n', self.execute(
                self.server, 'cat', '/marker'))
        self.assertIn(self.address(self.server), self.execute(
            self.server, 'ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0'))
        self.assertEqual(1, len(self.host.containers()))
        self.assertEqual(1, len(self.host.switch.ports()))

    def end(self):
        """Delete it; nothing of it is left."""
        self._delete_server(self.server)
        self.assertNothingLeft()
        self.assertEqual({}, self.placement.get(
            f'/allocations/{self.server["id"]}').body['allocations'])


def asking(ask):
    """Ask Nova's API in a thread: what is never answered keeps it waiting.

    :returns: the thread, and a list that gets what was refused, or None.
    """
    answers = []

    def call():
        try:
            ask()
        except api_client.OpenStackApiException as error:
            answers.append(error)
        else:
            answers.append(None)

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    return caller, answers
