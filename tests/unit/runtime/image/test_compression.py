import bz2
import gzip
import lzma
import random
from unittest import mock
import zlib

from oslotest import base
import zstandard

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression

PACKERS = {
    compression.GZIP: gzip.compress,
    compression.XZ: lzma.compress,
    compression.BZIP2: bz2.compress,
    compression.ZSTD: zstandard.ZstdCompressor(
        write_checksum=True).compress,
}
#: Half incompressible, half a run of zeros, longer than a chunk.
PLAIN = random.Random(1).randbytes(200_000) + bytes(3 << 20)


def cut(data, size):
    return (data[at:at + size] for at in range(0, len(data), size))


def drain(source):
    for _ in source:
        pass


class TestDecompress(base.BaseTestCase):

    def test_detect(self):
        for kind, pack in PACKERS.items():
            self.assertEqual(kind, compression.detect(pack(b'x')))
        self.assertEqual(compression.PLAIN, compression.detect(b'usr/'))
        self.assertEqual(compression.PLAIN, compression.detect(b''))

    def test_round_trip(self):
        for kind, pack in PACKERS.items():
            for size in (7, 1000, 1 << 20):
                data = pack(PLAIN) if size > 7 else pack(PLAIN[:5000])
                found = b''.join(
                    compression.decompress(kind, cut(data, size)))
                self.assertEqual(
                    zlib.crc32(PLAIN if size > 7 else PLAIN[:5000]),
                    zlib.crc32(found))

    def test_streams_one_after_the_other(self):
        for kind, pack in PACKERS.items():
            data = pack(b'one') + pack(b'two')
            for size in (1, 1000):
                self.assertEqual(b'onetwo', b''.join(
                    compression.decompress(kind, cut(data, size))))

    def test_output_comes_in_bounded_chunks(self):
        for kind, pack in PACKERS.items():
            data = pack(bytes(64 << 20))
            largest = max(map(len, compression.decompress(
                kind, iter([data]))))
            self.assertLessEqual(largest, 4 * chunks.CHUNK_BYTES)

    def test_truncated(self):
        for kind, pack in PACKERS.items():
            if kind == compression.ZSTD:
                continue  # told by the tar inside, see the load tests
            data = pack(PLAIN[:5000])[:-6]
            error = self.assertRaises(
                exception.InvalidRequest, list,
                compression.decompress(kind, iter([data])))
            self.assertEqual('image.truncated', error.code)

    def test_damaged(self):
        for kind, pack in PACKERS.items():
            data = bytearray(pack(PLAIN[:50_000]))
            data[1000:1100] = bytes(100)
            self.assertRaises(
                exception.InvalidRequest, drain,
                compression.decompress(kind, iter([bytes(data)])))

    def test_something_else_behind(self):
        data = gzip.compress(b'x')
        self.assertEqual(b'x', b''.join(compression.decompress(
            compression.GZIP, iter([data + bytes(512)]))))
        self.assertRaises(
            exception.InvalidRequest, list,
            compression.decompress(compression.GZIP, iter([data + b'junk'])))

    def test_plain(self):
        self.assertEqual([b'a'], list(compression.decompress(
            compression.PLAIN, iter([b'a']))))

    def test_many_streams_within_one_chunk(self):
        # Each costs a copy of what follows it: of 64 KiB, not of it all.
        for kind, module in (('gzip', gzip), ('bzip2', bz2)):
            with mock.patch.object(compression, '_SLICE_BYTES', 1000):
                data = module.compress(b'x') * 500
                self.assertEqual(b'x' * 500, b''.join(
                    compression.decompress(kind, iter([data]))))
