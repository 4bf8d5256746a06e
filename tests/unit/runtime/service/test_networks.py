import dataclasses
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from tests.unit.runtime.service import world


class NetworksTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.networks = self.world.networks

    def create(self, name='shop', **body):
        return self.networks.create({'Name': name, **body})

    def names(self, **filters):
        return [one.name for one in self.networks.list(filters)]

    def refused(self, kind, call, *args, **kwargs):
        return self.assertRaises(kind, call, *args, **kwargs).message

    def test_those_that_are_always_there(self):
        before = {one.name: one for one in self.networks.list({})}
        self.assertEqual(set(networking.PREDEFINED), set(before))
        self.assertEqual('nc0', before['bridge'].bridge)
        self.assertEqual('null', before['none'].driver)
        self.world.restart()
        self.assertEqual(before, {
            one.name: one for one in self.world.networks.list({})})
        self.assertEqual((set(), None),
                         (self.world.bridges.made, self.world.bridges.rules))

    def test_create(self):
        made = self.create(Labels={'a': 'b'})
        self.assertEqual(made, self.networks.get('shop'))
        self.assertEqual(made, self.networks.get(made.id))
        self.assertEqual(made, self.networks.get(made.id[:10]))
        self.assertEqual(['create'], self.world.actions(made.id))
        other = self.create('other')
        self.assertNotEqual(made.subnets, other.subnets)
        self.assertEqual(set(), self.world.bridges.made)

    def test_create_what_cannot_be(self):
        self.create(IPAM={'Config': [{'Subnet': '10.9.0.0/24'}]}, Options={
            networking.OPTION_NAME: 'br7'})
        self.assertIn('already exists', self.refused(
            exception.Conflict, self.create))
        self.assertIn('Pool overlaps', self.refused(
            exception.Forbidden, self.create, 'x',
            IPAM={'Config': [{'Subnet': '10.9.0.128/25'}]}))
        self.assertIn('bridge br7', self.refused(
            exception.Forbidden, self.create, 'x', Options={
                networking.OPTION_NAME: 'br7'}))
        self.world.bridges.missing = '/usr/lib/cni/bridge missing'
        self.assertIn('/usr/lib/cni/bridge missing', self.refused(
            exception.NotSupported, self.create, 'x'))
        self.assertEqual(4, len(self.names()))

    def test_what_the_host_has_stays_its_own(self):
        self.world.bridges.made.add('br-ex')
        self.assertIn('interface br-ex already', self.refused(
            exception.Forbidden, self.create, Options={
                networking.OPTION_NAME: 'br-ex'}))
        routes = [(0xC0A80000, 0xFFFF0000)]
        with mock.patch('novacontainer.runtime.host.links.routed',
                        return_value=routes):
            self.assertIn('this host has a route', self.refused(
                exception.Forbidden, self.create, IPAM={'Config': [
                    {'Subnet': '192.168.7.0/24'}]}))
        with mock.patch('novacontainer.runtime.host.links.routed',
                        return_value=[]):
            self.create(IPAM={'Config': [{'Subnet': '192.168.7.0/24'}]})

    def test_get_what_is_not_there(self):
        self.assertEqual('network x not found', self.refused(
            exception.NotFound, self.networks.get, 'x'))
        self.assertIsNone(self.networks.find('0' * 64))

    def test_ambiguous(self):
        for number in range(17):
            self.create(f'n{number}')
        ids = [one.id for one in self.networks.list({})]
        first = [ident[0] for ident in ids]
        twice = next(digit for digit in first if first.count(digit) > 1)
        self.assertIn('ambiguous', self.refused(
            exception.InvalidRequest, self.networks.get, twice))

    def test_filters(self):
        shop = self.create(Labels={'a': 'b', 'c': ''})
        self.create('shopping')
        for filters, expected in (
                ({'name': ['sho']}, ['shop', 'shopping']),
                ({'id': [shop.id[:20]]}, ['shop']),
                ({'driver': ['host']}, ['host']),
                ({'type': ['custom']}, ['shop', 'shopping']),
                ({'type': ['builtin'], 'name': ['o']}, ['host', 'none']),
                ({'scope': ['swarm']}, []),
                ({'label': ['a=b', 'c']}, ['shop']),
                ({'label': ['a=c']}, []),
                ({'dangling': ['true']}, ['shop', 'shopping'])):
            self.assertEqual(expected, sorted(self.names(**filters)))
        for name in ('type', 'dangling'):
            self.assertIn(f'{name}=maybe', self.refused(
                exception.InvalidRequest, self.names, **{name: ['maybe']}))

    def test_in_use(self):
        made = self.create()
        ident = self.world.start(
            name='web', host_config={'NetworkMode': 'shop'})
        self.assertEqual([ident], [
            one.endpoint.container_id
            for one in self.networks.connections(made)])
        self.assertNotIn('shop', self.names(dangling=['true']))
        message = self.refused(
            exception.Forbidden, self.networks.remove, 'shop')
        self.assertIn('has active endpoints (name:"web"', message)
        self.world.containers.kill(ident, 'KILL')
        self.assertNotIn('shop', self.names(dangling=['true']))
        self.networks.remove('shop')
        self.assertEqual([], self.names(name=['shop']))

    def test_remove(self):
        made = self.create()
        self.world.bridges.made.add(made.bridge)
        self.networks.remove(made.id)
        self.assertEqual((set(), set()), (self.world.bridges.made,
                                          self.world.bridges.rules))
        self.assertEqual(['create', 'destroy'], self.world.actions(made.id))
        self.assertIn('pre-defined', self.refused(
            exception.Forbidden, self.networks.remove, 'bridge'))
        self.refused(exception.NotFound, self.networks.remove, 'shop')

    def test_a_bridge_that_does_not_go_is_no_obstacle(self):
        made = self.create()
        self.world.bridges.made.add(made.bridge)
        self.world.bridges.faults['remove'] = exception.Internal('busy')
        self.networks.remove('shop')
        self.assertIsNone(self.networks.find('shop'))

    def test_a_removal_that_was_cut_short_is_finished(self):
        made = self.create()
        self.world.bridges.made.add(made.bridge)

        def crash(_network):
            raise KeyboardInterrupt

        remove, self.world.bridges.remove = self.world.bridges.remove, crash
        self.assertRaises(KeyboardInterrupt, self.networks.remove, 'shop')
        self.world.bridges.remove = remove
        self.assertIsNone(self.networks.find('shop'))
        self.world.restart()
        self.assertNotIn(made.bridge, self.world.bridges.made)
        self.assertEqual(3, len(self.world.networks.list({}, going=True)))

    def test_rules_are_seen_to_at_the_start(self):
        self.world.start(host_config={'NetworkMode': 'bridge'})
        self.assertEqual({'bridge'}, self.world.bridges.rules)
        self.world.bridges.rules = None
        self.world.restart()
        self.assertEqual({'bridge'}, self.world.bridges.rules)
        self.world.bridges.faults['secure'] = exception.Internal('no')
        self.world.restart()

    def test_what_no_network_has_is_swept(self):
        made = self.create()
        self.world.restart()
        self.assertEqual(
            {one.bridge: one.subnets[0].gateway
             for one in self.world.networks.list({})
             if one.driver == 'bridge'}, self.world.bridges.swept)
        self.assertIn(made.bridge, self.world.bridges.swept)

    def test_the_route_of_its_own_bridge_is_no_obstacle(self):
        with mock.patch('novacontainer.runtime.host.links.routed',
                        return_value=[]) as routed:
            self.world.networks._bridge_subnets(
                dataclasses.replace(self.networks.get('bridge'),
                                    subnets=()), ())
        routed.assert_called_once_with('nc0')

    def test_rules_come_before_the_bridge(self):
        self.create()
        self.world.bridges.faults['secure'] = exception.Internal('no nat')
        ident = self.world.create(host_config={'NetworkMode': 'shop'})
        message = self.refused(
            exception.Internal, self.world.containers.start, ident)
        self.assertIn('no nat', message)
        self.assertEqual(set(), self.world.bridges.made)
