import unittest
from unittest import mock

from keystoneauth1 import exceptions as keystone_exceptions
from neutronclient.common import exceptions as neutron_exceptions
from nova.compute import vm_states
from nova import exception
from nova.network import model
from nova.objects import instance as instance_objects

from novacontainer.virt import ports
from tests import instances

_C = mock.sentinel.context


class PortsTestCase(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.neutron = self.enterContext(mock.patch.object(
            ports.neutron, 'API', autospec=True)).return_value
        self.instance = instances.instance(host='cpu1')
        self.bind('known', 'new')
        self.enterContext(mock.patch.object(
            instance_objects.Instance, 'get_network_info',
            lambda instance: model.NetworkInfo([model.VIF(id='known')])))
        self.refresh = self.neutron.get_instance_nw_info

    def bind(self, *names):
        self.neutron.list_ports.return_value = {'ports': [
            {'id': name, 'device_id': self.instance.uuid} for name in names]}

    def settle(self):
        ports.Ports().settle(_C, [self.instance])

    def test_one_that_nova_does_not_know(self):
        self.settle()
        self.neutron.list_ports.assert_called_once_with(
            _C, **{'binding:host_id': 'cpu1'})
        self.refresh.assert_called_once_with(
            _C, self.instance, force_refresh=True)

    def test_what_nova_knows(self):
        self.bind('known')
        self.settle()
        self.refresh.assert_not_called()

    def test_what_is_no_instance_s(self):
        self.neutron.list_ports.return_value = {'ports': [
            {'id': 'p', 'device_id': 'dhcp'}]}
        self.settle()
        self.refresh.assert_not_called()

    def test_build(self):
        """Its ports go with it."""
        self.instance.vm_state = vm_states.BUILDING
        self.settle()
        self.refresh.assert_not_called()

    def test_no_instance(self):
        ports.Ports().settle(_C, [])
        self.neutron.list_ports.assert_not_called()

    def test_neutron_fails(self):
        for error in (exception.PortNotFound(port_id='new'),
                      neutron_exceptions.ConnectionFailed(reason='away'),
                      keystone_exceptions.Unauthorized()):
            self.neutron.list_ports.side_effect = error
            with self.assertLogs(ports.LOG.logger, 'WARNING'):
                self.settle()
        self.refresh.assert_not_called()
