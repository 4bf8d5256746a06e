import os
import pathlib
import tempfile
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import preflight


class PreflightTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def test_root(self):
        with mock.patch('os.geteuid', return_value=0):
            preflight.check_privileges()
        with mock.patch('os.geteuid', return_value=1000):
            error = self.assertRaises(
                exception.Forbidden, preflight.check_privileges)
        self.assertIn('must run as root', error.message)

    def test_lost_records(self):
        database = self.root / 'novacontainer.sqlite'
        trees = [self.root / 'overlay', self.root / 'layers']
        preflight.check_records(database, trees)
        trees[1].mkdir()
        preflight.check_records(database, trees)
        (trees[1] / 'sha256').mkdir()
        for content in (None, b''):
            if content is not None:
                database.write_bytes(content)
            error = self.assertRaises(
                exception.Unavailable, preflight.check_records, database,
                trees)
            self.assertIn(f'{database} are gone', error.message)
            self.assertIn(str(trees[1]), error.message)
            self.assertNotIn(str(trees[0]), error.message)
        database.write_bytes(b'SQLite format 3')
        preflight.check_records(database, trees)

    def programs(self, present, *args):
        with mock.patch('shutil.which', side_effect=lambda name, path: (
                name if name in present else None)):
            preflight.check_programs(*args)

    def test_programs(self):
        self.programs({'conmon', 'crun'}, 'auto', 'conmon')
        self.programs({'conmon', 'runc'}, 'auto', 'conmon')
        self.programs({'conmon', 'kata'}, 'kata', 'conmon')
        for present, args, words in (
                ({'crun'}, ('auto', 'conmon'),
                 'conmon not found; on Debian: apt install conmon'),
                (set(), ('auto', 'conmon'),
                 'conmon and crun not found; on Debian: apt install '
                 'conmon crun'),
                ({'conmon', 'crun'}, ('runc', 'conmon'),
                 'runc not found')):
            error = self.assertRaises(
                exception.NotSupported, self.programs, present, *args)
            self.assertIn(words, error.message)

    def filesystem(self, kind):
        device = os.stat(self.root).st_dev
        table = self.root / 'mountinfo'
        table.write_text(
            '21 1 254:99 / /other rw - xfs /dev/x rw\n'
            f'22 1 {os.major(device)}:{os.minor(device)} / /a rw,x '
            f'shared:1 - {kind} /dev/y rw\n')
        return table

    def test_filesystem(self):
        self.assertEqual('ext4', preflight.filesystem(
            self.root, self.filesystem('ext4')))
        (self.root / 'mountinfo').write_text('')
        self.assertEqual('unknown', preflight.filesystem(
            self.root, self.root / 'mountinfo'))

    def test_data_root(self):
        log = self.useFixture(fixtures.FakeLogger())
        for kind, words in (('ext4', ''), ('tmpfs', 'after a reboot')):
            with mock.patch.object(
                    preflight, 'filesystem', return_value=kind):
                preflight.check_data_root(self.root)
            self.assertIn(words, log.output)

    def test_reachable(self):
        closed = self.root / 'closed'
        inner = closed / 'inner'
        inner.mkdir(parents=True)
        self.root.chmod(0o711)
        closed.chmod(0o700)
        error = self.assertRaises(
            exception.NotSupported, preflight.check_reachable, inner)
        self.assertIn(f'chmod o+x {closed}', error.message)
        closed.chmod(0o711)
        preflight.check_reachable(inner)

    def test_sole_owner(self):
        def take():
            with preflight.sole_owner(self.root):
                pass

        with preflight.sole_owner(self.root):
            error = self.assertRaises(exception.Conflict, take)
            self.assertIn(f'(pid {os.getpid()})', error.message)
            self.assertIn('--data-root', error.message)
        take()

    def test_sole_owner_of_what_cannot_be_written(self):
        def take():
            with preflight.sole_owner(self.root / 'missing'):
                pass

        self.assertRaises(exception.Internal, take)
