import os

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks


def stream(*parts):
    source = iter(parts)
    return chunks.ChunkStream(lambda: next(source, b''))


class TestChunkStream(base.BaseTestCase):

    def test_take_across_chunks(self):
        found = stream(b'ab', b'c', b'defg')
        self.assertEqual([b'abcd', b'ef', b'g', b''],
                         [found.take(4), found.take(2), found.take(9),
                          found.take(1)])

    def test_peek_consumes_nothing(self):
        found = stream(b'a', b'bc', b'd')
        self.assertEqual(b'ab', found.peek(2))
        self.assertEqual(b'abcd', found.peek(9))
        self.assertEqual(b'abcd', found.take(4))
        self.assertEqual(b'', found.peek(1))

    def test_exactly(self):
        found = stream(b'abc')
        self.assertEqual(b'ab', found.exactly(2))
        error = self.assertRaises(exception.InvalidRequest, found.exactly, 2)
        self.assertEqual('image.truncated', error.code)

    def test_pieces_end_early(self):
        found = stream(b'abc').pieces(4)
        self.assertEqual(b'abc', bytes(next(found)))
        self.assertRaises(exception.InvalidRequest, next, found)

    def test_skip_and_rest(self):
        found = stream(b'abc', b'de', b'f')
        found.skip(1)
        self.assertEqual([b'bc', b'de', b'f'], list(found.rest()))
        found.skip(10)

    def test_copy(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        stream(b'abc', b'def').copy(writer, 5)
        os.close(writer)
        self.assertEqual(b'abcde', os.read(reader, 10))
