import pathlib

import fixtures
from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli.setup import hostfile


class HostFileTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = hostfile.HostFile('etc/a/b.service', '[Unit]\n')
        self.place = self.root / 'etc/a/b.service'

    def test_written_once(self):
        self.file.check(self.root)
        self.assertTrue(self.file.write(self.root))
        self.assertEqual(
            f'# {hostfile.MARK}, which replaces it without asking.\n[Unit]\n',
            self.place.read_text())
        self.assertEqual(0o644, self.place.stat().st_mode & 0o777)
        self.file.check(self.root)
        self.assertFalse(self.file.write(self.root))
        self.assertEqual([self.place], list(self.place.parent.iterdir()))

    def test_an_older_one_is_replaced(self):
        self.file.write(self.root)
        newer = hostfile.HostFile(self.file.path, '[New]\n')
        newer.check(self.root)
        self.assertTrue(newer.write(self.root))
        self.assertIn('[New]', self.place.read_text())

    def test_what_is_not_ours_stays(self):
        self.place.parent.mkdir(parents=True)
        self.place.write_text("the operator's")
        error = self.assertRaises(
            failure.CommandFailed, self.file.check, self.root)
        self.assertIn(f'{self.place} is there already', error.message)

    def test_links_are_not_ours(self):
        self.place.parent.mkdir(parents=True)
        self.place.symlink_to('/dev/null')
        self.assertRaises(
            failure.CommandFailed, self.file.check, self.root)

    def test_a_seed_is_the_operators(self):
        seed = hostfile.HostFile('etc/a.conf', 'first\n', seed=True)
        self.assertTrue(seed.write(self.root))
        place = self.root / 'etc/a.conf'
        self.assertEqual('first\n', place.read_text())
        place.write_text('changed')
        seed.check(self.root)
        self.assertFalse(seed.write(self.root))
        self.assertFalse(seed.remove(self.root))
        self.assertEqual('changed', place.read_text())

    def test_removed(self):
        self.file.write(self.root)
        self.assertTrue(self.file.remove(self.root))
        self.assertFalse(self.file.remove(self.root))

    def test_comments_of_manual_pages(self):
        page = hostfile.HostFile('man/x.8', '.TH X 8\n')
        self.assertTrue(page.content.startswith('.\\" Written'))

    def test_a_full_disk_leaves_nothing(self):
        self.useFixture(fixtures.MockPatch(
            'os.replace', side_effect=OSError(28, 'No space left')))
        self.assertRaises(OSError, self.file.write, self.root)
        self.assertEqual([], list(self.place.parent.iterdir()))
