import copy
from unittest import mock

from nova import context as nova_context
from nova import exception
from nova import objects
from nova.virt import block_device as nova_block_device
from oslo_utils.fixture import uuidsentinel as uuids
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import devices
from novacontainer.client import exceptions
from novacontainer.virt import connections
from novacontainer.virt import volumeops
from tests import instances

_C = mock.sentinel.context
_LABEL = 'org.openstack.nova.instance'


def volume(number, **fields):
    """A row of ``block_device_mapping``: v1 is /dev/sd1 and /dev/vd1."""
    return {'connection_info': {
        'driver_volume_type': 'iscsi', 'serial': f'v{number}',
        'data': {'device_path': f'/dev/sd{number}'}, **fields},
        'mount_device': f'/dev/vd{number}'}


def device(number, access='rw'):
    return devices.Device(f'/dev/sd{number}', f'/dev/vd{number}', access)


class VolumeOpsTestCase(base.BaseTestCase):
    """``self.steps`` has what was done, ``self.plugged`` what is where."""

    def setUp(self):
        super().setUp()
        self.instance = instances.instance()
        self.name = f'nova-{self.instance.uuid}'
        self.steps = []
        self.plugged = {self.name: []}
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.devices = mock.create_autospec(devices.Devices, instance=True)
        self.client.devices = self.devices
        self.devices.plugged.side_effect = (
            lambda name: list(self.container(name)))
        self.devices.plug.side_effect = self.plug
        self.devices.unplug.side_effect = self.unplug
        self.client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        self.client.containers.list.side_effect = self.list
        self.connections = mock.create_autospec(
            connections.Connections, instance=True)
        self.connections.connect.side_effect = self.connect
        self.connections.disconnect.side_effect = self.disconnect
        self.fails = {}
        self.tags = self.enterContext(mock.patch.object(
            volumeops, 'devicetags', autospec=True))
        self.ops = volumeops.VolumeOps(self.client, self.connections)

    def step(self, verb, what):
        self.steps.append(f'{verb} {what}')
        if self.steps[-1] in self.fails:
            raise self.fails[self.steps[-1]]

    def container(self, name):
        if name not in self.plugged:
            raise exceptions.NotFound('No such container')
        return self.plugged[name]

    def plug(self, name, wanted):
        self.step('plug', wanted.path)
        self.container(name).append(wanted)

    def unplug(self, name, path, force=False):
        present = self.container(name)
        found = [one for one in present if one.path == path]
        if not found:
            raise exceptions.NotFound('No such device')
        self.step('force' if force else 'unplug', path)
        present.remove(found[0])

    def list(self, filters):
        return [containers.Container(name, name, 'exited', '', {
            _LABEL: name.removeprefix('nova-').removesuffix('-rescued')})
            for name in self.plugged]

    def connect(self, context, info, encryption=None):
        self.step('connect', info['serial'])
        return info['data']['device_path']

    def disconnect(self, context, info, encryption=None):
        self.step('disconnect', info['serial'])


class AttachTestCase(VolumeOpsTestCase):

    def attach(self, number=1, mountpoint='/dev/vd1', **fields):
        self.ops.attach(_C, volume(number, **fields)['connection_info'],
                        self.instance, mountpoint, {})

    def test_plugged_when_it_is_connected(self):
        self.attach()
        self.assertEqual(['connect v1', 'plug /dev/vd1'], self.steps)
        self.assertEqual([device(1)], self.plugged[self.name])
        self.tags.save.assert_called_once_with(_C, self.instance)

    def test_name_without_its_directory(self):
        self.attach(mountpoint='vd1')
        self.assertEqual([device(1)], self.plugged[self.name])

    def test_read_only(self):
        self.attach(data={'device_path': '/dev/sd1', 'access_mode': 'ro'})
        self.assertEqual([device(1, 'r')], self.plugged[self.name])

    def test_connect_fails(self):
        self.fails['connect v1'] = exception.VolumeAttachFailed(
            volume_id='v1', reason='no')
        self.assertRaises(exception.VolumeAttachFailed, self.attach)
        self.assertEqual(['connect v1'], self.steps)

    def test_plug_fails(self):
        for error in (exceptions.Forbidden('Set pluggable_devices.'),
                      exceptions.Conflict('It is taken.'),
                      exceptions.NotSupported('Stop it.'),
                      exceptions.NotFound('No such container.'),
                      exceptions.ConnectionFailed('The socket is gone.')):
            self.steps.clear()
            self.fails['plug /dev/vd1'] = error
            raised = self.assertRaises(
                exception.VolumeAttachFailed, self.attach)
            self.assertIn(error.message, str(raised))
            self.assertEqual(
                ['connect v1', 'plug /dev/vd1', 'disconnect v1'],
                self.steps)

    def test_plug_fails_and_it_stays_connected(self):
        self.fails['plug /dev/vd1'] = exceptions.Failed('first')
        self.fails['disconnect v1'] = exception.VolumeDetachFailed(
            volume_id='v1', reason='second')
        error = self.assertRaises(exception.VolumeAttachFailed, self.attach)
        self.assertIn('first', str(error))


