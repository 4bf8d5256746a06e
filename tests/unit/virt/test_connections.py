"""The seam to os-brick: what it is given, and what becomes of its failures.

Its connectors are real where no storage is needed.
"""

import copy
from unittest import mock

from castellan.common import exception as key_exception
from nova import exception
from os_brick import exception as brick_exception
from os_brick.initiator import connector as brick
from oslo_concurrency import processutils
from oslo_config import fixture as config_fixture
from oslotest import base

from novacontainer.virt import blockdevice
from novacontainer.virt import connections

_C = mock.sentinel.context

#: As Cinder's drivers describe their volumes.
ISCSI = {
    'driver_volume_type': 'iscsi', 'serial': 'v1', 'data': {
        'target_discovered': False, 'target_portal': '198.51.100.9:3260',
        'target_iqn': 'iqn.2010-10.org.openstack:volume-v1',
        'target_lun': 1, 'volume_id': 'v1', 'auth_method': 'CHAP',
        'auth_username': 'u', 'auth_password': 'secret',
        'encrypted': False, 'access_mode': 'rw'}}
RBD = {
    'driver_volume_type': 'rbd', 'serial': 'v2', 'data': {
        'name': 'volumes/volume-v2', 'hosts': ['198.51.100.9'],
        'ports': ['6789'], 'cluster_name': 'ceph', 'auth_enabled': True,
        'auth_username': 'cinder', 'secret_type': 'ceph',
        'secret_uuid': 's', 'volume_id': 'v2', 'discard': True}}
NVMEOF = {
    'driver_volume_type': 'nvmeof', 'serial': 'v3', 'data': {
        'target_nqn': 'nqn.v3', 'vol_uuid': 'v3', 'ns_id': 1,
        'portals': [['198.51.100.9', 4420, 'tcp']], 'volume_id': 'v3'}}
LOCAL = {
    'driver_volume_type': 'local', 'serial': 'v4',
    'data': {'device_path': '/dev/loop7', 'volume_id': 'v4'}}
KEY = {'encryption_key_id': 'k', 'provider': 'luks', 'cipher': 'aes',
       'key_size': 256, 'control_location': 'front-end'}


class ConnectionsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.conf = self.useFixture(config_fixture.Config(connections.CONF))
        self.conf.config(host='cpu1', my_block_storage_ip='198.51.100.1',
                         rootwrap_config='/etc/nova/rootwrap.conf')
        self.factory = self.enterContext(mock.patch.object(
            brick.InitiatorConnector, 'factory'))
        self.connector = self.factory.return_value
        self.connector.connect_volume.return_value = {
            'type': 'block', 'path': '/dev/sdb', 'scsi_wwn': '36001'}
        self.cinder = self.enterContext(mock.patch.object(
            connections.cinder, 'API', autospec=True)).return_value
        self.encryptor = self.enterContext(mock.patch.object(
            connections.encryptors, 'get_volume_encryptor'))
        self.enterContext(mock.patch.object(
            connections.key_manager, 'API'))
        self.ours = connections.Connections()
        self.info = copy.deepcopy(ISCSI)

    def connect(self, encryption=None):
        return self.ours.connect(_C, self.info, encryption)

    def encrypt(self):
        self.info['data']['encrypted'] = True
        self.cinder.get_volume_encryption_metadata.return_value = KEY

    def assertFails(self, kind, words, call, *args):
        error = self.assertRaises(kind, call, *args)
        self.assertIn(words, str(error))
        self.assertIn('v1', str(error))
        return error


class PropertiesTestCase(ConnectionsTestCase):

    def test_properties(self):
        self.conf.config(group='novacontainer', volume_use_multipath=True)
        with mock.patch.object(
                brick, 'get_connector_properties') as properties:
            self.assertIs(properties.return_value, self.ours.properties())
        properties.assert_called_once_with(
            'sudo nova-rootwrap /etc/nova/rootwrap.conf', '198.51.100.1',
            True, False, host='cpu1')


