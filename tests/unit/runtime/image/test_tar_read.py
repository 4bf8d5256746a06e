import tarfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import tar_read
from tests import archives


def stream(data):
    source = iter((data,))
    return chunks.ChunkStream(lambda: next(source, b''))


def read(data, **options):
    source = stream(data)
    found = []
    for entry in tar_read.entries(source, **options):
        found.append((entry, source.exactly(entry.size)))
    return found


def checksummed(block):
    block = bytearray(block)
    block[148:156] = b' ' * 8
    block[148:156] = b'%06o\0 ' % sum(block)
    return bytes(block)


class TestEntries(base.BaseTestCase):

    def test_fields_in_every_format(self):
        for fmt in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT,
                    tarfile.PAX_FORMAT):
            info = archives.member('a/b', mode=0o4755, uid=33, gid=44)
            (entry, data), = read(archives.tar([(info, b'hello')], fmt))
            self.assertEqual(
                (b'a/b', tar_read.REGULAR, 0o4755, 33, 44, 5,
                 archives.MTIME * 10 ** 9, b'hello'),
                (entry.name, entry.type, entry.mode, entry.uid, entry.gid,
                 entry.size, entry.mtime_ns, data))

    def test_types(self):
        kinds = {tarfile.DIRTYPE: tar_read.DIRECTORY,
                 tarfile.SYMTYPE: tar_read.SYMLINK,
                 tarfile.LNKTYPE: tar_read.LINK,
                 tarfile.CHRTYPE: tar_read.CHAR,
                 tarfile.BLKTYPE: tar_read.BLOCK_DEVICE,
                 tarfile.FIFOTYPE: tar_read.FIFO,
                 tarfile.CONTTYPE: tar_read.REGULAR,
                 tarfile.AREGTYPE: tar_read.REGULAR}
        for kind, expected in kinds.items():
            (entry, _), = read(archives.tar(
                [(archives.member('x', kind, link='y'), b'')]))
            self.assertEqual(expected, entry.type)

    def test_long_names(self):
        name, link = 'd/' * 90 + 'n' * 120, 'l' * 300
        for fmt in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            (entry, _), = read(archives.tar([(archives.member(
                name, tarfile.SYMTYPE, link=link), b'')], fmt))
            self.assertEqual((name.encode(), link.encode()),
                             (entry.name, entry.link))

    def test_ustar_prefix(self):
        name = 'p' * 120 + '/' + 'n' * 90
        (entry, _), = read(archives.tar(
            [(archives.member(name), b'')], tarfile.USTAR_FORMAT))
        self.assertEqual(name.encode(), entry.name)

    def test_large_ids_and_old_times(self):
        info = archives.member('x', uid=3_000_000, gid=4_000_000)
        info.mtime = -5
        for fmt in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            (entry, _), = read(archives.tar([(info, b'')], fmt))
            self.assertEqual((3_000_000, 4_000_000, -5 * 10 ** 9),
                             (entry.uid, entry.gid, entry.mtime_ns))

    def test_exact_time_and_xattrs(self):
        info = archives.member('x', pax={
            'mtime': '1700000000.123456789', 'SCHILY.xattr.user.a': 'b=c\n'})
        (entry, _), = read(archives.tar([(info, b'')]))
        self.assertEqual(1_700_000_000_123_456_789, entry.mtime_ns)
        self.assertEqual({b'user.a': b'b=c\n'}, entry.xattrs)

    def test_headers_of_links_have_no_data(self):
        info = archives.member('x', tarfile.LNKTYPE, link='y')
        data = bytearray(archives.tar([(info, b'')]))
        data[124:136] = b'00000001000\0'
        (entry, _), = read(checksummed(data[:512]) + bytes(1024))
        self.assertEqual(0, entry.size)

    def test_end_marker(self):
        whole = archives.tar([(archives.member('x'), b'a' * 512)])
        self.assertEqual(1, len(read(whole[:1024])))
        self.assertRaises(exception.InvalidRequest, read, whole[:1024],
                          need_end=True)
        self.assertEqual(1, len(read(whole, need_end=True)))


class TestRefused(base.BaseTestCase):

    def assert_refused(self, data, code='image.malformed'):
        error = self.assertRaises(exception.InvalidRequest, read, data)
        self.assertEqual(code, error.code)

    def test_truncated(self):
        whole = archives.tar([(archives.member('x'), b'a' * 2000)])
        for size in (1, 511, 513, 2000):
            self.assert_refused(whole[:size], 'image.truncated')

    def test_truncated_extension(self):
        whole = archives.tar([(archives.member('n' * 300), b'')])
        self.assert_refused(whole[:600], 'image.truncated')
        self.assert_refused(whole[:1024], 'image.truncated')

    def test_checksum(self):
        data = bytearray(archives.tar([(archives.member('x'), b'')]))
        data[0] ^= 1
        self.assert_refused(bytes(data))

    def test_not_a_tar(self):
        self.assert_refused(b'hello' * 1000)

    def test_sparse(self):
        data = bytearray(archives.tar([(archives.member('x'), b'')]))
        data[156] = ord('S')
        self.assert_refused(checksummed(data[:512]), 'image.unsupported')
        info = archives.member('x', pax={
            'GNU.sparse.major': '1', 'GNU.sparse.minor': '0',
            'GNU.sparse.realsize': str(1 << 40)})
        self.assert_refused(archives.tar([(info, b'')]),
                            'image.unsupported')

    def test_long_name_that_fills_memory(self):
        header = archives.member('././@LongLink', tarfile.GNUTYPE_LONGNAME)
        header.size = 100 << 20
        self.assert_refused(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))

    def test_extended_header_that_fills_memory(self):
        header = archives.member('x', tarfile.XHDTYPE)
        header.size = 100 << 20
        self.assert_refused(header.tobuf(tarfile.USTAR_FORMAT) + bytes(4096))

    def test_names_longer_than_a_path(self):
        self.assert_refused(archives.tar(
            [(archives.member('d/' * 2100), b'')]))

    def test_nul_in_the_name_of_an_attribute(self):
        self.assert_refused(archives.tar([(archives.member(
            'a', pax={'SCHILY.xattr.user.a\0b': 'v'}), b'')]))

    def test_extensions_without_end(self):
        header = archives.member('x', tarfile.XHDTYPE)
        header.size = 0
        self.assert_refused(header.tobuf(tarfile.USTAR_FORMAT) * 20)

    def test_bad_records(self):
        for records in (b'x', b'0 a=b\n', b'99 a=b\n', b'5 a=b', b'6 a=bc',
                        b'5 abc\n', b'-1 a=b\n', b' 5 a=b\n',
                        b'12 size=-50\n', b'11 size=1e\n', b'13 mtime=abc\n',
                        b'14 path=ab\0cd\n'):
            header = archives.member('x', tarfile.XHDTYPE)
            header.size = len(records)
            data = (header.tobuf(tarfile.USTAR_FORMAT)
                    + records.ljust(512, b'\0')
                    + archives.tar([(archives.member('x'), b'')]))
            self.assert_refused(data)

    def test_bad_numbers(self):
        for at, field in ((124, b'\xff' * 12), (124, b'zzzzzzzzzzz\0'),
                          (108, b'-000001\0'), (100, b'99999999')):
            data = bytearray(archives.tar([(archives.member('x'), b'')]))
            data[at:at + len(field)] = field
            self.assert_refused(checksummed(data[:512]) + bytes(1024))
