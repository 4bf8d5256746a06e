from oslotest import base

from novacontainer.client import exceptions
from novacontainer.client import framing

_OUT = b'\x01\0\0\0\0\0\0\x03one'
_ERR = b'\x02\0\0\0\0\0\0\x03two'


class FramesTestCase(base.BaseTestCase):

    def test_any_cut_gives_the_same_frames(self):
        whole = _OUT + _ERR
        for size in range(1, len(whole) + 1):
            chunks = [whole[at:at + size]
                      for at in range(0, len(whole), size)]
            self.assertEqual(
                [(framing.STDOUT, b'one'), (framing.STDERR, b'two')],
                list(framing.frames(chunks)))

    def test_nothing(self):
        self.assertEqual([], list(framing.frames([])))

    def test_empty_frame(self):
        self.assertEqual(
            [(1, b'')], list(framing.frames([b'\x01' + b'\0' * 7])))

    def test_cut_off(self):
        for end in (3, 9):
            self.assertRaisesRegex(
                exceptions.ProtocolFailed, 'inside a frame',
                list, framing.frames([_OUT[:end]]))

    def test_unknown_stream(self):
        self.assertRaisesRegex(
            exceptions.ProtocolFailed, 'stream 7',
            list, framing.frames([b'\x07' + _OUT[1:]]))
