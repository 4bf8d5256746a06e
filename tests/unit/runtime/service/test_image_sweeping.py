import pathlib
import threading
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import trees
from novacontainer.runtime.service import image_sweeping


class TestSweeper(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.sweeper = image_sweeping.Sweeper()
        self.addCleanup(self.sweeper.close)

    def tree(self, name):
        path = self.root / name
        (path / 'below').mkdir(parents=True)
        (path / 'below' / 'file').write_text('x')
        return path

    def test_trees_files_and_what_is_missing(self):
        (self.root / 'blob').write_text('x')
        self.sweeper.begin([self.tree('one'), self.root / 'missing',
                            self.root / 'blob', self.tree('two')])
        self.sweeper.wait()
        self.assertEqual([], list(self.root.iterdir()))
        self.sweeper.begin([self.tree('three')])
        self.sweeper.wait()
        self.assertEqual([], list(self.root.iterdir()))

    def test_nobody_waits(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        one = self.tree('one')
        with mock.patch.object(trees, 'remove',
                               side_effect=lambda _: go_on.wait(20)):
            self.sweeper.begin([one])
            self.sweeper.begin([one])
            go_on.set()
            self.sweeper.wait()
            self.assertEqual(2, trees.remove.call_count)

    def test_the_end_leaves_the_rest(self):
        reached, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        remove = trees.remove

        def slow(path):
            reached.set()
            go_on.wait(20)
            remove(path)

        one, two = self.tree('one'), self.tree('two')
        with mock.patch.object(trees, 'remove', slow):
            self.sweeper.begin([one, two])
            self.assertTrue(reached.wait(20))
            closing = threading.Thread(target=self.sweeper.close)
            closing.start()
            while not self.sweeper._closed:
                closing.join(0.001)
            go_on.set()
            closing.join()
        self.assertEqual([two], list(self.root.iterdir()))

    def test_what_cannot_be_deleted_is_said(self):
        log = self.useFixture(fixtures.FakeLogger())
        one, two = self.tree('one'), self.tree('two')
        with mock.patch.object(trees, 'remove',
                               side_effect=[OSError(30, 'Read-only'), None]):
            self.sweeper.begin([one, two])
            self.sweeper.wait()
        self.assertIn('will be at the next start', log.output)

    def test_who_wants_to_know_is_told(self):
        log = self.useFixture(fixtures.FakeLogger())
        seen = []

        def told():
            seen.append(list(self.root.iterdir()))
            raise exception.Internal('no luck')

        sweeper = image_sweeping.Sweeper(told)
        self.addCleanup(sweeper.close)
        for name in ('one', 'two'):
            sweeper.begin([self.tree(name)])
            sweeper.wait()
        self.assertEqual([[], []], seen)
        self.assertIn('no luck', log.output)
