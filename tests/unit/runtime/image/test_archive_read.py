import gzip
import io
import tarfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import archive_read
from novacontainer.runtime.image import limits
from tests import archives


def members(data, **bounds):
    stream = archive_read.open_stream(io.BytesIO(data))
    found = []
    for member in archive_read.members(stream, limits.Limits(**bounds)):
        if isinstance(member, archive_read.LayerMember):
            stream.skip(member.size_bytes)
        found.append(member)
    return found


class TestKind(base.BaseTestCase):

    def is_root(self, name, data=b''):
        whole = archives.tar([(archives.member(name), data)])
        return archive_read.is_root_filesystem(
            archive_read.open_stream(io.BytesIO(whole)))

    def test_names_of_image_archives(self):
        digits = 'a1' * 32
        for name in ('blobs/', './blobs/sha256', 'manifest.json',
                     'index.json', 'oci-layout', 'repositories', digits,
                     f'{digits}.json', f'{digits}.tar',
                     f'{digits}/layer.tar', f'{digits}.tar.gz',
                     f'sha256:{digits}'):
            self.assertFalse(self.is_root(name), name)

    def test_root_filesystems(self):
        for name in ('./', 'bin/sh', 'etc/', './bin', 'manifest.json.d',
                     '.dockerenv', '/bin', 'blobsy'):
            self.assertTrue(self.is_root(name), name)

    def test_the_dot_says_nothing(self):
        whole = archives.tar([
            (archives.member('./', tarfile.DIRTYPE), b''),
            (archives.member('./index.json'), b'{}')])
        self.assertFalse(archive_read.is_root_filesystem(
            archive_read.open_stream(io.BytesIO(whole))))

    def test_nothing_is_consumed(self):
        whole = archives.tar([(archives.member('index.json'), b'{}')])
        stream = archive_read.open_stream(io.BytesIO(gzip.compress(whole)))
        archive_read.is_root_filesystem(stream)
        self.assertEqual(whole, b''.join(stream.rest()))

    def test_not_a_tarball(self):
        for data in (b'', b'hello', b'\x7fELF' + bytes(2000), bytes(5000),
                     gzip.compress(b'hello')):
            error = self.assertRaises(
                exception.InvalidRequest, archive_read.is_root_filesystem,
                archive_read.open_stream(io.BytesIO(data)))
            self.assertEqual('image.not_a_tarball', error.code)


class TestMembers(base.BaseTestCase):

    def test_told_by_content(self):
        layer = archives.layer({'a': b'b'})
        found = members(archives.tar([
            (archives.member('x', tarfile.DIRTYPE), b''),
            (archives.member('one'), b' \n{"a": 1}'),
            (archives.member('two'), layer),
            (archives.member('three'), gzip.compress(layer)),
            (archives.member('p', tarfile.FIFOTYPE), b'')]))
        self.assertEqual(
            [archive_read.Document('one', b' \n{"a": 1}'),
             archive_read.LayerMember('two', len(layer), 'plain'),
             archive_read.LayerMember(
                 'three', len(gzip.compress(layer)), 'gzip')], found)

    def test_a_layer_that_looks_like_json(self):
        layer = archives.layer({'{}': b'x'})
        found, = members(archives.tar([(archives.member('l'), layer)]))
        self.assertIsInstance(found, archive_read.LayerMember)

    def test_links_name_members_only(self):
        found = members(archives.tar([
            (archives.member('a/layer.tar', tarfile.SYMTYPE,
                             link='../b/layer.tar'), b''),
            (archives.member('c', tarfile.SYMTYPE,
                             link='/etc/passwd'), b''),
            (archives.member('d', tarfile.LNKTYPE, link='a/x'), b'')]))
        self.assertEqual(['b/layer.tar', '/etc/passwd', 'a/x'],
                         [alias.target for alias in found])

    def test_bounds(self):
        for bounds, data in (
                ({'members': 2}, [b'{}'] * 3),
                ({'document_bytes': 100}, [b'[' + b' ' * 100]),
                ({'documents_bytes': 100}, [b'[' + b' ' * 50] * 2)):
            whole = archives.tar(
                [(archives.member(str(number)), text)
                 for number, text in enumerate(data)])
            error = self.assertRaises(exception.InvalidRequest, members,
                                      whole, **bounds)
            self.assertEqual('image.too_large', error.code)

    def test_names_count(self):
        data = archives.tar([
            (archives.member(f'{number}' + 'a' * 2000, tarfile.SYMTYPE,
                             link='b' * 2000), b'') for number in range(9)])
        self.assertEqual(9, len(members(data)))
        self.assertRaises(exception.InvalidRequest, members, data,
                          documents_bytes=30_000)

    def test_looks_like_layer(self):
        layer = archives.layer({'a': b'b'})
        for head in (layer[:512], gzip.compress(layer)[:512], bytes(512)):
            self.assertTrue(archive_read.looks_like_layer(head))
        for head in (b'', b'1.0', b'x' * 512, bytes(100)):
            self.assertFalse(archive_read.looks_like_layer(head))
