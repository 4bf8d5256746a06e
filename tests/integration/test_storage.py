"""Overlayfs on the running kernel, told of its layers in each way it has."""

import contextlib
import os
import pathlib
import shutil
import signal
import stat
import tempfile
import threading
import time
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import filesystem
from novacontainer.runtime.host import loopdevices
from novacontainer.runtime.host import mounts
from novacontainer.runtime.storage import diskimage
from novacontainer.runtime.storage import layering
from novacontainer.runtime.storage import overlay
from tests.contract import storage

ID_MAP = storage.ID_MAP
LIMIT = storage.LIMIT


class OverlayCase(storage.StorageContract):
    method = None

    def setUp(self):
        root = tempfile.mkdtemp(prefix='nc-', dir='/var/tmp')
        self.addCleanup(shutil.rmtree, root)
        self.root = pathlib.Path(root)
        self.layers = self.root / 'layers'
        # Nobody but root may walk into the layers from outside.
        self.layers.mkdir(mode=0o700)
        super().setUp()

    def make_storage(self):
        return overlay.Overlay(self.root, method=self.method)

    def make_layer(self, files):
        layer = self.layers / f'{len(os.listdir(self.layers)):064d}'
        layer.mkdir(mode=0o755)
        for name, text in files.items():
            (layer / name).write_text(text)
        return layer

    def test_nothing_else_stays_mounted(self):
        layer = self.make_layer({'file': 'x'})
        merged = self.mounted([layer])
        self.assertEqual([str(merged)], mounts.mount_points(self.root))
        self.assertEqual({'upper', 'work', 'merged'},
                         set(os.listdir(merged.parent)))

    def test_changes_are_in_overlays_form(self):
        layer = self.make_layer({'file': 'x', 'gone': 'x'})
        for name, size_bytes in (('c1', 0), ('c2', LIMIT)):
            root = self.mounted([layer], name, size_bytes=size_bytes)
            (root / 'new').write_text('new')
            (root / 'gone').unlink()
            with self.storage.delta(name, [layer], ID_MAP) as delta:
                self.assertIsNone(delta.changes)
                self.assertEqual(ID_MAP, delta.id_map)
                self.assertEqual(['gone', 'new'],
                                 sorted(os.listdir(delta.tree)))
                gone = (delta.tree / 'gone').lstat()
                self.assertTrue(stat.S_ISCHR(gone.st_mode))
                self.assertEqual(0, gone.st_rdev)

    def test_a_limited_root_looks_no_larger(self):
        root = self.mounted([self.make_layer({})], size_bytes=LIMIT)
        found = os.statvfs(root)
        self.assertLessEqual(found.f_blocks * found.f_frsize, LIMIT)

    def test_device_in_a_layer_is_dead(self):
        layer = self.make_layer({})
        os.mknod(layer / 'null', stat.S_IFCHR | 0o666, os.makedev(1, 3))
        root = self.mounted([layer])
        self.assertRaises(PermissionError, (root / 'null').read_bytes)

    def test_redirect_in_a_layer_is_not_followed(self):
        low = self.make_layer({})
        (low / 'secret').mkdir()
        (low / 'secret/file').write_text('x')
        high = self.make_layer({})
        (high / 'door').mkdir()
        os.setxattr(high / 'door', 'trusted.overlay.redirect', b'/secret')
        root = self.mounted([low, high])
        with contextlib.suppress(OSError):
            self.assertEqual([], os.listdir(root / 'door'))


class TestDescriptors(OverlayCase, base.BaseTestCase):
    method = layering.Method.DESCRIPTORS

    def setUp(self):
        if layering.best() is not self.method:
            self.skipTest('overlayfs takes descriptors from Linux 6.15 on')
        super().setUp()

    def test_300_layers(self):
        layers = [self.make_layer({f'{number}': 'x', 'last': f'{number}'})
                  for number in range(300)]
        root = self.mounted(layers)
        self.assertEqual(301, len(os.listdir(root)))
        self.assertEqual('299', (root / 'last').read_text())

    def test_more_layers_than_the_kernel_stacks(self):
        layers = [self.make_layer({})] * (layering.MAX_LAYERS + 1)
        fault = self.assertRaises(
            exception.InvalidRequest, self.mounted, layers)
        self.assertEqual('image.layers', fault.code)

    def test_full_disk(self):
        """A tiny file system of its own: prepare says what is wrong."""
        small = self.root / 'small'
        small.mkdir()
        mounts.mount('tmpfs', str(small), 'tmpfs', data='nr_inodes=4')
        self.addCleanup(mounts.unmount, str(small))
        full = overlay.Overlay(small)
        fault = self.assertRaises(
            exception.Unavailable, full.prepare, 'c1', [], ID_MAP, 0)
        self.assertEqual('storage.full', fault.code)

    def test_kernel_says_no(self):
        layer = self.make_layer({})
        container = self.prepared()
        with mock.patch.object(mounts.FilesystemContext, 'create',
                               side_effect=OSError(22, 'no')):
            fault = self.assertRaises(
                exception.Internal, self.storage.mount, container, [layer],
                ID_MAP)
        self.assertEqual('storage.failed', fault.code)
        self.storage.mount(container, [layer], ID_MAP)

    def test_the_kernels_own_words(self):
        with mounts.FilesystemContext('overlay') as context:
            fault = self.assertRaises(
                OSError, context.set_string, 'nonsense', '1')
            self.assertIn('nonsense', str(fault))


