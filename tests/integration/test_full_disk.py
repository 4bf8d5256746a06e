"""A disk that is full to the last block: what must work all the same."""

import errno
import os
import pathlib
import signal
import subprocess
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.storage import layering
from novacontainer.runtime.storage import overlay
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

    def test_room_outlives_a_killed_daemon(self):
        pid = os.fork()
        if not pid:
            database.Database(self.disk / 'x.sqlite')
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        self.fill()
        opened = self.open()
        for _ in range(20):
            self.add(opened, 100)

    def test_opened_on_a_full_disk(self):
        self.open().close()
        self.fill()
        error = self.assertRaises(exception.Unavailable, self.open)
        self.assertEqual('storage.full', error.code)
        (self.disk / 'filler').unlink()
        self.add(self.open(), 100)


class TestOverlay(FullDiskCase):

    def test_mounted_on_a_full_disk(self):
        layer = self.disk / 'layer'
        layer.mkdir()
        storage = overlay.Overlay(self.disk)
        self.addCleanup(storage.remove, 'c')
        storage.prepare('c', [], models.IdMap(0x70000000), 0)
        # As overlayfs and mkdir(2) answer on ext4 without a free block.
        with mock.patch.object(layering.os, 'statvfs', return_value=mock.Mock(
                f_flag=os.ST_RDONLY)), mock.patch.object(
                layering.pathlib.Path, 'mkdir', side_effect=OSError(
                    errno.ENOSPC, 'full')):
            error = self.assertRaises(
                exception.Unavailable, storage.mount, 'c', [layer],
                models.IdMap(0x70000000))
        self.assertEqual('storage.full', error.code)
