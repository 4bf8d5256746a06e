"""Hostile root file systems: nothing is made or read outside of them."""

import os
import pathlib
import shutil
import socket
import stat
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import inroot
from novacontainer.runtime.host import mountpoints
from novacontainer.runtime import models

ID_MAP = models.IdMap(0x6fc00000)
FILES = tuple((path, False) for path in
              ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf'))


class RootfsCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        top = pathlib.Path(tempfile.mkdtemp(prefix='nc-'))
        self.addCleanup(shutil.rmtree, top)
        self.outside = top / 'outside'
        self.outside.mkdir()
        (self.outside / 'secret').write_text('secret')
        self.rootfs = top / 'rootfs'
        self.rootfs.mkdir()
        self.addCleanup(self.assert_outside_untouched)

    def assert_outside_untouched(self):
        self.assertEqual(['secret'], os.listdir(self.outside))
        self.assertEqual('secret', (self.outside / 'secret').read_text())
        self.assertEqual(0, self.outside.stat().st_uid)

    def prepare(self, targets=FILES, working_dir='/'):
        mountpoints.prepare(self.rootfs, targets, ID_MAP, working_dir)

    def refused(self, *args, **kwargs):
        fault = self.assertRaises(
            exception.InvalidRequest, self.prepare, *args, **kwargs)
        self.assertEqual('image.mount_target', fault.code)
        return str(fault)


class TestPrepare(RootfsCase):
    def test_empty_rootfs(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.prepare(working_dir='/srv/app')
        for name in ('proc', 'dev', 'sys', 'etc', 'srv', 'srv/app'):
            status = (self.rootfs / name).lstat()
            self.assertEqual(stat.S_IFDIR | 0o755, status.st_mode, name)
            self.assertEqual(ID_MAP.host_base, status.st_uid, name)
        for path, _ in FILES:
            status = (self.rootfs / path[1:]).lstat()
            self.assertEqual(stat.S_IFREG | 0o644, status.st_mode, path)
            self.assertEqual(ID_MAP.host_base, status.st_uid, path)

    def test_what_is_there_stays(self):
        (self.rootfs / 'etc').mkdir(mode=0o700)
        (self.rootfs / 'etc/hosts').write_text('mine')
        self.prepare()
        self.prepare()
        self.assertEqual('mine', (self.rootfs / 'etc/hosts').read_text())
        self.assertEqual(0o700, stat.S_IMODE(
            (self.rootfs / 'etc').stat().st_mode))

    def test_kernel_directories_must_not_be_links(self):
        for name in ('dev', 'proc', 'sys'):
            for target in (str(self.outside), '/usr', 'usr'):
                (self.rootfs / 'usr').mkdir(exist_ok=True)
                shutil.rmtree(self.rootfs / name, ignore_errors=True)
                (self.rootfs / name).symlink_to(target)
                self.assertIn(f'/{name}', self.refused())
                (self.rootfs / name).unlink()

    def test_kernel_directories_must_be_directories(self):
        (self.rootfs / 'dev').write_text('')
        self.assertIn('/dev', self.refused())

    def test_link_to_outside_leads_inside(self):
        """What is absolute starts at the root of the image."""
        (self.rootfs / 'data').symlink_to(self.outside)
        self.refused(targets=(('/data/volume', True),))
        inside = self.rootfs / str(self.outside)[1:]
        inside.mkdir(parents=True)
        self.prepare(targets=(('/data/volume', True),))
        self.assertTrue((inside / 'volume').is_dir())

    def test_dots_do_not_lead_out(self):
        (self.rootfs / 'up').symlink_to('../../outside')
        self.refused(targets=(('/up/x', True),))
        self.prepare(targets=(('/../../outside/x', True),),
                     working_dir='/a/../../../outside/y')
        self.assertTrue((self.rootfs / 'outside/x').is_dir())
        self.assertTrue((self.rootfs / 'outside/y').is_dir())

    def test_directory_through_an_honest_link(self):
        (self.rootfs / 'run').mkdir()
        (self.rootfs / 'var').mkdir()
        (self.rootfs / 'var/run').symlink_to('/run')
        self.prepare(targets=(('/var/run/lock', True),))
        self.assertTrue((self.rootfs / 'run/lock').is_dir())

    def test_file_that_is_a_link_is_replaced(self):
        (self.rootfs / 'etc').mkdir()
        for target in ('../run/resolvconf/resolv.conf',
                       str(self.outside / 'secret'), 'resolv.conf'):
            link = self.rootfs / 'etc/resolv.conf'
            link.unlink(missing_ok=True)
            link.symlink_to(target)
            self.prepare()
            self.assertEqual(b'', link.read_bytes())
            self.assertFalse(link.is_symlink())

    def test_file_places_taken_by_something_else(self):
        (self.rootfs / 'etc').mkdir()
        place = self.rootfs / 'etc/hosts'
        place.mkdir()
        self.assertIn('/etc/hosts', self.refused())
        place.rmdir()
        os.mkfifo(place)
        self.refused()
        place.unlink()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place))
        self.refused()

    def test_parent_that_is_a_file(self):
        (self.rootfs / 'etc').write_text('')
        self.refused()

    def test_loops_and_long_names(self):
        (self.rootfs / 'a').symlink_to('b')
        (self.rootfs / 'b').symlink_to('a')
        self.refused(targets=(('/a/x', True),))
        self.refused(targets=(('/' + 'x' * 256, True),))
        self.refused(working_dir='/a')

    def test_no_working_directory_below_proc_or_sys(self):
        (self.rootfs / 'proc/self/fd/7').mkdir(parents=True)
        (self.rootfs / 'sys/kernel').mkdir(parents=True)
        (self.rootfs / 'a').symlink_to('/proc/self/fd')
        (self.rootfs / 'b').symlink_to('sys')
        for path in ('/proc/self/fd/7', '/a/7', '/sys/new', '/b/kernel',
                     '/../proc/1/root'):
            self.assertIn('lies below', self.refused(working_dir=path))
        for path in ('/proc', '/sys', '/dev/shm', '/dev'):
            self.prepare(working_dir=path)

    def test_no_link_into_proc_or_sys(self):
        for name in ('proc', 'sys'):
            (self.rootfs / 'etc').symlink_to(f'/{name}')
            self.assertIn(f'leads to /{name}', self.refused())
            self.assertIn(f'leads to /{name}',
                          self.refused(targets=(('/etc/data', True),)))
            (self.rootfs / 'etc').unlink()

    def test_below_kernel_directories_nothing_is_made(self):
        self.prepare(targets=(('/dev/shm', True), ('/proc/cpuinfo', False)),
                     working_dir='/dev/new')
        self.assertEqual([], os.listdir(self.rootfs / 'dev'))
        self.assertEqual([], os.listdir(self.rootfs / 'proc'))

    def test_not_on_the_root(self):
        fault = self.assertRaises(
            exception.InvalidRequest, self.prepare, (('/x/..', True),))
        self.assertEqual('container.mount_target', fault.code)

    def test_missing_rootfs(self):
        shutil.rmtree(self.rootfs)
        fault = self.assertRaises(exception.Internal, self.prepare)
        self.assertEqual('container.rootfs', fault.code)