class TestDisk(OverlayCase, base.BaseTestCase):
    """Disk images in the ways in which something can be left."""

    def setUp(self):
        super().setUp()
        self.layer = self.make_layer({'file': 'x'})

    def limited(self):
        """Prepare a container with a limit."""
        return self.prepared([self.layer], 'limited', size_bytes=LIMIT)

    def opened(self, container):
        """Open what a container changed."""
        return self.storage.delta(container, [self.layer], ID_MAP)

    def devices(self):
        """Return the backing files, below our root, of loop devices."""
        return [path for entry in pathlib.Path('/sys/block').glob(
            'loop*/loop/backing_file')
            if (path := entry.read_text()).startswith(str(self.root))]

    def mount(self, container):
        return self.storage.mount(container, [self.layer], ID_MAP)

    def test_one_device_as_long_as_it_is_used(self):
        container = self.limited()
        self.assertEqual([], self.devices())
        with self.opened(container):
            self.assertEqual(1, len(self.devices()))
            with self.opened(container):
                self.mount(container)
                self.assertEqual(1, len(self.devices()))
        self.assertEqual(1, len(self.devices()))
        self.storage.unmount(container)
        self.assertEqual([], self.devices())

    def test_a_shell_that_stands_in_it(self):
        container = self.limited()
        root = self.mount(container)
        with open(root / 'file'):
            self.storage.unmount(container)
            self.assertEqual([], list(self.storage.mounted()))
            # Not gone, so that the next mount has to find it.
            self.assertEqual(1, len(self.devices()))
            with self.opened(container) as delta:
                (delta.tree / 'new').write_text('new')
            self.assertEqual(1, len(self.devices()))
        self.assertEqual([], self.devices())
        self.assertEqual('new', (self.mount(container) / 'new').read_text())

    def test_removed_while_in_use(self):
        container = self.limited()
        with open(self.mount(container) / 'file'):
            self.storage.remove(container)
            self.assertFalse((self.root / 'overlay' / container).exists())
        self.assertEqual([], self.devices())

    def test_many_at_once(self):
        container = self.limited()
        start = threading.Barrier(8)
        seen = []

        def look():
            start.wait()
            with self.opened(container):
                seen.append(len(self.devices()))

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([1] * 8, seen)
        self.assertEqual([], self.devices())

    def test_killed_on_the_way(self):
        container = self.limited()
        for where in ((loopdevices, '_configured'), (diskimage, 'detached')):
            original = getattr(*where)
            child = os.fork()
            if not child:
                def dying(*args, original=original):
                    original(*args)
                    os.kill(os.getpid(), signal.SIGKILL)

                try:
                    setattr(*where, dying)
                    self.mount(container)
                finally:
                    os._exit(1)
            self.assertEqual(signal.SIGKILL, os.WTERMSIG(
                os.waitpid(child, 0)[1]))
            self.assertEqual([], self.devices())

    def test_killed_before_the_root_is_mounted(self):
        container = self.limited()
        home = self.root / 'overlay' / container
        diskimage.attach(home / 'disk.img', home / 'disk')
        self.assertEqual([container], list(self.storage.mounted()))
        self.assertEqual('x', (self.mount(container) / 'file').read_text())
        self.storage.unmount(container)
        self.assertEqual([], self.devices())

    def test_a_mount_that_fails_leaves_nothing(self):
        container = self.limited()
        for target, name in ((mounts.FilesystemContext, 'mount'),
                             (mounts.FilesystemContext, 'create'),
                             (mounts, 'attach'), (layering, 'mount')):
            with mock.patch.object(target, name,
                                   side_effect=OSError(22, 'no')):
                fault = self.assertRaises(
                    exception.Internal, self.mount, container)
            self.assertEqual('storage.failed', fault.code)
            self.assertEqual([], mounts.mount_points(self.root))
            self.assertEqual([], self.devices())
        self.mount(container)

    def test_a_prepare_that_fails_can_be_removed(self):
        for target, name in ((mounts.FilesystemContext, 'create'),
                             (os, 'chown')):
            with mock.patch.object(target, name,
                                   side_effect=OSError(22, 'no')):
                self.assertRaises(exception.Internal, self.limited)
            self.storage.remove('limited')
            self.assertEqual([], self.devices())
        self.assertEqual([], os.listdir(self.root / 'overlay'))

    def test_room_is_given_back_to_the_host(self):
        root = self.mount(self.limited())
        image = self.root / 'overlay/limited/disk.img'
        (root / 'big').write_bytes(bytes(16 << 20))
        filesystem.sync(root)
        full = image.stat().st_blocks
        (root / 'big').unlink()
        filesystem.sync(root)
        # The kernel discards in the background, after its commit.
        deadline = time.monotonic() + 20
        while image.stat().st_blocks > full - (12 << 20) // 512:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_a_data_root_behind_a_link(self):
        (self.root / 'link').symlink_to(self.root)
        linked = overlay.Overlay(self.root / 'link')
        container = self.limited()
        with (linked.delta(container, [self.layer], ID_MAP),
              self.opened(container)):
            linked.mount(container, [self.layer], ID_MAP)
            self.assertEqual(1, len(self.devices()))
        self.assertEqual([container], list(linked.mounted()))
        linked.unmount(container)
        self.assertEqual([], self.devices())

    def test_the_disk_of_the_host_is_full(self):
        """The container gets errors, and is well when there is room."""
        host = self.root / 'host'
        host.mkdir()
        mounts.mount('tmpfs', str(host), 'tmpfs', data='size=24m')
        self.addCleanup(mounts.unmount, str(host))
        tight = overlay.Overlay(host)
        fault = self.assertRaises(
            exception.Unavailable, self.prepare_on_full, tight, host)
        self.assertEqual('storage.full', fault.code)
        self.addCleanup(tight.remove, 'c1')
        tight.prepare('c1', [self.layer], ID_MAP, LIMIT)
        root = tight.mount('c1', [self.layer], ID_MAP)
        (root / 'kept').write_text('kept')
        filesystem.sync(root)
        (host / 'ballast').write_bytes(bytes(12 << 20))
        with contextlib.suppress(OSError):
            (root / 'big').write_bytes(bytes(16 << 20))
            filesystem.sync(root)
        (host / 'ballast').unlink()
        tight.unmount('c1')
        root = tight.mount('c1', [self.layer], ID_MAP)
        self.assertEqual('kept', (root / 'kept').read_text())
        (root / 'new').write_text('new')

    def prepare_on_full(self, tight, host):
        with contextlib.suppress(OSError):
            (host / 'ballast').write_bytes(bytes(24 << 20))
        try:
            tight.prepare('c1', [self.layer], ID_MAP, LIMIT)
        finally:
            tight.remove('c1')
            (host / 'ballast').unlink()

    def test_sizes(self):
        for size_bytes in (diskimage.MIN_BYTES, 1 << 40):
            self.storage.prepare('c1', [self.layer], ID_MAP, size_bytes)
            self.addCleanup(self.storage.remove, 'c1')
            found = os.statvfs(self.mount('c1'))
            self.assertTrue(
                0.8 < found.f_blocks * found.f_frsize / size_bytes <= 1)
            self.storage.remove('c1')


