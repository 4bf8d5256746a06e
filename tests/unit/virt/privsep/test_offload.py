import fcntl
from unittest import mock

from oslotest import base

from novacontainer.virt.privsep import offload


class TestDisable(base.BaseTestCase):

    def test_request(self):
        with mock.patch.object(fcntl, 'ioctl') as ioctl:
            offload.disable_tx_checksum('eth0')
        (_, number, request), _ = ioctl.call_args
        self.assertEqual(0x8946, number)
        # struct ifreq: 16 bytes of name, a union of 24 bytes.
        self.assertEqual(40, len(request))
        self.assertEqual(b'eth0'.ljust(16, b'\0'), request[:16])

    def test_unknown_interface(self):
        self.assertRaises(
            OSError, offload.disable_tx_checksum, 'ethffffff')
