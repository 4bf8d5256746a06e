import os
import pathlib
import shutil
import tempfile
import time
from unittest import mock

from oslotest import base

from novacontainer.runtime.service import logkeeping


class LogCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root, True)
        self.log = pathlib.Path(root) / 'log'

    def anew(self, text):
        """Begin the log anew, as conmon does."""
        new = self.log.with_name('log.tmp')
        new.write_text(text)
        new.rename(self.log)

    def texts(self):
        """Return what is kept, oldest first, and the log."""
        return [path.read_text() for path
                in (*logkeeping.earlier(self.log), self.log)]


class TurnTest(LogCase):

    def test_files(self):
        self.log.write_text('a')
        logkeeping.turn(self.log, 3)
        self.assertEqual(['a'], self.texts())
        for text, kept in (('b', 'ab'), ('c', 'abc'), ('d', 'bcd')):
            self.anew(text)
            logkeeping.turn(self.log, 3)
            logkeeping.turn(self.log, 3)
            self.assertEqual(list(kept), self.texts())
        self.assertEqual(4, len(os.listdir(self.log.parent)))

    def test_without_a_log(self):
        logkeeping.turn(self.log, 3)
        self.assertEqual([], os.listdir(self.log.parent))


class LogKeeperTest(LogCase):

    def setUp(self):
        super().setUp()
        self.keeper = logkeeping.LogKeeper()
        self.keeper.open()
        self.addCleanup(self.keeper.close)

    def wait(self, *texts):
        """Wait until this is kept, and the log has its second name."""
        deadline = time.monotonic() + 30
        while self.texts() != list(texts) or not self.has_second_name():
            self.assertLess(time.monotonic(), deadline, self.texts())
            time.sleep(0.002)

    def has_second_name(self):
        try:
            return self.log.with_name('log.0').samefile(self.log)
        except FileNotFoundError:
            return False

    def test_noticed(self):
        self.log.write_text('a')
        self.keeper.keep(self.log, 2)
        self.keeper.keep(self.log, 2)
        self.anew('b')
        self.wait('a', 'b')
        self.anew('c')
        self.wait('b', 'c')

    def test_removed_meanwhile(self):
        self.log.write_text('a')
        self.keeper.keep(self.log, 2)
        shutil.rmtree(self.log.parent)
        deadline = time.monotonic() + 30
        while self.keeper._logs:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def test_what_cannot_be_watched(self):
        with mock.patch.object(logkeeping.LOG, 'warning') as said:
            self.keeper.keep(self.log.parent / 'gone' / 'log', 2)
        self.assertIn('Only the newest', said.call_args[0][0])

    def test_what_cannot_be_kept(self):
        self.log.write_text('a')
        with mock.patch.object(logkeeping.LOG, 'warning') as said:
            with mock.patch.object(os, 'link', side_effect=OSError('full')):
                self.keeper.keep(self.log, 2)
                said.assert_called_once()
                self.anew('b')
                deadline = time.monotonic() + 30
                while said.call_count < 2:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.002)
