import pathlib

import fixtures
from oslotest import base

from novacontainer.cli.doctor import kernel

_V1 = 'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n'
_V2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n'


class KernelTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name, text in (
                ('proc/sys/kernel/osrelease', '6.1.0-test'),
                ('proc/filesystems', 'nodev\toverlay\n\text4\n'),
                ('proc/sys/user/max_user_namespaces', '100'),
                ('proc/self/status', 'Name: x\nSeccomp:\t0\n'),
                ('proc/self/mounts', _V2),
                ('sys/fs/cgroup/cgroup.controllers', 'cpu memory pids')):
            self.write(name, text)
        names = self.root / 'proc/self/ns'
        names.mkdir()
        for name in ('cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'):
            (names / name).symlink_to(f'{name}:[1]')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def bad(self):
        """The subjects that are not well, with their grades."""
        return {one.subject: str(one.grade)
                for one in kernel.check(self.root) if one.grade != 'ok'}

    def test_all_is_well(self):
        self.assertEqual({}, self.bad())

    def test_kernel(self):
        self.write('proc/sys/kernel/osrelease', '5.18.9')
        self.assertEqual({'kernel': 'FAIL'}, self.bad())
        self.write('proc/sys/kernel/osrelease', 'mine')
        self.assertEqual({'kernel': 'warn'}, self.bad())
        self.write('proc/sys/kernel/osrelease', '10.0')
        self.assertEqual({}, self.bad())

    def test_overlay(self):
        self.write('proc/filesystems', '\text4\n')
        self.assertEqual({'overlayfs': 'FAIL'}, self.bad())

    def test_namespaces(self):
        (self.root / 'proc/self/ns/user').unlink()
        self.write('proc/sys/user/max_user_namespaces', '0')
        self.assertEqual({'namespaces': 'FAIL', 'user namespaces': 'FAIL'},
                         self.bad())

    def test_seccomp(self):
        self.write('proc/self/status', 'Name: x\n')
        self.assertEqual({'seccomp': 'FAIL'}, self.bad())

    def test_cgroups(self):
        for mounts, controllers, seen in (
                ('', '', 'not mounted'),
                (_V2, 'cpu pids', 'version 2, without memory'),
                (_V1, '', 'version 1, without cpu, pids'),
                (_V1 + _V2, 'cpu pids', 'hybrid')):
            self.write('proc/self/mounts', mounts)
            self.write('sys/fs/cgroup/cgroup.controllers', controllers)
            one = list(kernel.check(self.root))[-1]
            self.assertEqual(seen, one.seen)
            self.assertEqual('ok' if seen == 'hybrid' else 'FAIL', one.grade)

    def test_an_empty_root(self):
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.assertEqual(
            6, sum(one.grade != 'ok' for one in kernel.check(root)))