class TestOpenInRoot(RootfsCase):
    def read(self, path, limit=100):
        return inroot.open_in_root(self.rootfs, path, limit)

    def refused(self, path, limit=100):
        fault = self.assertRaises(
            exception.InvalidRequest, self.read, path, limit)
        self.assertEqual('image.file', fault.code)

    def test_regular_file(self):
        (self.rootfs / 'passwd').write_text('root')
        (self.rootfs / 'link').symlink_to('/passwd')
        self.assertEqual(b'root', self.read('/passwd'))
        self.assertEqual(b'root', self.read('link', 4))

    def test_links_and_dots_stay_inside(self):
        (self.rootfs / 'link').symlink_to(self.outside / 'secret')
        (self.rootfs / 'dots').symlink_to('../outside/secret')
        for path in ('/link', '/dots', '../outside/secret', '/missing',
                     '/link/below'):
            fault = self.assertRaises(exception.NotFound, self.read, path)
            self.assertEqual('image.file_not_found', fault.code)

    def test_nothing_that_blocks(self):
        os.mkfifo(self.rootfs / 'fifo')
        os.mknod(self.rootfs / 'zero', stat.S_IFCHR, os.makedev(1, 5))
        (self.rootfs / 'directory').mkdir()
        for path in ('/fifo', '/zero', '/directory'):
            self.refused(path)

    def test_size_is_bounded(self):
        (self.rootfs / 'big').write_bytes(bytes(101))
        self.refused('/big')
        self.assertEqual(101, len(self.read('/big', 101)))

    def test_sparse_giant(self):
        with open(self.rootfs / 'giant', 'wb') as file:
            file.truncate(1 << 40)
        self.refused('/giant', 1 << 20)

    def test_loops_magic_links_and_null_bytes(self):
        (self.rootfs / 'loop').symlink_to('loop')
        self.refused('/loop')
        self.refused('/a\0b')
        fault = self.assertRaises(
            exception.InvalidRequest, inroot.open_in_root,
            pathlib.Path('/proc'), '/self/exe', 100)
        self.assertEqual('image.file', fault.code)
