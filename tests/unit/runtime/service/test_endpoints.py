from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from tests.unit.runtime.service import world

SUBNET = {'Config': [{'Subnet': '10.9.0.0/29'}]}


class EndpointsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.bridges = self.world.bridges
        self.shop = self.network('shop', IPAM=SUBNET)

    def network(self, name, **body):
        return self.world.networks.create({'Name': name, **body})

    def of(self, ident):
        return self.world.containers.connections.of(
            self.world.get(ident))

    def start(self, mode='shop', host_config=None, **given):
        return self.world.start(
            host_config={'NetworkMode': mode, **(host_config or {})},
            **given)

    def stop(self, ident):
        self.world.containers.kill(ident, 'KILL')

    def hosts(self, ident):
        return (self.world.root / 'data/containers' / ident / 'hosts'
                ).read_text()

    def test_nothing_without_a_network(self):
        for mode in ('none', 'default', ''):
            ident = self.start(mode)
            self.assertEqual([], self.of(ident))
            self.assertIn('127.0.1.1', self.hosts(ident))
        self.assertEqual((set(), {}), (self.bridges.made,
                                       self.bridges.plugs))

    def test_a_life(self):
        ident = self.start('shop', {'PortBindings': {
            '80/tcp': [{'HostIp': '127.0.0.1', 'HostPort': ''}]}},
            name='web')
        one, = self.of(ident)
        endpoint = one.endpoint
        self.assertEqual(
            ('shop', networking.Stage.UP, 'eth0', '10.9.0.2',
             '02:42:0a:09:00:02', True),
            (one.network.name, endpoint.stage, endpoint.interface,
             endpoint.ipv4, endpoint.mac, endpoint.default_route))
        self.assertEqual([endpoint.ports],
                         list(self.bridges.published.values()))
        self.assertEqual(80, endpoint.ports[0].container_port)
        self.assertNotIn('127.0.1.1', self.hosts(ident))
        self.assertIn('10.9.0.2\tweb', self.hosts(ident))
        self.assertEqual(f'nc-{ident[:12]}',
                         self.bridges.plugs[endpoint.id].netns.name)
        self.stop(ident)
        one, = self.of(ident)
        self.assertEqual((networking.Stage.IDLE, '10.9.0.2', ()),
                         (one.endpoint.stage, one.endpoint.ipv4,
                          one.endpoint.ports))
        self.assertEqual(({}, {}), (self.bridges.plugs,
                                    self.bridges.published))
        self.assertEqual(['create', 'connect', 'disconnect'],
                         self.world.actions(self.shop.id))
        self.world.containers.start(ident)
        self.assertEqual('10.9.0.2', self.of(ident)[0].endpoint.ipv4)
        self.world.containers.remove(ident, force=True, volumes=False)
        self.assertEqual({}, self.bridges.plugs)

    def test_a_network_that_is_not_there(self):
        ident = self.world.create(host_config={'NetworkMode': 'nope'})
        error = self.assertRaises(
            exception.NotFound, self.world.containers.start, ident)
        self.assertEqual('network nope not found', error.message)
        for endpoints in ({'nope': {'Aliases': ['x']}}, {'other': {}}):
            error = self.assertRaises(
                exception.InvalidRequest, self.world.create,
                host_config={'NetworkMode': 'nope'},
                NetworkingConfig={'EndpointsConfig': endpoints})
            self.assertIn('not found', error.message)
        self.network('nope')
        self.world.containers.start(ident)
        self.assertEqual('nope', self.of(ident)[0].network.name)

    def test_a_host_without_bridges(self):
        self.bridges.missing = 'iptables missing'
        error = self.assertRaises(
            exception.NotSupported, self.world.create,
            host_config={'NetworkMode': 'shop'})
        self.assertIn('iptables missing', error.message)

    def test_several_at_once(self):
        self.network('back', Internal=True)
        ident = self.start('back', NetworkingConfig={'EndpointsConfig': {
            'shop': {'IPAMConfig': {'IPv4Address': '10.9.0.5'},
                     'MacAddress': '02:42:00:00:00:07'}}})
        back, shop = self.of(ident)
        self.assertEqual(
            ('back', 'eth0', False), (
                back.network.name, back.endpoint.interface,
                back.endpoint.default_route))
        self.assertEqual(
            ('eth1', '10.9.0.5', '02:42:00:00:00:07', True), (
                shop.endpoint.interface, shop.endpoint.ipv4,
                shop.endpoint.mac, shop.endpoint.default_route))

    def test_mode_by_id_and_settings_by_either(self):
        ident = self.world.create(
            host_config={'NetworkMode': self.shop.id[:12]},
            MacAddress='02:42:00:00:00:09',
            NetworkingConfig={'EndpointsConfig': {
                'shop': {'Aliases': ['a']}, 'default': {}}})
        one, = self.of(ident)
        self.assertEqual({'Aliases': ['a'],
                          'MacAddress': '02:42:00:00:00:09'},
                         dict(one.endpoint.settings))
        self.assertEqual('shop', self.world.get(ident).host_config[
            'NetworkMode'])

    def test_host_and_none_do_not_go_with_others(self):
        self.assertRaises(
            exception.InvalidRequest, self.world.create,
            host_config={'NetworkMode': 'shop'},
            NetworkingConfig={'EndpointsConfig': {'none': {}}})
        self.assertRaises(
            exception.InvalidRequest, self.world.create,
            host_config={'NetworkMode': 'none'},
            NetworkingConfig={'EndpointsConfig': {'shop': {}}})

    def test_addresses_are_used_up(self):
        idents = [self.start() for _ in range(5)]
        error = self.assertRaises(exception.Unavailable, self.start)
        self.assertIn('no available IPv4 addresses', error.message)
        # One that is only kept goes to who needs it.
        self.stop(idents[2])
        self.assertEqual('10.9.0.4', self.of(self.start())[0].endpoint.ipv4)
        self.assertEqual('', self.of(idents[2])[0].endpoint.ipv4)
        self.assertRaises(exception.Unavailable,
                          self.world.containers.start, idents[2])

    def test_a_static_address_in_use(self):
        settings = {'EndpointsConfig': {'shop': {
            'IPAMConfig': {'IPv4Address': '10.9.0.2'}}}}
        first = self.start()
        error = self.assertRaises(
            exception.Forbidden, self.start, NetworkingConfig=settings)
        self.assertIn('Address already in use', error.message)
        self.stop(first)
        self.start(NetworkingConfig=settings)
        self.world.containers.start(first)
        self.assertEqual('10.9.0.3', self.of(first)[0].endpoint.ipv4)

    def test_a_port_in_use(self):
        ident = self.start('shop', {'PublishAllPorts': True},
                           ExposedPorts={'80/tcp': {}})
        port = self.of(ident)[0].endpoint.ports[0].host_port
        error = self.assertRaises(
            exception.Internal, self.start, 'shop', {'PortBindings': {
                '80/tcp': [{'HostPort': str(port)}]}})
        self.assertIn('port is already allocated', error.message)
        self.assertEqual(1, len(self.bridges.plugs))

    def test_what_fails_leaves_nothing(self):
        ident = self.world.create(host_config={'NetworkMode': 'shop'})
        self.bridges.faults['connect'] = exception.Internal('plugin')
        error = self.assertRaises(
            exception.Internal, self.world.containers.start, ident)
        self.assertIn('failed to set up container networking',
                      error.message)
        self.assertEqual(networking.Stage.IDLE,
                         self.of(ident)[0].endpoint.stage)
        self.assertEqual([], self.world.traces(ident))
        self.assertEqual(set(), self.world.sandboxes.pinned())

    def test_names_follow(self):
        web = self.start(name='web')
        database = self.start(name='db', NetworkingConfig={
            'EndpointsConfig': {'shop': {'Aliases': ['data']}}})
        self.assertIn('10.9.0.3\tdb data', self.hosts(web))
        self.world.containers.alterations.rename(database, 'base')
        self.assertIn('10.9.0.3\tbase data', self.hosts(web))
        self.stop(database)
        self.assertNotIn('base', self.hosts(web))

    def test_a_network_that_went_meanwhile(self):
        ident = self.start()
        self.stop(ident)
        self.world.networks.remove('shop')
        self.assertRaises(
            exception.NotFound, self.world.containers.start, ident)
        self.network('shop', IPAM=SUBNET)
        self.world.containers.start(ident)
        self.assertEqual('10.9.0.2', self.of(ident)[0].endpoint.ipv4)

    def test_another_daemon_finds_them(self):
        ident = self.start()
        before = self.of(ident)
        self.world.restart()
        self.assertEqual(before, self.of(ident))
        self.assertEqual(1, len(self.bridges.plugs))

    def test_a_crash_amid_a_start(self):
        ident = self.world.create(host_config={'NetworkMode': 'shop'})

        def crash(_plug):
            raise KeyboardInterrupt

        connect, self.bridges.connect = self.bridges.connect, crash
        self.assertRaises(KeyboardInterrupt, self.world.containers.start,
                          ident)
        self.bridges.connect = connect
        self.assertEqual(networking.Stage.CHANGING,
                         self.of(ident)[0].endpoint.stage)
        self.world.restart()
        self.assertEqual(networking.Stage.IDLE,
                         self.of(ident)[0].endpoint.stage)
        self.world.containers.start(ident)

    def test_a_disconnect_that_fails_is_tried_again(self):
        ident = self.start()
        self.bridges.faults['disconnect'] = exception.Internal('busy')
        self.stop(ident)
        self.assertIs(models.Status.EXITED, self.world.get(ident).status)
        self.assertEqual(1, len(self.bridges.plugs))
        self.world.containers.start(ident)
        self.assertEqual(1, len(self.bridges.plugs))

    def test_links(self):
        self.start('bridge', name='db')
        web = self.start('bridge', {'Links': ['db:data']}, name='web')
        self.assertIn('data db', self.hosts(web))
