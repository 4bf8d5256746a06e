"""What the engine writes down."""

import pathlib
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime.engine import records


class TestFiles(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.files = records.Files.of(self.root, 'c1')

    def test_before_anything_was_made(self):
        self.assertIsNone(self.files.load())
        self.assertIsNone(self.files.exit_code())
        self.assertEqual(0, self.files.read_pid(self.files.pid))
        self.files.remove()

    def test_record_round_trip(self):
        self.files.make()
        record = records.Record('/g/c1', '/b/c1', 1, 2, 3, 4)
        self.files.save(record)
        self.assertEqual(record, self.files.load())
        self.assertEqual(['record.json'],
                         [path.name for path in self.files.home.iterdir()])

    def test_make_drops_what_an_earlier_run_left(self):
        self.files.make()
        self.files.exit.write_text('3')
        self.files.pid.write_text('17')
        self.assertEqual(3, self.files.exit_code())
        self.assertEqual(17, self.files.read_pid(self.files.pid))
        self.files.make()
        self.assertIsNone(self.files.exit_code())
        self.assertEqual(0, self.files.read_pid(self.files.pid))

    def test_remove_keeps_exit_code_and_the_bundle(self):
        bundle = self.root / 'bundle'
        bundle.mkdir()
        (bundle / 'log').touch()
        self.files.make()
        (self.files.sockets / 'c1').symlink_to(bundle)
        self.files.exit.write_text('3')
        self.files.remove()
        self.assertFalse(self.files.home.exists())
        self.assertFalse((self.files.sockets / 'c1').is_symlink())
        self.assertTrue((bundle / 'log').exists())
        self.assertEqual(3, self.files.exit_code())

    def test_empty_pid_file(self):
        self.files.make()
        self.files.pid.touch()
        self.assertEqual(0, self.files.read_pid(self.files.pid))


class TestExecFiles(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def files(self, exec_id):
        return records.ExecFiles.of(self.root, 'c1', exec_id)

    def test_life(self):
        one, other = self.files('e1'), self.files('e2')
        for files in (one, other):
            files.make()
            files.exit.write_text('3')
        self.assertEqual(3, records.read_exit_code(one.exit))
        one.remove()
        one.remove()
        self.assertIsNone(records.read_exit_code(one.exit))
        self.assertTrue(other.home.exists())
        other.remove()
        self.assertFalse(records.execs_of(self.root, 'c1').exists())

    def test_an_id_is_used_once(self):
        self.files('e1').make()
        self.assertRaises(FileExistsError, self.files('e1').make)

    def test_another_one_ends_meanwhile(self):
        """It takes the directory of all with it, when it was the last."""
        one, other = self.files('e1'), self.files('e2')
        one.make()
        mkdir = pathlib.Path.mkdir

        def late(path, *args, **kwargs):
            if path == other.home and one.home.exists():
                one.remove()
            mkdir(path, *args, **kwargs)

        with mock.patch.object(pathlib.Path, 'mkdir', late):
            other.make()
        self.assertTrue(other.home.is_dir())

    def test_a_directory_that_never_stays(self):
        other = self.files('e2')
        with mock.patch.object(pathlib.Path, 'mkdir',
                               side_effect=FileNotFoundError):
            self.assertRaises(FileNotFoundError, other.make)

    def test_all_at_once(self):
        self.files('e1').make()
        records.remove_execs(self.root, 'c1')
        records.remove_execs(self.root, 'c1')
        self.assertEqual([], list((self.root / 'execs').iterdir()))