class ConnectTestCase(ConnectionsTestCase):

    def test_what_cinder_gave_reaches_the_connector(self):
        self.conf.config(group='novacontainer', volume_use_multipath=True,
                         volume_enforce_multipath=True,
                         volume_scan_attempts=9)
        for info, extra in ((ISCSI, {}), (RBD, {'do_local_attach': True}),
                            (NVMEOF, {}), (LOCAL, {})):
            self.info = copy.deepcopy(info)
            given = []
            self.connector.connect_volume.side_effect = (
                lambda data, given=given:
                given.append(copy.deepcopy(data)) or mock.DEFAULT)
            self.assertEqual('/dev/sdb', self.connect())
            self.factory.assert_called_with(
                info['driver_volume_type'],
                'sudo nova-rootwrap /etc/nova/rootwrap.conf',
                use_multipath=True, device_scan_attempts=9,
                enforce_multipath=True, **extra)
            self.assertEqual([info['data']], given)

    def test_connectors_of_os_brick_take_it(self):
        self.factory.side_effect = self.real_factory
        for info, kind in ((ISCSI, 'ISCSIConnector'),
                           (RBD, 'RBDConnector'),
                           (NVMEOF, 'NVMeOFConnector'),
                           (LOCAL, 'LocalConnector')):
            connector = connections._connector(info)
            self.assertEqual(kind, type(connector).__name__)
        self.assertTrue(connections._connector(RBD).do_local_attach)

    real_factory = staticmethod(brick.InitiatorConnector.factory)

    def test_what_is_kept_for_the_end(self):
        self.connector.connect_volume.return_value = {
            'type': 'block', 'path': b'/dev/dm-3', 'multipath_id': '36001',
            'conf': '/tmp/conf', 'handle': object()}
        self.assertEqual('/dev/dm-3', self.connect())
        self.assertEqual('/dev/dm-3', self.info['data']['device_path'])
        self.assertEqual('36001', self.info['data']['multipath_id'])
        self.assertEqual(
            {'type': 'block', 'path': '/dev/dm-3', 'multipath_id': '36001',
             'conf': '/tmp/conf'}, self.info['device_info'])

    def test_what_is_no_device(self):
        self.connector.connect_volume.return_value = {'path': object()}
        self.assertFails(exception.VolumeAttachFailed, 'no block device',
                         self.connect)
        self.connector.disconnect_volume.assert_called_once_with(
            mock.ANY, mock.ANY, force=True, ignore_errors=True)

    def test_files_on_shared_file_systems(self):
        for protocol in ('nfs', 'GlusterFS'):
            self.info['driver_volume_type'] = protocol
            self.assertFails(exception.VolumeAttachFailed,
                             'block devices only', self.connect)
        self.factory.assert_not_called()

    def test_failures(self):
        for error, words in (
                (brick_exception.VolumeDeviceNotFound(device='x'), 'x'),
                (brick_exception.InvalidConnectorProtocol('odd'), 'odd'),
                (OSError(5, 'No disk'), 'No disk'),
                (KeyError('target_iqn'), "Cinder does not tell its 'targ")):
            self.connector.connect_volume.side_effect = error
            self.assertFails(exception.VolumeAttachFailed, words,
                             self.connect)
        self.connector.disconnect_volume.assert_not_called()

    def test_no_secret_in_a_failure(self):
        self.connector.connect_volume.side_effect = (
            processutils.ProcessExecutionError(
                cmd='iscsiadm -v secret', exit_code=7,
                stderr='one\niscsiadm: no route to host\n'))
        error = self.assertFails(
            exception.VolumeAttachFailed,
            'iscsiadm failed: iscsiadm: no route to host', self.connect)
        self.assertNotIn('secret', str(error))
        self.connector.connect_volume.side_effect = (
            processutils.ProcessExecutionError(exit_code=7))
        self.assertFails(exception.VolumeAttachFailed, 'exit code 7',
                         self.connect)


