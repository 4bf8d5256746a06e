import errno
import os
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import devices
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime.service import blockio

_NODES = {'/dev/sda': devices.Node('b', 8, 0, 0o660, 0, 6),
          '/dev/null': devices.Node('c', 1, 3, 0o666, 0, 0)}


def inspect(path):
    if path in _NODES:
        return _NODES[path]
    raise exception.InvalidRequest(
        f'{path}: {os.strerror(errno.ENOENT)}', 'container.invalid_device')


class BlockIOTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        patcher = mock.patch.object(devices, 'inspect', inspect)
        patcher.start()
        self.addCleanup(patcher.stop)

    def refused(self, kind=exception.InvalidRequest, runtime='runc',
                version=1, **given):
        return self.assertRaises(
            kind, blockio.check, given, runtime, version).message

    def test_nothing(self):
        blockio.check({}, 'crun', 1)
        blockio.check({'BlkioWeight': 0, 'BlkioDeviceReadBps': None},
                      'crun', 1)
        self.assertEqual(limit_models.BlockIO(), blockio.limits({}))

    def test_throttles(self):
        found = blockio.limits({
            'BlkioDeviceReadBps': [{'Path': '/dev/sda', 'Rate': 1024}],
            'BlkioDeviceWriteIOps': [{'Path': '/dev/sda', 'Rate': 10}]})
        self.assertEqual(
            (limit_models.DeviceLimit('throttleReadBpsDevice', 8, 0, 1024),
             limit_models.DeviceLimit('throttleWriteIOPSDevice', 8, 0, 10)),
            found.throttles)

    def test_weights(self):
        given = {'BlkioWeight': 300, 'BlkioWeightDevice': [
            {'Path': '/dev/sda', 'Weight': 500}]}
        blockio.check(given, 'runc', 1)
        blockio.check(given, 'crun', 2)
        self.assertEqual(
            limit_models.BlockIO(300, (limit_models.DeviceLimit(
                'weightDevice', 8, 0, 500),)), blockio.limits(given))

    def test_weights_out_of_bounds(self):
        for weight in (9, 1001, -5):
            for given in ({'BlkioWeight': weight}, {'BlkioWeightDevice': [
                    {'Path': '/dev/sda', 'Weight': weight}]}):
                self.assertIn('from 10 to 1000', self.refused(**given))

    def test_weights_that_this_host_does_not_have(self):
        self.assertIn('or runc in place of crun', self.refused(
            exception.NotSupported, 'crun', BlkioWeight=300))

    def test_what_is_no_block_device(self):
        for path, word in (('/dev/null', 'not a block device'),
                           ('/dev/none', 'No such file'), ('', '')):
            self.assertIn(word, self.refused(
                BlkioDeviceReadBps=[{'Path': path, 'Rate': 1}]))

    def test_negative_rate(self):
        self.assertIn('BlkioDeviceWriteBps', self.refused(
            BlkioDeviceWriteBps=[{'Path': '/dev/sda', 'Rate': -1}]))
