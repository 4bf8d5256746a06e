"""Control groups, on trees of plain files."""

import os
import pathlib
import subprocess
import tempfile
import threading
import time

import fixtures
from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime import exception

PATH = '/parent/box'


class TreeCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def hierarchy(self, name, *files):
        """Make a version 1 hierarchy with the box in it."""
        box = self.root / name / PATH[1:]
        box.mkdir(parents=True)
        (self.root / name / 'cgroup.procs').touch()
        return self.fill(box, *files)

    def version2(self, top, *files):
        """Make a version 2 hierarchy with the box in it."""
        box = self.root / top / PATH[1:]
        box.mkdir(parents=True)
        (self.root / top / 'cgroup.procs').touch()
        (self.root / top / 'cgroup.controllers').touch()
        return self.fill(box, *files)

    def fill(self, box, *files):
        for name in files:
            name, _, text = name.partition('=')
            (box / name).write_text(text)
        return box


class TestLayout(TreeCase):
    def test_version_1(self):
        self.hierarchy('pids')
        self.assertIs(cgroups.Layout.V1, cgroups.layout(self.root))
        self.assertEqual(1, cgroups.layout(self.root).version)

    def test_hybrid(self):
        self.hierarchy('pids')
        self.version2('unified')
        self.assertIs(cgroups.Layout.HYBRID, cgroups.layout(self.root))
        self.assertEqual(1, cgroups.layout(self.root).version)
        self.assertEqual({'pids', 'unified'}, {
            path.name for path in cgroups.hierarchies(self.root)})

    def test_version_2(self):
        self.version2('.')
        self.assertIs(cgroups.Layout.V2, cgroups.layout(self.root))
        self.assertEqual(2, cgroups.layout(self.root).version)
        self.assertEqual([self.root], cgroups.hierarchies(self.root))

    def test_nothing_mounted(self):
        (self.root / 'empty').mkdir()
        fault = self.assertRaises(
            exception.NotSupported, cgroups.layout, self.root)
        self.assertEqual('host.cgroups', fault.code)

    def test_links_are_no_hierarchies(self):
        self.hierarchy('cpu,cpuacct')
        (self.root / 'cpu').symlink_to('cpu,cpuacct')
        self.assertEqual(1, len(cgroups.hierarchies(self.root)))


class TestPlace(TreeCase):
    def test_only_where_service_managers_look(self):
        self.hierarchy('pids')
        self.hierarchy('systemd')
        self.version2('unified')
        cgroups.place(42, '/parent/conmon', self.root)
        for name in ('systemd', 'unified'):
            procs = self.root / name / 'parent/conmon/cgroup.procs'
            self.assertEqual('42', procs.read_text())
        self.assertFalse((self.root / 'pids/parent/conmon').exists())

    def test_version_2(self):
        self.version2('.')
        cgroups.place(42, '/parent/conmon', self.root)
        procs = self.root / 'parent/conmon/cgroup.procs'
        self.assertEqual('42', procs.read_text())


class TestFreeze(TreeCase):
    def setUp(self):
        super().setUp()
        self.patch(cgroups, '_PATIENCE_S', 0.2)

    def test_version_1(self):
        box = self.hierarchy('freezer', 'freezer.state=THAWED')
        cgroups.freeze(PATH, self.root)
        self.assertEqual('FROZEN', (box / 'freezer.state').read_text())
        cgroups.thaw(PATH, self.root)
        self.assertEqual('THAWED', (box / 'freezer.state').read_text())

    def test_version_2_waits_for_the_event(self):
        box = self.version2('.', 'cgroup.freeze=0',
                            'cgroup.events=populated 1\nfrozen 0\n')
        self.patch(cgroups, '_PATIENCE_S', 10)

        def answer():
            time.sleep(0.05)
            (box / 'cgroup.events').write_text('populated 1\nfrozen 1\n')

        thread = threading.Thread(target=answer)
        thread.start()
        cgroups.freeze(PATH, self.root)
        thread.join()
        self.assertEqual('1', (box / 'cgroup.freeze').read_text())

    def test_who_waits_for_one_that_is_frozen(self):
        """The group is let go once in a while, and frozen again."""
        box = self.hierarchy('freezer', 'freezer.state=THAWED')
        self.patch(cgroups, '_TICKS_TO_THAW', 3)
        written = []

        def set(freezer, frozen):
            written.append(frozen)
            stuck = False not in written
            (box / 'freezer.state').write_text(
                ('FREEZING' if stuck else 'FROZEN') if frozen else 'THAWED')

        self.patch(cgroups._Freezer, 'set', set)
        cgroups.freeze(PATH, self.root)
        self.assertEqual([True, True, False, True], written)

    def test_unrest_is_undone_and_said(self):
        box = self.version2('.', 'cgroup.freeze=0',
                            'cgroup.events=populated 1\nfrozen 0\n')
        fault = self.assertRaises(
            exception.Internal, cgroups.freeze, PATH, self.root)
        self.assertEqual('engine.cgroup', fault.code)
        self.assertEqual('0', (box / 'cgroup.freeze').read_text())

    def test_group_that_has_gone(self):
        self.version2('.')
        self.assertRaises(exception.Internal, cgroups.freeze, '/no',
                          self.root)
        cgroups.thaw('/no', self.root)


