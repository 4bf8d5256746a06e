import contextlib
import sys
import types
from unittest import mock

import fixtures
from nova import exception
import os_vif
from oslo_privsep import daemon as privsep_daemon
from oslotest import base
from vif_plug_ovs import privsep as vif_plug_privsep

from novacontainer.virt import networkops
from novacontainer.virt import privsep
from novacontainer.virt.privsep import errors
from novacontainer.virt.privsep import wiring
from novacontainer.virt import vif as vif_types
from tests import networkinfo

NETNS = '/run/netns/nc-0123456789ab'
SECOND = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
DEVICE = 'tap3f2a1b4c-5d'
SECOND_DEVICE = 'tapaaaaaaaa-bb'


class NetworkOpsTestCase(base.BaseTestCase):
    """Fakes the host: which devices exist, and what os-vif connected."""

    def setUp(self):
        super().setUp()
        self.patch(os_vif, 'initialize')
        os_vif.objects.register_all()
        self.calls = []
        self.devices = set()
        self.patch(vif_types, 'plug', side_effect=self._plug)
        self.patch(vif_types, 'forget', side_effect=self._forget)
        self.patch(vif_types, 'unplug', side_effect=self._unplug)
        self.patch(vif_types, 'device_exists',
                   side_effect=self.devices.__contains__)
        self.wire = self.patch(wiring, 'wire', side_effect=self._wire)
        self.unwire = self.patch(wiring, 'unwire', side_effect=self._unwire)
        self.silence = self.patch(wiring, 'silence')
        self.switch_failure = {}
        self.instance = networkinfo.instance()
        self.virtapi = mock.Mock()
        self.ops = networkops.NetworkOps(self.virtapi)
        self.vif = networkinfo.vif(networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', gateway='10.0.0.1'))
        self.second = networkinfo.vif(
            networkinfo.subnet('10.1.0.0/24', '10.1.0.5'), port=SECOND)

    def patch(self, *args, **kwargs):
        patcher = mock.patch.object(*args, **kwargs)
        self.addCleanup(patcher.stop)
        return patcher.start()

    def _plug(self, connection, instance):
        self.calls.append(('plug', connection.device))
        if connection.device in self.switch_failure:
            raise self.switch_failure[connection.device]

    def _forget(self, connection, instance):
        self.calls.append(('forget', connection.device))
        self.devices.discard(connection.device)

    def _unplug(self, connection, instance):
        self.calls.append(('unplug', connection.device))
        if connection.device in self.switch_failure:
            raise exception.VirtualInterfaceUnplugException(
                reason=f'no switch for {connection.device}')

    def _wire(self, netns_path, interfaces):
        names = [item['device'] for item in interfaces]
        self.calls.append(('wire', *names))
        pairs = [{'device': name, 'name': f'eth{index}',
                  'created': name not in self.devices}
                 for index, name in enumerate(names)]
        self.devices.update(names)
        return pairs

    def _unwire(self, names):
        self.calls.append(('unwire', *names))
        self.devices.difference_update(names)

    def plug(self, *vifs):
        self.ops.plug(None, self.instance, vifs, NETNS)

    def plug_error(self, *vifs):
        return str(self.assertRaises(
            exception.VirtualInterfacePlugException, self.plug, *vifs))


class TestStartHelpers(NetworkOpsTestCase):

    def setUp(self):
        super().setUp()
        self.contexts = (privsep.network, vif_plug_privsep.vif_plug)
        for context in self.contexts:
            self.patch(context, 'channel', None)
        self.starts = [self.patch(context, 'start')
                       for context in self.contexts]

    def test_both(self):
        self.ops.start_helpers()
        for start in self.starts:
            start.assert_called_once_with()

    def test_one_that_runs_already(self):
        self.contexts[0].channel = object()
        self.ops.start_helpers()
        self.starts[0].assert_not_called()
        self.starts[1].assert_called_once_with()

    def test_failure_is_logged(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.starts[0].side_effect = privsep_daemon.FailedToDropPrivileges(
            'privsep helper command exited non-zero (1)')
        self.ops.start_helpers()
        self.assertIn('exited non-zero', log.output)
        self.starts[1].assert_called_once_with()


class TestPlug(NetworkOpsTestCase):

    def test_veth_before_switch_and_one_round_trip(self):
        self.plug(self.vif, self.second)
        self.assertEqual(
            [('forget', DEVICE), ('forget', SECOND_DEVICE),
             ('wire', DEVICE, SECOND_DEVICE),
             ('plug', DEVICE), ('plug', SECOND_DEVICE)],
            self.calls)
        (path, (first, second)), _ = self.wire.call_args
        self.assertEqual(NETNS, path)
        self.assertEqual(('eth0', 'eth1'), (first['name'], second['name']))
        self.assertEqual('fa:16:3e:00:00:05', first['address'])
        self.assertEqual(1450, first['mtu'])
        self.assertEqual(('10.0.0.5/24',), first['addresses'])
        self.assertEqual('10.0.0.1', first['routes'][0]['gateway'])

    def test_hybrid_bridge_before_veth(self):
        hybrid = networkinfo.vif(
            port=SECOND, details={'ovs_hybrid_plug': True})
        self.plug(self.vif, hybrid)
        self.assertEqual(
            [('forget', DEVICE), ('forget', SECOND_DEVICE),
             ('plug', SECOND_DEVICE), ('wire', DEVICE, SECOND_DEVICE),
             ('plug', DEVICE)],
            self.calls)
        (_, (_, wired)), _ = self.wire.call_args
        self.assertEqual('qbraaaaaaaa-bb', wired['bridge'])

    def test_again_forgets_nothing(self):
        self.plug(self.vif)
        del self.calls[:]
        self.plug(self.vif)
        self.assertEqual([('wire', DEVICE), ('plug', DEVICE)], self.calls)

    def replace(self, vif):
        self.devices.add(DEVICE)
        # The first wire finds the pair in another namespace.
        self.wire.side_effect = [
            [{'device': DEVICE, 'name': 'eth0', 'created': True}],
            [{'device': DEVICE, 'name': 'eth0', 'created': True}]]
        self.plug(vif)

    def test_replaced_pair_is_forgotten_by_the_switch(self):
        self.replace(self.vif)
        self.assertEqual([('forget', DEVICE), ('plug', DEVICE)], self.calls)
        self.assertEqual(2, self.wire.call_count)

    def test_replaced_pair_in_a_bridge(self):
        self.replace(networkinfo.vif(details={'ovs_hybrid_plug': True}))
        self.assertEqual([('plug', DEVICE)], self.calls)
        self.assertEqual(1, self.wire.call_count)

    def test_network_without_an_mtu(self):
        self.plug(networkinfo.vif(mtu=None))
        self.assertEqual(0, self.wire.call_args.args[1][0]['mtu'])

    def test_no_ports(self):
        self.plug()
        self.assertEqual([('wire',)], self.calls)

    def test_checksum_offload(self):
        for choice, datapath, expected in (
                ('auto', 'netdev', False), ('auto', 'system', True),
                ('auto', None, False), ('on', 'netdev', True),
                ('off', 'system', False)):
            networkops.CONF.set_override(
                'vif_checksum_offload', choice, group='novacontainer')
            self.addCleanup(
                networkops.CONF.clear_override, 'vif_checksum_offload',
                group='novacontainer')
            self.plug(networkinfo.vif(details={'datapath_type': datapath}))
            wired = self.wire.call_args.args[1][0]
            self.assertEqual(expected, wired['checksum_offload'],
                             (choice, datapath))

    def test_unusable_port_touches_nothing(self):
        message = self.plug_error(
            self.vif, networkinfo.vif(kind='binding_failed'))
        self.assertIn('not bound to this host', message)
        self.assertEqual([], self.calls)


class TestPlugFails(NetworkOpsTestCase):

    def test_switch_refuses_the_second(self):
        self.switch_failure[SECOND_DEVICE] = (
            exception.VirtualInterfacePlugException('no switch'))
        message = self.plug_error(self.vif, self.second)
        self.assertEqual('no switch', message)
        self.assertEqual(set(), self.devices)
        self.assertEqual(
            [('unplug', DEVICE), ('unplug', SECOND_DEVICE),
             ('unwire', DEVICE, SECOND_DEVICE)],
            self.calls[-3:])

    def test_what_was_there_before_stays(self):
        self.devices.add(DEVICE)
        self.switch_failure[SECOND_DEVICE] = (
            exception.VirtualInterfacePlugException('no switch'))
        self.plug_error(self.vif, self.second)
        self.assertEqual({DEVICE}, self.devices)
        self.assertNotIn(('unplug', DEVICE), self.calls)

    def test_replaced_pair_is_removed_again(self):
        self.devices.add(DEVICE)
        self.switch_failure[DEVICE] = (
            exception.VirtualInterfacePlugException('no switch'))
        self.wire.side_effect = [
            [{'device': DEVICE, 'name': 'eth0', 'created': True}]] * 2
        self.plug_error(self.vif)
        self.assertEqual(('unplug', DEVICE), self.calls[-1])

    def test_undo_fails_too(self):
        self.switch_failure[DEVICE] = (
            exception.VirtualInterfacePlugException('no switch'))
        self.unwire.side_effect = errors.WiringError('Cannot delete it.')
        self.assertEqual('no switch', self.plug_error(self.vif))

    def test_kernel_refuses(self):
        self.wire.side_effect = errors.WiringError('Cannot add that: no.')
        self.assertEqual('Cannot add that: no.', self.plug_error(self.vif))

    def test_bridge_of_a_hybrid_port_is_removed_again(self):
        self.wire.side_effect = errors.WiringError('Cannot add that: no.')
        self.plug_error(networkinfo.vif(details={'ovs_hybrid_plug': True}))
        self.assertEqual(
            [('forget', DEVICE), ('plug', DEVICE), ('unplug', DEVICE)],
            self.calls)

    def test_helper_does_not_start(self):
        self.wire.side_effect = privsep_daemon.FailedToDropPrivileges(
            'privsep helper command exited non-zero (1)')
        message = self.plug_error(self.vif)
        self.assertIn('exited non-zero', message)
        self.assertIn('exec_dirs', message)

    def test_helper_dies(self):
        self.wire.side_effect = OSError('Premature eof')
        self.assertIn('Premature eof', self.plug_error(self.vif))


class TestConnected(NetworkOpsTestCase):

    def setUp(self):
        super().setUp()
        self.ends = self.patch(wiring, 'host_ends', return_value=[DEVICE])
        self.netns = self.useFixture(fixtures.TempDir()).path

    def test_unplug_what_nova_has_forgotten(self):
        self.plug(self.vif)
        del self.calls[:]
        vifs = self.ops.connected(self.instance, self.netns)
        self.ops.unplug(self.instance, vifs)
        self.assertEqual([('unplug', DEVICE), ('unwire', DEVICE)],
                         self.calls)

    def test_no_namespace(self):
        self.assertEqual([], self.ops.connected(self.instance, NETNS))
        self.ends.assert_not_called()

    def test_failure_is_logged(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.ends.side_effect = errors.WiringError('Cannot look.')
        self.assertEqual([], self.ops.connected(self.instance, self.netns))
        self.assertIn('Cannot look.', log.output)


class TestSilence(NetworkOpsTestCase):

    def test_what_is_there(self):
        self.plug(self.vif)
        del self.calls[:]
        self.ops.silence(self.instance, [self.vif, self.second])
        self.silence.assert_called_once_with([DEVICE])
        self.assertEqual([], self.calls)

    def test_nothing(self):
        """The helper need not even be started."""
        self.ops.silence(self.instance, [self.vif])
        self.ops.silence(self.instance, [])
        self.silence.assert_not_called()

    def test_failure_is_logged(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.plug(self.vif)
        self.silence.side_effect = errors.WiringError('Cannot do that.')
        self.ops.silence(self.instance, [self.vif])
        self.assertIn('stay up: Cannot do that.', log.output)


class TestUnplug(NetworkOpsTestCase):

    def unplug_error(self, *vifs):
        return str(self.assertRaises(
            exception.VirtualInterfaceUnplugException,
            self.ops.unplug, self.instance, vifs))

    def test_unplug(self):
        self.plug(self.vif, self.second)
        del self.calls[:]
        self.ops.unplug(self.instance, [self.vif, self.second])
        self.assertEqual(
            [('unplug', DEVICE), ('unplug', SECOND_DEVICE),
             ('unwire', DEVICE, SECOND_DEVICE)],
            self.calls)

    def test_device_gone_already(self):
        self.ops.unplug(self.instance, [self.vif])
        self.assertEqual([('unplug', DEVICE)], self.calls)

    def test_every_port_is_tried(self):
        self.plug(self.vif, self.second)
        self.switch_failure[DEVICE] = None
        message = self.unplug_error(self.vif, self.second)
        self.assertIn(f'no switch for {DEVICE}', message)
        self.assertIn(('unplug', SECOND_DEVICE), self.calls)
        self.assertEqual(set(), self.devices)

    def test_kernel_refuses(self):
        self.plug(self.vif)
        self.unwire.side_effect = errors.RefusedError('It is not a veth.')
        self.assertIn('It is not a veth.', self.unplug_error(self.vif))

    def test_unbound_port_without_open_vswitch(self):
        self.plug(self.vif)
        self.switch_failure[DEVICE] = None
        self.ops.unplug(self.instance, [networkinfo.vif(kind='unbound')])
        self.assertEqual(set(), self.devices)


class TestWaitForPlugged(NetworkOpsTestCase):

    def setUp(self):
        super().setUp()
        self.waited = []
        self.outcome = None
        self.virtapi.wait_for_instance_event = self._wait
        for option, value in (('vif_plugging_timeout', 30),
                              ('vif_plugging_is_fatal', True)):
            self.override(option, value)

    def override(self, option, value):
        networkops.CONF.set_override(option, value)
        self.addCleanup(networkops.CONF.clear_override, option)

    @contextlib.contextmanager
    def _wait(self, instance, events, timeout, error_callback=None):
        self.waited.append((list(events), timeout))
        yield
        if isinstance(self.outcome, str):
            error_callback(self.outcome, instance)
        elif self.outcome is not None:
            raise self.outcome

    def wait(self, *vifs):
        with self.ops.wait_for_plugged(self.instance, vifs):
            self.calls.append('body')

    def test_waits_for_the_ports_that_are_down(self):
        up = networkinfo.vif(port=SECOND, active=True)
        self.wait(self.vif, up)
        self.assertEqual(
            [([('network-vif-plugged', networkinfo.PORT)], 30)], self.waited)
        self.assertEqual(['body'], self.calls)

    def test_vif_of_an_old_cache_is_taken_for_up(self):
        del self.vif['active']
        self.wait(self.vif)
        self.assertEqual([], self.waited)

    def test_timeout_of_zero_waits_for_nothing(self):
        self.override('vif_plugging_timeout', 0)
        self.wait(self.vif)
        self.assertEqual([], self.waited)
        self.assertEqual(['body'], self.calls)

    def test_neutron_never_reports(self):
        self.outcome = networkops._timeout_class()()
        error = self.assertRaises(
            exception.VirtualInterfaceCreateException, self.wait, self.vif)
        self.assertIn(networkinfo.PORT, str(error))
        self.assertIn('30 seconds', str(error))

    def test_neutron_never_reports_and_that_is_not_fatal(self):
        self.override('vif_plugging_is_fatal', False)
        self.outcome = networkops._timeout_class()()
        self.wait(self.vif)
        self.assertEqual(['body'], self.calls)

    def test_neutron_reports_a_failure(self):
        self.outcome = f'network-vif-plugged-{networkinfo.PORT}'
        error = self.assertRaises(
            exception.VirtualInterfaceCreateException, self.wait, self.vif)
        self.assertIn(networkinfo.PORT, str(error))

    def test_neutron_reports_a_failure_and_that_is_not_fatal(self):
        self.override('vif_plugging_is_fatal', False)
        self.outcome = f'network-vif-plugged-{networkinfo.PORT}'
        self.wait(self.vif)
        self.assertEqual(['body'], self.calls)

    def test_plug_failure_inside_passes_through(self):
        def plug_fails():
            with self.ops.wait_for_plugged(self.instance, [self.vif]):
                raise exception.VirtualInterfacePlugException('no switch')
        error = self.assertRaises(
            exception.VirtualInterfacePlugException, plug_fails)
        self.assertEqual('no switch', str(error))

    def test_timeout_of_a_nova_under_eventlet(self):
        class Timeout(BaseException):
            pass

        self.outcome = Timeout()
        module = types.SimpleNamespace(Timeout=Timeout)
        with mock.patch.object(exception, 'InstanceEventTimeout', None,
                               create=True), \
                mock.patch.dict(sys.modules, {'eventlet.timeout': module}):
            self.assertRaises(
                exception.VirtualInterfaceCreateException,
                self.wait, self.vif)


class TestResolver(NetworkOpsTestCase):

    def test_resolver(self):
        vif = networkinfo.vif(
            networkinfo.subnet('10.0.0.0/24', dns=['9.9.9.9']))
        self.assertEqual((['9.9.9.9'], []), self.ops.resolver([vif]))
