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
        for flags, idle in ((0x1003, True), (0x1043, False)):
            with mock.patch('fcntl.ioctl', return_value=struct.pack(
                    '16sh22x', b'br', flags)):
                self.assertIs(idle, links.is_idle('br'))

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
