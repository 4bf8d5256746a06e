import io
import os
import pathlib
import socket
import tarfile

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.unpack import produce


class TestProducer(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.tree = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        here = os.open('.', os.O_RDONLY)
        self.addCleanup(os.close, here)
        self.addCleanup(os.fchdir, here)
        os.chdir(self.tree)

    def produce(self, base_id=0, max_bytes=1 << 20, max_entries=100):
        buffer = io.BytesIO()
        produce.Producer(buffer.write, base_id, 65536, max_bytes,
                         max_entries).run()
        return buffer.getvalue()

    def members(self, **options):
        with tarfile.open(fileobj=io.BytesIO(
                self.produce(**options))) as archive:
            return {member.name: member for member in archive}

    def test_everything_in_order(self):
        pathlib.Path('b').mkdir()
        pathlib.Path('b/f').write_text('hello')
        os.link('b/f', 'b/h')
        os.symlink('/etc/passwd', 'a')
        os.mkfifo('c')
        with socket.socket(socket.AF_UNIX) as left_out:
            left_out.bind('s')
        found = self.members()
        self.assertEqual(['.', 'a', 'b', 'b/f', 'b/h', 'c'], list(found))
        self.assertEqual('/etc/passwd', found['a'].linkname)
        self.assertEqual('b/f', found['b/h'].linkname)
        self.assertTrue(found['c'].isfifo())
        self.assertEqual(5, found['b/f'].size)
        self.assertEqual(self.produce(), self.produce())

    def test_ids_are_those_of_the_container(self):
        pathlib.Path('f').touch()
        mine = os.getuid()
        self.assertEqual(0, self.members(base_id=mine)['f'].uid)
        self.assertEqual(65534, self.members(base_id=mine + 1)['f'].uid)

    def test_attributes(self):
        pathlib.Path('f').touch()
        os.setxattr('f', 'user.kept', b'v')
        os.setxattr('f', 'user.overlay.origin', b'v')
        self.assertEqual({'SCHILY.xattr.user.kept': 'v'},
                         self.members()['f'].pax_headers)

    def test_capabilities_lose_their_namespace(self):
        producer = produce.Producer(lambda data: None, 100_000, 65536, 1, 1)
        body = bytes(range(4, 20))
        self.assertEqual(
            b'\x01\0\0\2' + body,
            producer._capability(b'\x01\0\0\3' + body + b'\xa0\x86\1\0'))
        self.assertEqual(b'\x01\0\0\2' + body,
                         producer._capability(b'\x01\0\0\2' + body))

    def test_long_names(self):
        name = 'n' * 200
        pathlib.Path(name).touch()
        self.assertIn(name, self.members())

    def test_bounds(self):
        with open('f', 'wb') as sparse:
            sparse.truncate(1 << 40)
        error = self.assertRaises(exception.InvalidRequest, self.produce)
        self.assertEqual('image.too_large', error.code)
        error = self.assertRaises(exception.InvalidRequest, self.produce,
                                  max_entries=1)
        self.assertEqual('image.too_large', error.code)

    def test_a_file_that_shrinks_meanwhile(self):
        with open('f', 'wb') as shrunk:
            shrunk.write(b'abc')
            shrunk.flush()
            written = []
            producer = produce.Producer(written.append, 0, 65536, 100, 100)
            producer._data(os.open('f', os.O_RDONLY), 5)
        self.assertEqual(512, len(b''.join(written)))
        self.assertEqual(b'abc\0\0', b''.join(written)[:5])
