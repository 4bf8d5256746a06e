import dataclasses
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from novacontainer.runtime.service import allocation
from tests.unit.runtime.api import fakes

CONTAINER = dataclasses.replace(
    fakes.CONTAINER, config={}, host_config={'PortBindings': {
        '80/tcp': [{'HostIp': '127.0.0.1', 'HostPort': ''}]}})


def connection(name, **network):
    return networking.Connection(
        networking.Endpoint(name * 64, CONTAINER.id, name),
        dataclasses.replace(
            fakes.NETWORK, id=name, name=name, ipv6=False,
            subnets=fakes.NETWORK.subnets[:1], **network), 'web')


class AllocationTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.rows = []
        patch = mock.patch.multiple(
            allocation.endpoints, of_container=lambda _, ident: [
                one for one in self.rows
                if one.endpoint.container_id == ident],
            of_network=lambda _, ident: [
                one for one in self.rows if one.network.id == ident],
            up=lambda _: [one for one in self.rows if one.endpoint.is_up],
            save=self.save)
        patch.start()
        self.addCleanup(patch.stop)

    def save(self, _connection, endpoint):
        self.rows = [
            dataclasses.replace(one, endpoint=endpoint)
            if one.endpoint.id == endpoint.id else one for one in self.rows]

    def test_the_first_that_can_leads_out(self):
        self.rows = [connection('a', internal=True), connection('b'),
                     connection('c', options={
                         networking.OPTION_PREFIX: 'net'})]
        made = [one.endpoint
                for one in allocation.at_start(None, CONTAINER)]
        self.assertEqual([False, True, False],
                         [one.default_route for one in made])
        self.assertEqual([0, 1, 0], [len(one.ports) for one in made])
        self.assertEqual(['eth0', 'eth1', 'net0'],
                         [one.interface for one in made])
        self.assertEqual(['10.9.0.128'] * 3, [one.ipv4 for one in made])
        self.assertEqual({networking.Stage.CHANGING},
                         {one.endpoint.stage for one in self.rows})

    def test_another_leads_out(self):
        self.rows = [connection('a', internal=True), connection('b')]
        self.assertIsNone(allocation.lead_out(None, CONTAINER))
        allocation.at_start(None, CONTAINER)
        self.rows[1] = dataclasses.replace(
            self.rows[1], endpoint=dataclasses.replace(
                self.rows[1].endpoint, default_route=False, ports=()))
        made = allocation.lead_out(None, CONTAINER)
        self.assertEqual('b', made.network.name)
        self.assertTrue(made.endpoint.default_route)
        self.assertEqual(1, len(made.endpoint.ports))

    def test_while_it_runs(self):
        self.rows = [connection('a')]
        allocation.at_start(None, CONTAINER)
        self.rows.append(connection('b'))
        made = allocation.while_running(
            None, CONTAINER, self.rows[1].endpoint)
        self.assertEqual(('eth1', False), (made.endpoint.interface,
                                           made.endpoint.default_route))

    def test_where_the_host_answers(self):
        self.rows = [connection('a', options={
            networking.OPTION_BINDING: '127.0.0.1'})]
        container = dataclasses.replace(CONTAINER, host_config={
            'PortBindings': {'80/tcp': [{}]}})
        made, = allocation.at_start(None, container)
        self.assertEqual('127.0.0.1', made.endpoint.ports[0].host_ip)

    def test_whose_port_could_not_be_had(self):
        self.rows = [connection('a'), dataclasses.replace(
            fakes.CONNECTION, endpoint=dataclasses.replace(
                fakes.CONNECTION.endpoint, container_id='d' * 64))]
        container = dataclasses.replace(CONTAINER, host_config={
            'PortBindings': {'80/tcp': [{'HostPort': '8080'}]}})
        error = self.assertRaises(
            exception.Internal, allocation.at_start, None, container)
        self.assertIn(f'on endpoint {container.name}: Bind for',
                      error.message)

    def test_without_ipv4(self):
        self.rows = [dataclasses.replace(
            connection('a'), network=dataclasses.replace(
                fakes.NETWORK, id='a', subnets=fakes.NETWORK.subnets[1:]))]
        container = dataclasses.replace(CONTAINER, host_config={})
        made, = allocation.at_start(None, container)
        self.assertEqual(('', 'fd00:9::2'),
                         (made.endpoint.ipv4, made.endpoint.ipv6))
        self.assertEqual(17, len(made.endpoint.mac))
