"""Servers of a host that is lost go to another one, and the host comes back.

Two compute services, each with a daemon of its own.  They share a switch and
a network namespace, so that the interfaces of the second host have other
names: on two machines they have the same.
"""

import copy
import pathlib
from unittest import mock
import uuid

from nova import context as nova_context
from nova.tests.functional.api import client as api_client

from novacontainer.virt import driver
from novacontainer.virt import hostops
from tests.functional import daemon
from tests.functional import novaservers
from tests.integration import networkhost

_SECOND = 'second'


def _node(name):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


class EvacuationTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = networkhost.use_for_class(cls, daemon.Daemon())

    def setUp(self):
        # In one process there is one file with the identity of the node.
        self.stub_out(
            'novacontainer.virt.driver.ContainerDriver.get_nodenames_by_uuid',
            lambda driver, refresh=False: {
                _node(name): name for name in driver.get_available_nodes()})
        told = hostops.HostOps.get_available_resource
        self.stub_out(
            'novacontainer.virt.hostops.HostOps.get_available_resource',
            lambda ops: {**told(ops),
                         'uuid': _node(ops.get_available_nodes()[0])})
        super().setUp()
        self.addCleanup(self._clear)

    def _clear(self):
        for container in self.others():
            self.other.request(
                'DELETE', f'/containers/{container["Id"]}?force=1')

    def others(self):
        """The containers of the second host."""
        return self.other.json('GET', '/containers/json?all=1')

    def start_second(self):
        self.flags(socket_path=str(self.other.socket_path),
                   group='novacontainer')
        made = driver.ContainerDriver.__init__

        def make(driver, virtapi):
            made(driver, virtapi)
            _rename_interfaces(driver._networks)

        with mock.patch.object(driver.ContainerDriver, '__init__', make):
            self.second = self.start_service('compute', host=_SECOND)
        self.flags(socket_path=str(self.host.daemon.socket_path),
                   group='novacontainer')

    def lose(self):
        """Have the first host down, and Nova know that it is."""
        self.compute.stop()
        self.fence(True)

    def fence(self, down):
        service, = self.api.get_services(
            host=self.compute.host, binary='nova-compute')
        self.api.put_service_force_down(service['id'], down)

    def come_back(self):
        self.compute = self.start_service(
            'compute', host=self.compute.host)
        # Nova refuses it as long as evacuated servers may run there.
        self.fence(False)

    def evacuate(self, server, until='done'):
        self.api.post_server_action(server['id'], {'evacuate': {}})
        self.wait_for(lambda: self.evacuation(server) == until)
        return self.api.get_server(server['id'])

    def evacuation(self, server):
        """The status of the migration that moves a server."""
        found, = [migration['status'] for migration in self.api.api_get(
            '/os-migrations').body['migrations']
            if migration['instance_uuid'] == server['id']]
        return found

    def test_evacuate_and_come_back(self):
        server = self.boot()
        self.write(server, 'lost')
        address = self.address(server)
        self.start_second()
        self.lose()
        server = self.evacuate(server)
        self.assertEqual(_SECOND, server['OS-EXT-SRV-ATTR:host'])
        # It is stopped there, which is Nova's way since 2.95.
        self._wait_for_state_change(server, 'SHUTOFF')
        server = self._start_server(server)
        self.assertEqual(address, self.address(server))
        there, = self.others()
        self.assertEqual('running', there['State'])
        self.assertEqual('running', self.status(server))
        text = self.api.post_server_action(
            server['id'], {'os-getConsoleOutput': {}})['output']
        self.assertNotIn('lost', text)
        self.come_back()
        self.assertEqual([], self.host.containers())
        self.assertEqual(
            [_device(f'tap{self.neutron.port_1["id"][:11]}')],
            self.host.switch.ports())
        self.assertEqual(1, len(list(pathlib.Path('/run/netns').iterdir())))
        self.assertEqual('running', self.others()[0]['State'])
        self.assertAllotted(server, _SECOND)
        self._delete_server(server)
        self.assertEqual([], self.others())
        self.assertNothingLeft()

    def assertAllotted(self, server, *names):
        """Placement counts the server on these hosts, and no others."""
        found = self.placement.get(
            f'/allocations/{server["id"]}').body['allocations']
        self.assertEqual({_node(name) for name in names}, set(found))

    def test_host_that_comes_back_finds_a_deleted_server(self):
        server = self.boot()
        self.lose()
        self.api.delete_server(server['id'])
        self._wait_until_deleted(server)
        self.assertEqual('running', self.status(server))
        self.flags(running_deleted_instance_timeout=0,
                   running_deleted_instance_action='reap')
        self.come_back()
        self.compute.manager._cleanup_running_deleted_instances(
            nova_context.get_admin_context())
        self.assertNothingLeft()

    def test_wrong_states(self):
        server = self.boot()
        self.start_second()
        self.refuse(server, 400)
        self.act(server, 'pause', 'PAUSED')
        self.lose()
        self.refuse(server, 409)
        self.assertEqual('paused', self.status(server))
        self.assertEqual([], self.others())
        self.come_back()
        self.act(server, 'unpause', 'ACTIVE')
        self._delete_server(server)
        self.assertNothingLeft()

    def refuse(self, server, code):
        error = self.assertRaises(
            api_client.OpenStackApiException, self.api.post_server_action,
            server['id'], {'evacuate': {}})
        self.assertEqual(code, error.response.status_code)

    def test_evacuation_that_fails(self):
        """The server is in error on the first host, where it can be had."""
        server = self.boot()
        self.write(server, 'kept')
        self.start_second()
        self.lose()
        self.other.stop()
        try:
            self.evacuate(server, until='failed')
            self._wait_for_state_change(server, 'ERROR')
        finally:
            self.other.start()
        self.come_back()
        self.assertEqual([], self.others())
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.assertEqual('kept\n', self.execute(server, 'cat', '/marker'))
        self.assertAllotted(server, 'compute')
        self._delete_server(server)
        self.assertNothingLeft()


def _rename_interfaces(networks):
    """Give the interfaces of a host names that no other host uses."""
    def renamed(method):
        def call(*args, **kwargs):
            args = [_renamed(value) if isinstance(value, list) else value
                    for value in args]
            return method(*args, **kwargs)
        return call

    for name in ('plug', 'unplug', 'silence'):
        setattr(networks, name, renamed(getattr(networks, name)))


def _device(name):
    return f'tap0{name[4:]}'


def _renamed(network_info):
    found = copy.deepcopy(network_info)
    for vif in found:
        vif['devname'] = _device(vif['devname'])
    return found