class TestReclaim(TreeCase):

    def test_version_2_a_piece_at_a_time(self):
        box = self.version2('.', 'memory.current=200000000',
                            'memory.reclaim=')
        self.patch(cgroups, '_RECLAIM_BYTES', 90_000_000)
        orders = []
        real = pathlib.Path.write_text

        def write_text(path, text):
            orders.append(int(text))
            used = int((box / 'memory.current').read_text())
            real(box / 'memory.current', str(max(50_000_000, used - 90**4)))
            if len(orders) == 2:
                raise BlockingIOError
            return len(text)

        self.useFixture(fixtures.MockPatchObject(
            pathlib.Path, 'write_text', write_text))
        self.assertEqual(150_000_000, cgroups.reclaim(PATH, self.root))
        self.assertEqual(90_000_000, orders[0])
        self.assertEqual(50_000_000, orders[-1])

    def test_version_1(self):
        box = self.hierarchy('memory', 'memory.usage_in_bytes=4096',
                             'memory.force_empty=')
        self.assertEqual(0, cgroups.reclaim(PATH, self.root))
        self.assertEqual('0', (box / 'memory.force_empty').read_text())

    def test_kernel_without(self):
        self.version2('.')
        self.assertRaises(exception.NotSupported, cgroups.reclaim, PATH,
                          self.root)

    def test_group_that_ends_meanwhile(self):
        self.version2('.', 'memory.reclaim=')
        self.assertEqual(0, cgroups.reclaim(PATH, self.root))


class TestMembersAndRemove(TreeCase):
    def test_members_of_all_hierarchies_and_below(self):
        self.hierarchy('pids', 'cgroup.procs=1\n2\n')
        box = self.hierarchy('memory', 'cgroup.procs=2\n3\n')
        (box / 'inner').mkdir()
        (box / 'inner/cgroup.procs').write_text('4\n')
        self.assertEqual({1, 2, 3, 4}, cgroups.members(PATH, self.root))
        self.assertEqual(set(), cgroups.members('/no', self.root))

    def test_signal_all(self):
        with subprocess.Popen(['sleep', '60']) as process:
            self.hierarchy('pids', f'cgroup.procs={process.pid}\n')
            cgroups.signal_all(PATH, 9, self.root)
            self.assertEqual(-9, process.wait(10))

    def test_remove_with_what_is_below(self):
        for name in ('pids', 'memory'):
            (self.hierarchy(name) / 'inner/most').mkdir(parents=True)
        cgroups.remove(PATH, self.root)
        self.assertEqual([], cgroups.directories(PATH, self.root))
        self.assertTrue((self.root / 'pids/parent').exists())
        cgroups.remove(PATH, self.root)

    def test_remove_waits_for_the_dying(self):
        self.hierarchy('pids')
        answers = iter([OSError(16, 'busy'), OSError(16, 'busy'), None])
        real = os.rmdir

        def rmdir(path, **kwargs):
            if answer := next(answers, None):
                raise answer
            real(path, **kwargs)

        self.patch(os, 'rmdir', rmdir)
        cgroups.remove(PATH, self.root)
        self.assertEqual([], cgroups.directories(PATH, self.root))

    def test_remove_of_what_stays_busy(self):
        self.hierarchy('pids', 'cgroup.procs=42\n')
        self.patch(cgroups, '_PATIENCE_S', 0.01)

        def rmdir(path, **kwargs):
            raise OSError(16, 'busy')

        self.patch(os, 'rmdir', rmdir)
        fault = self.assertRaises(
            exception.Internal, cgroups.remove, PATH, self.root)
        self.assertIn('42', str(fault))

    def test_remove_that_may_not(self):
        self.hierarchy('pids')

        def rmdir(path, **kwargs):
            raise OSError(1, 'not permitted')

        self.patch(os, 'rmdir', rmdir)
        fault = self.assertRaises(
            exception.Internal, cgroups.remove, PATH, self.root)
        self.assertIn('not permitted', str(fault))


class TestOutOfMemory(TreeCase):
    def test_version_1(self):
        box = self.hierarchy('memory', 'memory.oom_control='
                             'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n')
        self.assertFalse(cgroups.oom_killed(PATH, self.root))
        self.fill(box, 'memory.oom_control=oom_kill_disable 0\noom_kill 2\n')
        self.assertTrue(cgroups.oom_killed(PATH, self.root))

    def test_version_2(self):
        box = self.version2('.', 'memory.events=oom 1\noom_kill 0\n')
        self.assertFalse(cgroups.oom_killed(PATH, self.root))
        self.fill(box, 'memory.events=oom 1\noom_kill 1\n')
        self.assertTrue(cgroups.oom_killed(PATH, self.root))

    def test_no_memory_controller(self):
        self.hierarchy('pids')
        self.assertFalse(cgroups.oom_killed(PATH, self.root))
