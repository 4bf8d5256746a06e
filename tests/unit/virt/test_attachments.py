from unittest import mock

from cinderclient import exceptions as cinder_exceptions
from nova.compute import vm_states
from nova import exception
from nova.objects import block_device as bdm_objects
from oslo_serialization import jsonutils
from oslotest import base

from novacontainer.virt import attachments
from novacontainer.virt import volumeops
from tests import instances

_C = mock.sentinel.context
_INFO = {'driver_volume_type': 'local', 'data': {'device_path': '/dev/x'}}


class AttachmentsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.cinder = self.enterContext(mock.patch.object(
            attachments.cinder, 'API', autospec=True)).return_value
        self.cinder.attachment_get.return_value = {
            'connection_info': dict(_INFO)}
        self.volumes = mock.create_autospec(
            volumeops.VolumeOps, instance=True)
        self.instance = instances.instance()
        self.bdm = mock.create_autospec(
            bdm_objects.BlockDeviceMapping, instance=True,
            instance_uuid=self.instance.uuid, is_volume=True,
            attachment_id='a1', volume_id='v1', device_name='/dev/vdb',
            connection_info=None)
        self.listed = self.enterContext(mock.patch.object(
            bdm_objects.BlockDeviceMappingList, 'get_by_instance_uuids'))
        self.begun = self.enterContext(mock.patch.object(
            attachments.actions, 'attach_begun', autospec=True))
        self.listed.return_value = [self.bdm]
        self.rpc = self.enterContext(mock.patch.object(
            attachments.rpcapi, 'ComputeAPI')).return_value
        self.detach_died = self.enterContext(mock.patch.object(
            attachments.actions, 'detach_died', autospec=True,
            return_value=False))

    def settle(self):
        attachments.Attachments(self.volumes).settle(_C, [self.instance])

    def assertLeftAlone(self):
        self.volumes.detach.assert_not_called()
        self.cinder.attachment_delete.assert_not_called()
        self.bdm.destroy.assert_not_called()

    def test_taken_back(self):
        for nothing in (None, '{}', 'null'):
            self.bdm.reset_mock()
            self.bdm.connection_info = nothing
            self.settle()
            self.volumes.detach.assert_called_with(
                _C, {**_INFO, 'serial': 'v1'}, self.instance, '/dev/vdb',
                None)
            self.cinder.attachment_delete.assert_called_with(_C, 'a1')
            self.bdm.destroy.assert_called_once_with()
            self.bdm.save.assert_not_called()

    def test_what_is_attached(self):
        self.bdm.connection_info = jsonutils.dumps(_INFO)
        self.settle()
        self.cinder.attachment_get.assert_not_called()
        self.cinder.get.assert_not_called()
        self.assertLeftAlone()

    def test_died_detaching(self):
        self.bdm.connection_info = jsonutils.dumps(_INFO)
        self.detach_died.return_value = True
        for status in ('detaching', 'available'):
            self.rpc.reset_mock()
            self.cinder.get.return_value = {'status': status}
            self.settle()
            self.rpc.detach_volume.assert_called_once_with(
                _C, self.instance, 'v1', 'a1')
        self.detach_died.assert_called_with(_C, self.instance.uuid)
        self.assertLeftAlone()

    def test_died_detaching_another(self):
        self.bdm.connection_info = jsonutils.dumps(_INFO)
        self.detach_died.return_value = True
        self.cinder.get.return_value = {'status': 'in-use'}
        self.settle()
        self.rpc.detach_volume.assert_not_called()
        self.assertLeftAlone()

    def test_what_is_no_volume_of_cinder(self):
        for field, value in (('is_volume', False), ('attachment_id', None)):
            with mock.patch.object(self.bdm, field, value):
                self.settle()
        self.cinder.attachment_get.assert_not_called()
        self.assertLeftAlone()

    def test_request_that_waits(self):
        self.cinder.attachment_get.return_value = {'connection_info': {}}
        self.begun.return_value = False
        self.settle()
        self.begun.assert_called_once_with(_C, self.bdm)
        self.assertLeftAlone()

    def test_died_before_it_was_connected(self):
        self.cinder.attachment_get.return_value = {'connection_info': {}}
        self.begun.return_value = True
        self.settle()
        self.volumes.detach.assert_not_called()
        self.cinder.attachment_delete.assert_called_with(_C, 'a1')
        self.bdm.destroy.assert_called_once_with()

    def test_build(self):
        self.instance.vm_state = vm_states.BUILDING
        self.settle()
        self.listed.assert_not_called()

    def test_in_use(self):
        """Then Nova knows how to detach it when it is asked to."""
        self.volumes.detach.side_effect = exception.DeviceDetachFailed(
            device='/dev/vdb', reason='it is in use')
        self.settle()
        self.assertEqual({**_INFO, 'serial': 'v1'},
                         jsonutils.loads(self.bdm.connection_info))
        self.bdm.save.assert_called_once_with()
        self.cinder.attachment_delete.assert_not_called()
        self.bdm.destroy.assert_not_called()

    def test_cinder_fails(self):
        """One is logged, and the next one is gone over."""
        self.listed.return_value = [self.bdm] * 3
        self.cinder.attachment_get.side_effect = [
            exception.CinderConnectionFailed(reason='away'),
            cinder_exceptions.Unauthorized(401),
            {'connection_info': dict(_INFO)}]
        self.settle()
        self.bdm.destroy.assert_called_once_with()