class DetachTestCase(VolumeOpsTestCase):

    def setUp(self):
        super().setUp()
        self.plugged[self.name] = [device(1)]
        self.info = volume(1)['connection_info']

    def detach(self, mountpoint='/dev/vd1'):
        self.ops.detach(_C, self.info, self.instance, mountpoint, {})

    def test_unplugged_before_it_is_disconnected(self):
        self.detach()
        self.assertEqual(['unplug /dev/vd1', 'disconnect v1'], self.steps)
        self.assertEqual([], self.plugged[self.name])

    def test_from_both_of_what_is_rescued(self):
        self.plugged[f'{self.name}-rescued'] = [device(1)]
        self.detach('vd1')
        self.assertEqual(
            ['unplug /dev/vd1', 'unplug /dev/vd1', 'disconnect v1'],
            self.steps)

    def test_nothing_to_unplug(self):
        self.plugged[self.name] = []
        self.detach()
        del self.plugged[self.name]
        self.detach()
        self.assertEqual(['disconnect v1'] * 2, self.steps)

    def test_in_use(self):
        self.fails['unplug /dev/vd1'] = exceptions.Conflict(
            '/dev/vd1 is in use', 'container.device_busy')
        error = self.assertRaises(exception.DeviceDetachFailed, self.detach)
        self.assertIn('/dev/vd1 is in use', str(error))
        self.assertEqual(['unplug /dev/vd1'], self.steps)
        self.assertEqual([device(1)], self.plugged[self.name])

    def test_disconnect_fails_and_goes_at_the_second_try(self):
        self.fails['disconnect v1'] = exception.VolumeDetachFailed(
            volume_id='v1', reason='busy')
        self.assertRaises(exception.VolumeDetachFailed, self.detach)
        self.fails.clear()
        self.steps.clear()
        self.detach()
        self.assertEqual(['disconnect v1'], self.steps)


class MultiattachTestCase(VolumeOpsTestCase):

    def setUp(self):
        super().setUp()
        self.plugged[self.name] = [device(1)]
        self.other = f'nova-{uuids.other}'
        self.info = volume(1, multiattach=True)['connection_info']

    def detach(self):
        self.ops.detach(_C, self.info, self.instance, '/dev/vd1', {})

    def test_the_last_one_disconnects(self):
        self.plugged[self.other] = [device(2)]
        self.detach()
        self.assertEqual(['unplug /dev/vd1', 'disconnect v1'], self.steps)

    def test_others_keep_it(self):
        self.plugged[self.other] = [
            device(2), devices.Device('/dev/sd1', '/dev/vdx')]
        self.detach()
        self.assertEqual(['unplug /dev/vd1'], self.steps)

    def test_only_where_cinder_allows_it(self):
        self.info.pop('multiattach')
        self.plugged[self.other] = [device(1)]
        self.detach()
        self.assertEqual(['unplug /dev/vd1', 'disconnect v1'], self.steps)

    def test_one_that_goes_meanwhile(self):
        self.plugged[self.other] = [device(1)]
        listed = self.list({})
        del self.plugged[self.other]
        self.client.containers.list.side_effect = lambda filters: listed
        self.detach()
        self.assertEqual('disconnect v1', self.steps[-1])

    def test_runtime_away(self):
        """Others may have it, so it stays."""
        self.client.containers.list.side_effect = (
            exceptions.ConnectionFailed('The socket is gone.'))
        self.assertRaises(exception.HypervisorUnavailable, self.detach)
        self.assertEqual(['unplug /dev/vd1'], self.steps)


