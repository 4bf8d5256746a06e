import dataclasses
import pathlib
import subprocess
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.network import bridges
from novacontainer.runtime import networking
from tests.unit.runtime.api import fakes

NETNS = pathlib.Path('/run/netns/nc-cccccccccccc')
NETWORK = dataclasses.replace(
    fakes.NETWORK, ipv6=False, subnets=fakes.NETWORK.subnets[:1])
PLUG = bridges.Plug(fakes.CONNECTION.endpoint, NETWORK, NETNS)
RESULT = {'interfaces': [{'name': 'nb'}, {'name': 'veth7'}]}


class BridgesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.bridges = bridges.Bridges(pathlib.Path('/cni'), 'nc0')
        self.cni = self.useFixture(fixtures.MockPatchObject(
            self.bridges, '_cni')).mock
        self.cni.add.return_value = RESULT
        self.firewall = self.useFixture(fixtures.MockPatchObject(
            self.bridges, '_firewall')).mock
        self.is_there = self.useFixture(fixtures.MockPatch(
            'novacontainer.runtime.host.namespaces.is_namespace',
            return_value=True)).mock
        self.command = self.useFixture(fixtures.MockPatch(
            'subprocess.run', return_value=subprocess.CompletedProcess(
                (), 0, '', ''))).mock

    def commands(self):
        return [' '.join(call.args[0])
                for call in self.command.call_args_list]

    def added(self):
        return [call.args[0] for call in self.cni.add.call_args_list]

    def test_connect(self):
        self.bridges.connect(PLUG)
        bridge, portmap = self.added()
        self.assertEqual(
            (NETWORK.bridge, True, 1400, '02:42:0a:09:00:80'),
            (bridge['bridge'], bridge['isGateway'], bridge['mtu'],
             bridge['runtimeConfig']['mac']))
        self.assertEqual({
            'type': 'static',
            'addresses': [{'address': '10.9.0.128/24',
                           'gateway': '10.9.0.1'}],
            'routes': [{'dst': '0.0.0.0/0', 'gw': '10.9.0.1'}]},
            bridge['ipam'])
        self.assertEqual(
            [{'hostPort': 8080, 'containerPort': 80, 'protocol': 'tcp'}],
            portmap['runtimeConfig']['portMappings'])
        self.assertEqual('10.9.0.128/24',
                         portmap['prevResult']['ips'][0]['address'])
        self.assertEqual([], self.commands())

    def test_no_ports_and_no_way_out(self):
        self.bridges.connect(dataclasses.replace(
            PLUG, endpoint=dataclasses.replace(
                PLUG.endpoint, ports=(), default_route=False)))
        bridge, = self.added()
        self.assertEqual([], bridge['ipam']['routes'])

    def test_without_talk_among_containers(self):
        network = dataclasses.replace(
            NETWORK, options={networking.OPTION_ICC: 'false'})
        self.bridges.connect(dataclasses.replace(PLUG, network=network))
        self.assertEqual(['bridge link set dev veth7 isolated on'],
                         self.commands())

    def test_link_local_addresses(self):
        self.bridges.connect(dataclasses.replace(
            PLUG, endpoint=dataclasses.replace(
                PLUG.endpoint, settings={'IPAMConfig': {
                    'LinkLocalIPs': ['169.254.8.8', 'fe80::8']}})))
        self.assertEqual([
            'ip -n nc-cccccccccccc address add 169.254.8.8/16 dev eth0',
            'ip -n nc-cccccccccccc address add fe80::8/64 dev eth0'],
            self.commands())

    def test_addresses_of_ipv6_work_at_once(self):
        with mock.patch('novacontainer.runtime.host.links.'
                        'add_bridge') as add, \
                mock.patch('pathlib.Path.write_text') as write:
            self.bridges.connect(dataclasses.replace(
                PLUG, network=fakes.NETWORK))
        add.assert_called_once_with(NETWORK.bridge)
        write.assert_called_once_with('0')
        self.assertIn('accept_dad', self.commands()[0])
        self.assertEqual(
            [{'dst': '0.0.0.0/0', 'gw': '10.9.0.1'},
             {'dst': '::/0', 'gw': 'fd00:9::1'}],
            self.added()[0]['ipam']['routes'])

    def test_a_bridge_that_cannot_be_made(self):
        with mock.patch('novacontainer.runtime.host.links.add_bridge',
                        side_effect=OSError(1, 'no')):
            self.assertRaises(
                exception.Internal, self.bridges.connect,
                dataclasses.replace(PLUG, network=fakes.NETWORK))

    def test_what_fails_is_undone(self):
        self.cni.add.side_effect = [RESULT, exception.Internal('taken')]
        self.assertRaises(exception.Internal, self.bridges.connect, PLUG)
        self.assertEqual(
            ['portmap', 'bridge'],
            [call.args[0]['type']
             for call in self.cni.delete.call_args_list])

    def test_without_a_namespace_only_the_ports_are_there(self):
        self.is_there.return_value = False
        self.bridges.disconnect(PLUG)
        self.assertEqual(['portmap'], [
            call.args[0]['type']
            for call in self.cni.delete.call_args_list])

    def test_the_first_fault_is_told(self):
        self.cni.add.side_effect = exception.Internal('first')
        self.cni.delete.side_effect = exception.Internal('second')
        error = self.assertRaises(
            exception.Internal, self.bridges.connect, PLUG)
        self.assertEqual('first', error.message)

    def test_sweep(self):
        with mock.patch.multiple(
                'novacontainer.runtime.host.links',
                names=lambda: ['lo', 'nb-000000000001', 'nb-000000000002',
                               'nb-000000000003', 'nb-x', 'nc0', 'nc1'],
                address=lambda name: '10.0.0.1',
                is_idle=lambda name: name != 'nb-000000000003',
                delete_bridge=mock.DEFAULT) as mocks:
            mocks['delete_bridge'].side_effect = OSError(16, 'busy')
            self.bridges.sweep({'nb-000000000001': '10.0.0.1',
                                'nc0': '10.1.0.1', 'nc1': '10.0.0.1'})
        self.assertEqual(
            ['nb-000000000002', 'nc0'],
            [call.args[0] for call
             in mocks['delete_bridge'].call_args_list])

    def test_lead_out(self):
        self.bridges.lead_out(dataclasses.replace(
            PLUG, network=fakes.NETWORK))
        self.assertEqual([
            'ip -4 -n nc-cccccccccccc route replace default via 10.9.0.1 '
            'dev eth0',
            'ip -6 -n nc-cccccccccccc route replace default via fd00:9::1 '
            'dev eth0'], self.commands())
        self.command.return_value = subprocess.CompletedProcess(
            (), 2, '', 'no such device')
        error = self.assertRaises(
            exception.Internal, self.bridges.lead_out, PLUG)
        self.assertIn('no such device', error.message)
        self.command.side_effect = OSError(2, 'no ip')
        error = self.assertRaises(
            exception.Internal, self.bridges.lead_out, PLUG)
        self.assertIn('could not be run', error.message)

    def test_secure(self):
        self.bridges.secure([NETWORK])
        self.firewall.apply.assert_called_once_with([NETWORK])
        self.bridges.secure([])
        self.firewall.remove.assert_called_once_with()

    def test_lacking(self):
        self.cni.missing.return_value = []
        self.firewall.missing.return_value = []
        self.firewall.why_not.return_value = 'no nat'
        self.assertEqual('', self.bridges.lacking())
        self.assertEqual('no nat', self.bridges.why_not())
        self.cni.missing.return_value = ['/cni/bridge']
        self.assertIn('containernetworking-plugins', self.bridges.lacking())
        self.assertIn('/cni/bridge missing', self.bridges.why_not())

    def test_remove(self):
        with mock.patch('novacontainer.runtime.host.links.delete_bridge',
                        side_effect=[None, OSError(1, 'no bridge')]):
            self.bridges.remove(NETWORK)
            self.assertRaises(
                exception.Internal, self.bridges.remove, NETWORK)
        self.assertFalse(self.bridges.is_made(NETWORK))
