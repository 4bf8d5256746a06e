import ctypes
import errno
import struct
from unittest import mock

from oslotest import base

from novacontainer.runtime.host import links


class LinksTest(base.BaseTestCase):

    def test_exists(self):
        self.assertTrue(links.exists('lo'))
        self.assertFalse(links.exists('no-such-link'))

    def test_a_bridge_that_is_there_or_gone_is_fine(self):
        for number, call in ((errno.EEXIST, links.add_bridge),
                             (errno.ENODEV, links.delete_bridge),
                             (errno.ENXIO, links.delete_bridge)):
            with mock.patch('fcntl.ioctl', side_effect=OSError(number, '')):
                call('nc-unit')

    def test_other_faults_are_told(self):
        for call in (links.add_bridge, links.delete_bridge):
            with mock.patch('fcntl.ioctl',
                            side_effect=OSError(errno.EPERM, '')):
                self.assertRaises(OSError, call, 'nc-unit')

    def test_a_bridge_goes_down_first(self):
        with mock.patch('fcntl.ioctl') as ioctl:
            links.delete_bridge('nc-unit')
        self.assertEqual([0x8914, 0x89A1],
                         [call.args[1] for call in ioctl.call_args_list])
        self.assertEqual(40, len(ioctl.call_args_list[0].args[2]))

    def test_idle(self):
        self.assertFalse(links.is_idle('no-such-link'))
        self.assertIn('lo', links.names())
        for carrier, idle in ((0, True), (1, False)):
            def answer(_control, number, request, carrier=carrier):
                self.assertEqual(0x8946, number)
                name, address = struct.unpack('16sP16x', request)
                self.assertEqual(b'br', name.rstrip(b'\0'))
                value = (ctypes.c_uint32 * 2).from_address(address)
                self.assertEqual(0xA, value[0])
                value[1] = carrier
            with mock.patch('fcntl.ioctl', answer):
                self.assertIs(idle, links.is_idle('br'))
        self.assertFalse(links.is_idle('lo'))

    def test_address(self):
        self.assertEqual('', links.address('no-such-link'))
        with mock.patch('fcntl.ioctl', return_value=struct.pack(
                '16sHH4s16x', b'br', 2, 0, bytes((10, 9, 0, 1)))):
            self.assertEqual('10.9.0.1', links.address('br'))

    def test_routed(self):
        text = ('Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\t'
                'Mask\tMTU\tWindow\tIRTT\n'
                'eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n'
                'eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n')
        with mock.patch('builtins.open', mock.mock_open(read_data=text)):
            self.assertEqual([(0xAC110000, 0xFFFF0000)], links.routed())
            self.assertEqual([], links.routed(beside='eth0'))
