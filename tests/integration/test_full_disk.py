"""A disk that is full to the last block: what must work all the same."""

import errno
import os
import pathlib
import subprocess
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.store import database


class FullDiskCase(base.BaseTestCase):
    """A small disk of its own: tmpfs, where nobody has blocks in reserve."""

    def setUp(self):
        super().setUp()
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix='nc-'))
        self.addCleanup(self.disk.rmdir)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'none',
                        self.disk], check=True)
        self.addCleanup(subprocess.run, ['umount', self.disk], check=True)

    def fill(self):
        with open(self.disk / 'filler', 'ab', buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as error:
                self.assertEqual(errno.ENOSPC, error.errno)
        self.assertEqual(0, os.statvfs(self.disk).f_bfree)


class TestDatabase(FullDiskCase):

    def open(self):
        opened = database.Database(self.disk / 'x.sqlite')
        self.addCleanup(opened.close)
        return opened

    @staticmethod
    def add(opened, size):
        with opened.transaction() as connection:
            connection.execute(
                'INSERT INTO images (id, config, created_us) '
                'VALUES (hex(randomblob(8)), randomblob(?), 0)', (size,))

    def test_small_changes_and_removals(self):
        opened = self.open()
        for _ in range(20):
            self.add(opened, 1000)
        self.fill()
        for _ in range(20):
            self.add(opened, 100)
        with opened.transaction() as connection:
            connection.execute('DELETE FROM images')
        with opened.reading() as connection:
            self.assertEqual(0, connection.execute(
                'SELECT count(*) FROM images').fetchone()[0])

    def test_what_does_not_fit_leaves_nothing(self):
        opened = self.open()
        self.fill()
        error = self.assertRaises(exception.Unavailable, self.add, opened,
                                  2 << 20)
        self.assertEqual('storage.full', error.code)
        self.add(opened, 100)

    def test_opened_on_a_full_disk(self):
        self.open().close()
        self.fill()
        error = self.assertRaises(exception.Unavailable, self.open)
        self.assertEqual('storage.full', error.code)
        (self.disk / 'filler').unlink()
        self.add(self.open(), 100)
