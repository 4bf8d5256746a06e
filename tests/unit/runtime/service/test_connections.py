from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from tests.unit.runtime.service import world


class ConnectionsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.bridges = self.world.bridges
        for name in ('shop', 'back'):
            self.world.networks.create({'Name': name, 'IPAM': {'Config': [
                {'Subnet': f'10.{len(name)}.{ord(name[0])}.0/24'}]}})
        self.ident = self.world.start(
            name='web', host_config={'NetworkMode': 'shop', 'PortBindings': {
                '80/tcp': [{'HostIp': '127.0.0.1'}]}})

    def connect(self, network='back', container='web', **settings):
        self.world.containers.connections.connect(
            network, container, settings)

    def disconnect(self, network='shop', container='web', force=False):
        self.world.containers.connections.disconnect(
            network, container, force)

    def of(self, name='web'):
        return {one.network.name: one.endpoint for one
                in self.world.containers.connections.of(
                    self.world.get(name))}

    def refused(self, kind, call, *args, **kwargs):
        return self.assertRaises(kind, call, *args, **kwargs).message

    def test_while_it_runs(self):
        self.connect(Aliases=['w'])
        found = self.of()
        self.assertEqual(
            ('eth1', networking.Stage.UP, False, ()),
            (found['back'].interface, found['back'].stage,
             found['back'].default_route, found['back'].ports))
        self.assertEqual(2, len(self.bridges.plugs))
        self.assertEqual(
            {self.ident: list(found.values())},
            {ident: [one.endpoint for one in connections]
             for ident, connections
             in self.world.containers.connections.all().items()})

    def test_the_way_out_moves(self):
        self.connect()
        self.disconnect('shop')
        found = self.of()['back']
        self.assertTrue(found.default_route)
        self.assertEqual('back', self.bridges.way_out[self.ident])
        self.assertEqual([found.ports],
                         list(self.bridges.published.values()))
        self.connect('shop')
        self.assertEqual('eth0', self.of()['shop'].interface)

    def test_no_way_out_is_no_obstacle(self):
        self.connect()
        self.bridges.faults['lead_out'] = exception.Internal('no route')
        self.disconnect('shop')
        self.assertEqual(['back'], list(self.of()))
        self.disconnect('back')
        self.assertEqual({}, self.of())

    def test_while_it_does_not_run(self):
        ident = self.world.create(host_config={'NetworkMode': 'shop'})
        self.connect(container=ident)
        self.assertEqual({networking.Stage.IDLE}, {
            one.stage for one in self.of(ident).values()})
        self.disconnect('shop', ident)
        self.world.containers.start(ident)
        self.assertEqual(['back'], list(self.of(ident)))

    def test_refusals(self):
        self.assertIn('already exists in network shop', self.refused(
            exception.Forbidden, self.connect, 'shop'))
        self.assertIn('is not connected', self.refused(
            exception.Forbidden, self.disconnect, 'back'))
        self.assertIn('not found', self.refused(
            exception.NotFound, self.connect, 'x'))
        self.assertIn('No such container', self.refused(
            exception.NotFound, self.connect, container='x'))
        self.assertIn('host network', self.refused(
            exception.InvalidRequest, self.connect, 'host'))
        self.assertIn('host network', self.refused(
            exception.InvalidRequest, self.disconnect, 'host'))
        self.assertIn('private (none) mode', self.refused(
            exception.InvalidRequest, self.connect, 'none'))
        self.world.create(name='lonely', host_config={
            'NetworkMode': 'none'})
        self.assertIn('private (none) mode', self.refused(
            exception.InvalidRequest, self.connect, container='lonely'))
        self.world.create(name='guest', host_config={
            'NetworkMode': 'container:web'})
        self.assertIn('sharing network namespace', self.refused(
            exception.InvalidRequest, self.connect, container='guest'))

    def test_what_fails_leaves_nothing(self):
        self.bridges.faults['connect'] = exception.Internal('plugin')
        self.refused(exception.Internal, self.connect)
        self.assertEqual(['shop'], list(self.of()))

    def test_a_disconnect_that_fails_can_be_tried_again(self):
        self.bridges.faults['disconnect'] = exception.Internal('plugin')
        self.refused(exception.Internal, self.disconnect)
        self.disconnect()
        self.assertEqual({}, self.of())

    def test_a_crash_amid_a_connect(self):
        def crash(_plug):
            raise KeyboardInterrupt

        connect, self.bridges.connect = self.bridges.connect, crash
        self.assertRaises(KeyboardInterrupt, self.connect)
        self.bridges.connect = connect
        self.assertEqual({'shop', 'back'}, set(self.of()))
        self.world.restart()
        self.assertEqual(['shop'], list(self.of()))
        self.connect()

    def test_a_crash_amid_a_disconnect(self):
        def crash(_plug):
            raise KeyboardInterrupt

        undo, self.bridges.disconnect = self.bridges.disconnect, crash
        self.assertRaises(KeyboardInterrupt, self.disconnect)
        self.bridges.disconnect = undo
        self.world.restart()
        self.assertEqual({}, self.of())
        self.assertEqual({}, self.bridges.plugs)

    def test_recovery_goes_on_when_one_fails(self):
        def crash(_plug):
            raise KeyboardInterrupt

        undo, self.bridges.disconnect = self.bridges.disconnect, crash
        self.assertRaises(KeyboardInterrupt, self.disconnect)
        self.bridges.disconnect = undo
        self.bridges.faults['disconnect'] = exception.Internal('busy')
        self.world.restart()
        self.assertEqual(networking.Stage.CHANGING, self.of()['shop'].stage)
