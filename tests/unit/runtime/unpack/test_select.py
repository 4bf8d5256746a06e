import io
import os
import pathlib
import tarfile

import fixtures
from oslotest import base

from novacontainer.runtime import deltas
from novacontainer.runtime.unpack import select

ADDED = deltas.ChangeKind.ADDED
MODIFIED = deltas.ChangeKind.MODIFIED
DELETED = deltas.ChangeKind.DELETED


def records(*changes):
    return list(select.records(
        deltas.Change(path, kind) for path, kind in changes))


class RecordsTest(base.BaseTestCase):
    def test_directories_come_before_what_is_in_them_and_once(self):
        self.assertEqual(
            [b'+.\0', b'+a\0', b'+a/b\0', b'+a/b/c\0', b'-a/b/d\0',
             b'+a/e\0'],
            records(('/a/b/c', MODIFIED), ('/a/b/d', DELETED),
                    ('/a/e', ADDED)))
        self.assertEqual([b'+.\0', b'+a\0', b'+a/b\0'],
                         records(('/a', MODIFIED), ('/a/b', ADDED)))

    def test_no_name_can_pass_for_a_whiteout(self):
        self.assertEqual([b'+.\0'], records(
            ('/.wh.x', ADDED), ('/.wh.d/x', DELETED), ('/a/.wh.x', ADDED)))

    def test_names_that_are_no_text(self):
        name = os.fsdecode(b'/\xff')
        self.assertEqual([b'+.\0', b'+\xff\0'], records((name, ADDED)))


class SelectorTest(base.BaseTestCase):
    def test_what_is_written(self):
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (top / 'kept').write_text('x')
        (top / 'new').mkdir()
        (top / 'new/file').write_text('new')
        # One byte at a time, as a pipe might give them.
        pieces = iter(b''.join(records(
            ('/gone', DELETED), ('/new', ADDED), ('/new/file', ADDED),
            ('/went meanwhile', ADDED))))
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(top)
        output = io.BytesIO()
        selector = select.Selector(
            output.write,
            lambda: b''.join(bytes([one]) for one in [next(pieces, None)]
                             if one is not None),
            0, 65536, 1 << 20, 100)
        selector.run()
        output.seek(0)
        with tarfile.open(fileobj=output) as archive:
            self.assertEqual(['.', '.wh.gone', 'new', 'new/file'],
                             archive.getnames())
        self.assertEqual(3, selector.size_bytes)
