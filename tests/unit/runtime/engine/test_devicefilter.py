"""The instructions, one by one; the kernel's verifier is asked elsewhere.

``tests/integration/test_device_rules.py`` loads and runs such programs.
"""

import struct

from oslotest import base

from novacontainer.runtime.engine import devicefilter

#: Word at 0 (kind, access), 4 (major), 8 (minor) into registers 2 to 5.
HEAD = ((0x61, 2, 1, 0, 0), (0xbc, 3, 2, 0, 0), (0x54, 2, 0, 0, 0xffff),
        (0x74, 3, 0, 0, 16), (0x61, 4, 1, 4, 0), (0x61, 5, 1, 8, 0))
YES = ((0xb7, 0, 0, 0, 1), (0x95, 0, 0, 0, 0))
NO = ((0xb7, 0, 0, 0, 0), (0x95, 0, 0, 0, 0))
#: What a rule of the standard ones, for (c 1:3 rwm), looks like.
NULL = ((0x55, 2, 0, 4, 2), (0x55, 4, 0, 3, 1), (0x55, 5, 0, 2, 3), *YES)


def disassembled(code):
    """Return code, target, source, offset and value of each."""
    return tuple(
        (operation, registers & 15, registers >> 4, offset, value)
        for operation, registers, offset, value in struct.iter_unpack(
            '<BBhi', code))


class DeviceFilterTest(base.BaseTestCase):

    def program(self, *rules):
        return disassembled(devicefilter.program(rules, 'little'))

    def added(self, *rules):
        """Return what rules add to the program of none."""
        standard, found = self.program(), self.program(*rules)
        end = len(standard) - len(NO)
        self.assertEqual(standard[:end], found[:end])
        self.assertEqual(NO, found[-2:])
        return found[end:-2]

    def test_standard(self):
        found = self.program()
        self.assertEqual(HEAD, found[:6])
        # Any node may be made.
        self.assertEqual(
            ((0x55, 2, 0, 5, 2), (0xbc, 1, 3, 0, 0), (0x54, 1, 0, 0, 1),
             (0x5d, 1, 3, 2, 0), *YES), found[6:12])
        self.assertEqual(NULL, found[18:23])
        self.assertEqual(NO, found[-2:])
        self.assertEqual(12, found.count(YES[0]))

    def test_everything_about_a_device(self):
        self.assertEqual(
            ((0x55, 2, 0, 4, 1), (0x55, 4, 0, 3, 7), (0x55, 5, 0, 2, 3),
             *YES),
            self.added({'type': 'b', 'major': 7, 'minor': 3,
                        'access': 'rwm'}))

    def test_a_part_of_it(self):
        self.assertEqual(
            ((0x55, 2, 0, 7, 1), (0xbc, 1, 3, 0, 0), (0x54, 1, 0, 0, 2),
             (0x5d, 1, 3, 4, 0), (0x55, 4, 0, 3, 259),
             (0x55, 5, 0, 2, 1048575), *YES),
            self.added({'type': 'b', 'major': 259, 'minor': 1048575,
                        'access': 'r'}))

    def test_two_rules_for_one_device(self):
        both = {'type': 'b', 'major': 7, 'minor': 3}
        self.assertEqual(
            self.added({**both, 'access': 'rw'}),
            self.added({**both, 'access': 'r'}, {**both, 'access': 'wr'}))

    def test_classes_of_devices(self):
        self.assertEqual(
            ((0x55, 4, 0, 2, 7), *YES),
            self.added({'type': 'a', 'major': 7, 'access': 'rwm'}))
        self.assertEqual(
            ((0xbc, 1, 3, 0, 0), (0x54, 1, 0, 0, 6), (0x5d, 1, 3, 2, 0),
             *YES), self.added({'type': 'a', 'access': 'rw'}))

    def test_everything(self):
        for rule in ({'type': 'a', 'access': 'rwm'}, {'access': 'mrw'}):
            self.assertEqual(YES, self.program(rule))

    def test_a_processor_with_the_other_order(self):
        code = devicefilter.program([], 'big')
        self.assertEqual(
            bytes((0x61, 0x21, 0, 0, 0, 0, 0, 0)), code[:8])
        self.assertEqual(
            bytes((0x54, 0x20, 0, 0, 0, 0, 0xff, 0xff)), code[16:24])