class EncryptedTestCase(ConnectionsTestCase):

    def test_connect(self):
        self.encrypt()
        self.assertEqual('/dev/sdb', self.connect())
        self.encryptor.assert_called_once_with(
            root_helper=mock.ANY, connection_info=self.info,
            keymgr=mock.ANY, **KEY)
        # One that is open already cannot be opened.
        self.assertEqual(
            [mock.call.detach_volume(**KEY),
             mock.call.attach_volume(_C, **KEY)],
            self.encryptor.return_value.mock_calls)

    def test_what_nova_knows_is_not_asked_for(self):
        self.encrypt()
        self.connect(KEY)
        self.ours.disconnect(_C, self.info, KEY)
        self.cinder.get_volume_encryption_metadata.assert_not_called()

    def test_not_encrypted(self):
        self.connect()
        self.connect({})
        self.ours.disconnect(_C, self.info)
        self.encryptor.assert_not_called()

    def test_no_key(self):
        self.encrypt()
        self.encryptor.return_value.attach_volume.side_effect = (
            key_exception.ManagedObjectNotFoundError('k'))
        self.assertFails(exception.VolumeAttachFailed, '', self.connect)
        self.connector.disconnect_volume.assert_called_once()

    def test_no_key_and_it_stays_connected(self):
        """What came first is what is reported."""
        self.encrypt()
        self.encryptor.return_value.attach_volume.side_effect = (
            key_exception.KeyManagerError('first'))
        self.connector.disconnect_volume.side_effect = OSError('second')
        self.assertFails(exception.VolumeAttachFailed, 'first',
                         self.connect)

    def test_disconnect(self):
        self.encrypt()
        self.connect()
        self.encryptor.reset_mock()
        order = mock.Mock()
        self.encryptor.return_value.detach_volume = order.close
        self.connector.disconnect_volume = order.disconnect
        self.ours.disconnect(_C, self.info)
        self.assertEqual(['close', 'disconnect'],
                         [call[0] for call in order.mock_calls])

    def test_extend(self):
        self.encrypt()
        self.connector.extend_volume.return_value = 5
        self.assertEqual(5, self.ours.extend(_C, self.info))
        self.encryptor.return_value.extend_volume.assert_called_once_with(
            _C, **KEY)

    def test_extend_where_os_brick_does_nothing(self):
        self.connect()
        self.connector.extend_volume.side_effect = NotImplementedError
        with mock.patch.object(blockdevice, 'size_bytes',
                               return_value=7) as size_bytes:
            self.assertEqual(7, self.ours.extend(_C, self.info))
        size_bytes.assert_called_once_with('/dev/sdb')


class DisconnectTestCase(ConnectionsTestCase):

    def test_disconnect(self):
        self.connect()
        self.ours.disconnect(_C, self.info)
        self.connector.disconnect_volume.assert_called_once_with(
            self.info['data'], self.info['device_info'])

    def test_never_connected(self):
        self.ours.disconnect(_C, self.info)
        self.connector.disconnect_volume.assert_called_once_with(
            self.info['data'], None)

    def test_gone_already(self):
        self.connector.disconnect_volume.side_effect = (
            brick_exception.VolumeDeviceNotFound(device='/dev/sdb'))
        self.ours.disconnect(_C, self.info)

    def test_failures(self):
        self.connector.disconnect_volume.side_effect = (
            processutils.ProcessExecutionError(
                cmd=['blockdev', '--flushbufs'], stderr='busy'))
        self.assertFails(exception.VolumeDetachFailed,
                         'busy', self.ours.disconnect, _C, self.info)


class ExtendTestCase(ConnectionsTestCase):

    def test_size(self):
        for told, size in ((7, 7), ('7', 7), (None, None)):
            self.connector.extend_volume.return_value = told
            self.assertEqual(size, self.ours.extend(_C, self.info))

    def test_failure(self):
        self.connector.extend_volume.side_effect = (
            brick_exception.VolumePathsNotFound())
        self.assertFails(exception.VolumeExtendFailed, '',
                         self.ours.extend, _C, self.info)