class ConnectTestCase(VolumeOpsTestCase):

    def connect_all(self, *volumes):
        self.ops.connect(_C, self.instance,
                         {'block_device_mapping': list(volumes)})

    def test_all(self):
        self.connect_all(volume(1), volume(2))
        self.assertEqual(
            ['connect v1', 'connect v2', 'plug /dev/vd1', 'plug /dev/vd2'],
            self.steps)

    def test_again(self):
        self.plugged[self.name] = [device(1)]
        self.connect_all(volume(1))
        self.assertEqual(['connect v1'], self.steps)

    def test_device_that_has_another_name_since_the_host_booted(self):
        self.plugged[self.name] = [
            devices.Device('/dev/sd9', '/dev/vd1', 'rw')]
        self.connect_all(volume(1))
        self.assertEqual(['connect v1', 'force /dev/vd1', 'plug /dev/vd1'],
                         self.steps)
        self.assertEqual([device(1)], self.plugged[self.name])

    def test_what_nova_knows_nothing_of_goes(self):
        self.plugged[self.name] = [device(1), device(2)]
        self.connect_all(volume(2))
        self.assertEqual([device(2)], self.plugged[self.name])

    def test_nothing_known(self):
        self.plugged[self.name] = [device(1)]
        self.ops.connect(_C, self.instance, None)
        self.assertEqual([], self.steps)
        self.ops.connect(_C, self.instance, {})
        self.assertEqual(['force /dev/vd1'], self.steps)

    def test_runtime_away_and_no_volumes(self):
        """Nobody is to look for a volume."""
        self.client.devices.plugged.side_effect = (
            exceptions.ConnectionFailed('The socket is gone.'))
        self.assertRaises(exceptions.ConnectionFailed, self.connect_all)
        self.assertRaises(exception.VolumeAttachFailed, self.connect_all,
                          volume(1))

    def test_all_or_nothing(self):
        self.fails['connect v2'] = exception.VolumeAttachFailed(
            volume_id='v2', reason='no')
        self.assertRaises(exception.VolumeAttachFailed, self.connect_all,
                          volume(1), volume(2))
        self.assertEqual(['connect v1', 'connect v2', 'disconnect v1'],
                         self.steps)

    def test_plug_fails(self):
        self.fails['plug /dev/vd2'] = exceptions.Forbidden('No.')
        error = self.assertRaises(
            exception.VolumeAttachFailed, self.connect_all,
            volume(1), volume(2))
        self.assertIn('v1, v2', str(error))
        self.assertEqual(
            ['plug /dev/vd1', 'plug /dev/vd2', 'force /dev/vd1',
             'disconnect v2', 'disconnect v1'], self.steps[2:])
        self.assertEqual([], self.plugged[self.name])

    def test_undo_fails_too(self):
        self.fails['plug /dev/vd2'] = exceptions.Forbidden('first')
        self.fails['force /dev/vd1'] = exceptions.ConnectionFailed('second')
        error = self.assertRaises(
            exception.VolumeAttachFailed, self.connect_all,
            volume(1), volume(2))
        self.assertIn('first', str(error))
        self.assertEqual('disconnect v1', self.steps[-1])

    def test_what_os_brick_told_is_stored(self):
        row = mock.create_autospec(
            nova_block_device.DriverVolumeBlockDevice, instance=True)
        row.__getitem__.side_effect = volume(1).__getitem__
        self.connect_all(row)
        row.save.assert_called_once_with()


class DisconnectTestCase(VolumeOpsTestCase):

    def disconnect_all(self, *volumes):
        self.ops.disconnect(_C, self.instance,
                            {'block_device_mapping': list(volumes)})

    def test_all(self):
        self.plugged[self.name] = [device(1), device(2)]
        self.disconnect_all(volume(1), volume(2))
        self.assertEqual(
            ['force /dev/vd1', 'disconnect v1', 'force /dev/vd2',
             'disconnect v2'], self.steps)

    def test_container_that_is_gone(self):
        del self.plugged[self.name]
        self.disconnect_all(volume(1))
        self.assertEqual(['disconnect v1'], self.steps)

    def test_nothing(self):
        self.ops.disconnect(_C, self.instance, None)
        self.ops.disconnect(_C, self.instance, {})
        self.assertEqual([], self.steps)

    def test_failures_do_not_keep_the_others(self):
        self.plugged[self.name] = [device(1)]
        self.fails['force /dev/vd1'] = exceptions.ConnectionFailed('gone')
        self.fails['disconnect v2'] = exception.VolumeDetachFailed(
            volume_id='v2', reason='busy')
        self.disconnect_all(volume(1), volume(2), volume(3))
        self.assertEqual(['force /dev/vd1', 'disconnect v2',
                          'disconnect v3'], self.steps)


class ExtendTestCase(VolumeOpsTestCase):

    def extend(self, size_bytes):
        self.ops.extend(_C, volume(1)['connection_info'], self.instance,
                        size_bytes)

    def test_extend(self):
        for seen in (7, 8, None):
            self.connections.extend.return_value = seen
            self.extend(7)

    def test_host_does_not_see_it(self):
        self.connections.extend.return_value = 6
        error = self.assertRaises(exception.VolumeExtendFailed,
                                  self.extend, 7)
        self.assertIn('6 bytes of 7', str(error))


class OtherTestCase(VolumeOpsTestCase):

    def test_connector(self):
        self.assertIs(self.connections.properties.return_value,
                      self.ops.get_connector())

    def test_known(self):
        context = nova_context.get_admin_context()
        self.instance.root_device_name = '/dev/vda'
        rows = [objects.BlockDeviceMapping(
            context, source_type='volume', destination_type='volume',
            volume_id=uuids.volume, device_name='/dev/vdb',
            connection_info=info, boot_index=None, guest_format=None,
            device_type=None, disk_bus=None, attachment_id=None,
            delete_on_termination=False, volume_type=None, no_device=False)
            for info in ('{"serial": "v1"}', None)]
        with mock.patch.object(
                objects.BlockDeviceMappingList, 'get_by_instance_uuid',
                return_value=copy.copy(rows)) as get:
            found = volumeops.known(context, self.instance)
        get.assert_called_once_with(context, self.instance.uuid)
        row, = found['block_device_mapping']
        self.assertEqual({'serial': 'v1'}, row['connection_info'])
