"""Sandboxes on the running kernel: made, pinned, shared, removed."""

import concurrent.futures
import errno
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import idmap
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import namespaces
from novacontainer.runtime.host import processes
from novacontainer.runtime import models

ID_MAP = models.IdMap(0x6fd00000)


class NamespacesCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.mkdtemp(prefix='nc-')
        self.addCleanup(shutil.rmtree, directory)
        self.run_root = pathlib.Path(directory)
        self.sandbox_id = secrets.token_hex(32)

    def create(self, id_map=ID_MAP, container_id=None):
        paths = namespaces.create_sandbox(
            container_id or self.sandbox_id, id_map, self.run_root)
        self.addCleanup(namespaces.remove_sandbox, paths)
        return paths

    def inside(self, paths, *command):
        words = ['nsenter', f'--net={paths.netns}']
        if paths.userns:
            words += [f'--user={paths.userns}', '-S0', '-G0']
        return subprocess.run([*words, *command], capture_output=True,
                              text=True, check=True).stdout


class TestSandbox(NamespacesCase):
    def test_netns_is_owned_by_the_mapped_root(self):
        paths = self.create()
        self.assertEqual(
            f'0 {ID_MAP.host_base} {ID_MAP.size}',
            ' '.join(self.inside(paths, 'cat', '/proc/self/uid_map').split()))
        self.assertEqual(
            f'0 {ID_MAP.host_base} {ID_MAP.size}',
            ' '.join(self.inside(paths, 'cat', '/proc/self/gid_map').split()))
        # Only root of the owning user namespace may do this.
        self.inside(paths, 'ip', 'link', 'add', 'x0', 'type', 'bridge')
        self.assertIn('x0', self.inside(paths, 'ip', 'link'))

    def test_loopback_is_up(self):
        self.assertIn('LOOPBACK,UP',
                      self.inside(self.create(), 'ip', 'link', 'show', 'lo'))

    def test_ip_netns_shows_it(self):
        paths = self.create()
        self.assertEqual(f'/run/netns/nc-{self.sandbox_id[:12]}',
                         str(paths.netns))
        listed = subprocess.run(['ip', 'netns', 'list'], check=True,
                                capture_output=True, text=True).stdout
        self.assertIn(f'nc-{self.sandbox_id[:12]}', listed)

    def test_pins_are_seen_in_older_mount_namespaces(self):
        self.create(container_id=secrets.token_hex(32))
        script = 'read line; stat -f -c %T "$line"'
        with subprocess.Popen(
                ['unshare', '--mount', '--propagation', 'slave',
                 'sh', '-c', f'echo ready; {script}'],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True) as older:
            older.stdout.readline()
            paths = self.create()
            answer, _ = older.communicate(f'{paths.netns}\n', timeout=20)
        self.assertEqual('nsfs', answer.strip())

    def test_without_user_namespace(self):
        paths = self.create(id_map=None)
        self.assertIsNone(paths.userns)
        self.assertIn('LOOPBACK,UP',
                      self.inside(paths, 'ip', 'link', 'show', 'lo'))

    def test_outlives_its_maker(self):
        """Nothing of it hangs on a process; no process is left either."""
        before = self.children()
        self.create()
        self.assertEqual(before, self.children())

    def children(self):
        path = f'/proc/self/task/{threading.get_native_id()}/children'
        return pathlib.Path(path).read_text().split()

    def test_twice_is_a_conflict_and_harmless(self):
        paths = self.create()
        self.inside(paths, 'ip', 'link', 'add', 'x0', 'type', 'bridge')
        fault = self.assertRaises(
            exception.Conflict, namespaces.create_sandbox,
            self.sandbox_id, ID_MAP, self.run_root)
        self.assertEqual('container.sandbox_exists', fault.code)
        self.assertIn('x0', self.inside(paths, 'ip', 'link'))

    def test_stale_files_are_replaced(self):
        paths = namespaces.sandbox_paths(self.sandbox_id, self.run_root, True)
        namespaces.NETNS_DIRECTORY.mkdir(exist_ok=True)
        paths.netns.touch()
        paths.userns.parent.mkdir()
        paths.userns.touch()
        self.assertEqual(paths, self.create())
        self.inside(paths, 'true')

    def test_remove_is_complete_and_idempotent(self):
        paths = self.create()
        for _ in range(2):
            namespaces.remove_sandbox(paths)
            self.assertFalse(paths.netns.exists())
            self.assertFalse(paths.userns.exists())
        self.assertEqual([], mounts.mount_points(self.run_root))

    def test_remove_says_why_not(self):
        paths = self.create()
        with mock.patch.object(mounts, 'unmount', side_effect=OSError(
                errno.EPERM, 'not permitted')):
            fault = self.assertRaises(
                exception.Internal, namespaces.remove_sandbox, paths)
        self.assertIn('nc-', str(fault))

    def test_failure_leaves_nothing(self):
        """The second of the two pins fails: the first goes too."""
        real = mounts.mount

        def fail(source, target, *args, **kwargs):
            if source.endswith('/user'):
                raise OSError(errno.EIO, 'broken')
            real(source, target, *args, **kwargs)

        with mock.patch.object(mounts, 'mount', fail):
            fault = self.assertRaises(
                exception.Internal, namespaces.create_sandbox,
                self.sandbox_id, ID_MAP, self.run_root)
        self.assertEqual('container.sandbox', fault.code)
        paths = namespaces.sandbox_paths(self.sandbox_id, self.run_root, True)
        self.assertFalse(paths.netns.exists())
        self.assertFalse(paths.userns.exists())

    def test_map_that_the_kernel_refuses(self):
        # The map is refused: a size of 0 is no map.
        fault = self.assertRaises(
            exception.Internal, namespaces.create_sandbox,
            self.sandbox_id, models.IdMap(0x6fd00000, 0), self.run_root)
        self.assertIn('Invalid argument', str(fault))

    def test_kernel_without_namespaces_to_give(self):
        with mock.patch.object(namespaces, '_unshare', return_value=-1), \
                mock.patch('ctypes.get_errno', return_value=errno.ENOSPC):
            fault = self.assertRaises(
                exception.Internal, namespaces.create_sandbox,
                self.sandbox_id, ID_MAP, self.run_root)
        self.assertIn('unshare: No space left', str(fault))

    def test_many_threads_at_once(self):
        ids = [secrets.token_hex(32) for _ in range(24)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = list(pool.map(
                lambda one: self.create(container_id=one), ids))
        self.assertEqual(24, len({paths.netns.stat().st_ino
                                  for paths in made}))

    def test_killed_maker_leaves_no_child(self):
        """SIGKILL of the daemon between fork and pin."""
        script = textwrap.dedent("""
            import os, sys
            from novacontainer.runtime.host import namespaces
            from novacontainer.runtime import models
            with namespaces.hold(namespaces.CLONE_NEWUSER,
                                 models.IdMap(0x6fd00000)) as pid:
                print(pid, flush=True)
                sys.stdin.read()
            """)
        with subprocess.Popen(
                [sys.executable, '-c', script], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True) as maker:
            child = int(maker.stdout.readline())
            ticks = processes.start_ticks(child)
            self.assertTrue(processes.alive(child, ticks))
            maker.send_signal(signal.SIGKILL)
            maker.wait()
        self.assertTrue(processes.wait_gone(child, ticks, 10))


class TestIdMap(NamespacesCase):
    def test_pin_is_used_when_there_is_one(self):
        paths = self.create()
        with idmap.user_namespace(ID_MAP, paths.userns) as fd:
            self.assertEqual(paths.userns.stat().st_ino, os.fstat(fd).st_ino)

    def test_stale_or_missing_pin_is_not(self):
        stale = self.run_root / 'stale'
        stale.touch()
        for pin in (stale, self.run_root / 'missing', None):
            with idmap.user_namespace(ID_MAP, pin) as fd:
                self.assertEqual(os.stat('/proc/self/ns/user').st_dev,
                                 os.fstat(fd).st_dev)
