import os
import pathlib
import threading

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.unpack import follow


class TestGrowingFile(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'blob'
        self.blob = open(path, 'wb', buffering=0)
        self.addCleanup(self.blob.close)
        reading = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, reading)
        control, self.control = os.pipe()
        self.addCleanup(os.close, control)
        self.stream = follow.GrowingFile(reading, control)
        self.target = path.parent / 'target'

    def tell(self, sign):
        os.write(self.control, sign)

    def grow(self, *parts):
        def write():
            for part in parts:
                self.blob.write(part)
                self.tell(follow.MORE)
            self.tell(follow.END)
            os.close(self.control)
        thread = threading.Thread(target=write)
        thread.start()
        self.addCleanup(thread.join)

    def test_waits_for_more(self):
        self.grow(b'ab', b'cd', b'', b'e')
        self.assertEqual([b'abc', b'de', b''],
                         [self.stream.take(3) for _ in range(3)])

    def test_large_copies_of_the_kernel(self):
        parts = [bytes([number]) * 300_000 for number in range(4)]
        self.grow(b'head', *parts, b'tail')
        self.assertEqual(b'head', self.stream.take(4))
        with open(self.target, 'wb') as target:
            self.stream.copy(target.fileno(), 1_200_000)
        self.assertEqual(b'tail', self.stream.take(10))
        self.assertEqual(b''.join(parts), self.target.read_bytes())

    def test_a_file_system_that_cannot_copy(self):
        self.useFixture(fixtures.MockPatch(
            'os.copy_file_range', side_effect=OSError(18, 'cross-device')))
        self.grow(b'x' * 500_000)
        with open(self.target, 'wb') as target:
            self.stream.copy(target.fileno(), 500_000)
        self.assertEqual(500_000, self.target.stat().st_size)

    def test_truncated(self):
        self.grow(b'x' * 200_000)
        with open(self.target, 'wb') as target:
            self.assertRaises(exception.InvalidRequest, self.stream.copy,
                              target.fileno(), 500_000)

    def test_abandoned(self):
        self.blob.write(b'abc')
        os.close(self.control)
        self.assertEqual(b'abc', self.stream.exactly(3))
        self.assertRaises(follow.Abandoned, self.stream.take, 1)
