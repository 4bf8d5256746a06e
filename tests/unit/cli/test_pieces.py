from oslotest import base

from novacontainer.cli import pieces


class PiecesTestCase(base.BaseTestCase):

    def test_read(self):
        source = pieces.Pieces([b'ab', b'c', b'defgh', b'i'])
        self.assertEqual(b'abc', source.read(3))
        self.assertEqual([b'de', b'fg', b'hi', b'', b''],
                         [source.read(2) for _ in range(5)])

    def test_a_fault_passes_through(self):
        def source():
            yield b'x'
            raise OSError

        found = pieces.Pieces(source())
        self.assertEqual(b'x', found.read(1))
        self.assertRaises(OSError, found.read, 1)