class TestAppended(OverlayCase, base.BaseTestCase):
    method = layering.Method.APPENDED

    def test_crash_in_the_middle_is_swept(self):
        layer = self.make_layer({'file': 'x'})
        container = self.prepared([layer])
        left = self.root / 'overlay' / container / 'lower0'
        left.mkdir()
        mounts.mount(str(self.layers), str(left), flags=mounts.MS_BIND)
        (left.parent / 'lower1').mkdir()
        self.storage.mount(container, [layer], ID_MAP)
        self.assertFalse(left.exists())
        self.storage.unmount(container)
        left.mkdir()
        mounts.mount(str(self.layers), str(left), flags=mounts.MS_BIND)
        self.storage.remove(container)
        self.assertTrue((layer / 'file').exists())
        self.assertFalse(left.parent.exists())


class TestClassic(OverlayCase, base.BaseTestCase):
    method = layering.Method.CLASSIC

    def test_as_many_layers_as_docker(self):
        layers = [self.make_layer({f'{number}': 'x'})
                  for number in range(127)]
        root = self.mounted(layers)
        self.assertEqual(127, len(os.listdir(root)))

    def test_more_layers_than_a_page_holds(self):
        layers = [self.make_layer({}) for number in range(300)]
        fault = self.assertRaises(
            exception.InvalidRequest, self.mounted, layers)
        self.assertEqual('image.layers', fault.code)
        self.assertEqual([], list(self.storage.mounted()))
