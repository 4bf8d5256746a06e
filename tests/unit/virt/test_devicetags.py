from unittest import mock

from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids
from oslotest import base

from novacontainer.virt import devicetags
from tests import instances

_C = mock.sentinel.context
_MAC = '52:54:00:00:00:01'


class DeviceTagsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.instance = instances.instance(device_metadata=None)
        self.save = self.enterContext(mock.patch.object(
            objects.Instance, 'save'))
        self.vifs = self.rows(objects.VirtualInterfaceList)
        self.disks = self.rows(objects.BlockDeviceMappingList)

    def rows(self, kind):
        return self.enterContext(mock.patch.object(
            kind, 'get_by_instance_uuid', return_value=[])).return_value

    def disk(self, tag, destination='volume', name='/dev/vdb'):
        self.disks.append(objects.BlockDeviceMapping(
            tag=tag, destination_type=destination, device_name=name,
            volume_id=uuids.volume))

    def test_tags(self):
        self.vifs.append(objects.VirtualInterface(address=_MAC, tag='front'))
        self.disk('data')
        devicetags.tell(_C, self.instance)
        port, disk = self.instance.device_metadata.devices
        self.assertEqual((_MAC, ['front']), (port.mac, port.tags))
        self.assertEqual(('/dev/vdb', uuids.volume, ['data']),
                         (disk.path, disk.serial, disk.tags))
        self.save.assert_not_called()

    def test_nothing_with_a_tag(self):
        self.vifs += [objects.VirtualInterface(address=_MAC),
                      objects.VirtualInterface(address=_MAC, tag=None)]
        self.disk(None)
        self.disk('x', destination='local')
        self.disk('x', name=None)
        devicetags.save(_C, self.instance)
        self.assertIsNone(self.instance.device_metadata)
        self.save.assert_not_called()

    def test_one_more(self):
        self.disk('data')
        devicetags.save(_C, self.instance)
        self.save.assert_called_once_with()
        self.assertEqual(1, len(self.instance.device_metadata.devices))

    def test_one_that_has_gone(self):
        self.instance.device_metadata = objects.InstanceDeviceMetadata(
            devices=[objects.DiskMetadata(tags=['data'])])
        devicetags.save(_C, self.instance)
        self.assertEqual([], self.instance.device_metadata.devices)
        self.save.assert_called_once_with()
