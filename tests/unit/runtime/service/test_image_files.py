import hashlib
import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import image_files
from tests import archives
from tests import imagestore

DATA = archives.docker_archive(
    {'one': b'1' * 5000}, cmd=['x'], tag='a:1')


def checksum(data, algorithm='sha512'):
    digits = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    return f'{algorithm}:{digits}'


class ImageFilesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.path = self.directory / 'one'
        self.path.write_bytes(DATA)
        self.store = self.useFixture(imagestore.ImageStore())

    def open(self, expected):
        return image_files.Archive(
            str(self.path), expected, (self.directory,))

    def load(self, expected):
        with self.open(expected) as archive:
            return self.store.service.load(
                archive, reference='glance/x:1', verify=archive.verify)

    def test_every_algorithm(self):
        for algorithm in ('sha512', 'sha384', 'sha256', 'md5'):
            [image] = self.load(checksum(DATA, algorithm))
            self.assertIn('glance/x:1', image.references)

    def test_trailing_bytes_count(self):
        self.path.write_bytes(DATA + bytes(3 << 20))
        self.load(checksum(DATA + bytes(3 << 20)))
        self.assertRaises(exception.Conflict, self.load, checksum(DATA))

    def test_another_file(self):
        fault = self.assertRaises(
            exception.Conflict, self.load, checksum(DATA + b'x'))
        self.assertEqual('image.file_differs', fault.code)
        self.assertTrue(self.store.is_empty(), self.store.files())

    def test_no_archive(self):
        self.path.write_bytes(b'This is no tar. ' * 100)
        self.assertRaises(exception.InvalidRequest, self.load,
                          checksum(self.path.read_bytes()))

    def test_no_checksum(self):
        for given in ('', 'sha512', 'sha512:', 'sha512:ab', 'crc32:' + '0' * 8,
                      checksum(DATA).upper(), f' {checksum(DATA)}'):
            fault = self.assertRaises(
                exception.InvalidRequest, self.open, given)
            self.assertEqual('image.invalid_checksum', fault.code)

    def test_progress(self):
        with self.open(checksum(DATA)) as archive:
            self.assertEqual((0, len(DATA)),
                             (archive.read_bytes, archive.size_bytes))
            archive.read(100)
            self.assertEqual(100, archive.read_bytes)
            archive.abandon()
            self.assertRaises(exception.Internal, archive.read, 1)

    def test_a_file_system_that_fails(self):
        with self.open(checksum(DATA)) as archive:
            with mock.patch.object(archive, '_source') as source:
                source.read.side_effect = OSError(5, 'Input/output error')
                self.assertRaises(exception.Internal, archive.read, 1)

    def test_where_it_may_be(self):
        self.assertRaises(
            exception.Forbidden, self.store.service.open_file,
            str(self.path), checksum(DATA))
