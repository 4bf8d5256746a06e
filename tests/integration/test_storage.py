"""Overlayfs on the running kernel, told of its layers in each way it has."""

import contextlib
import os
import pathlib
import shutil
import stat
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts
from novacontainer.runtime.storage import layering
from novacontainer.runtime.storage import overlay
from tests.contract import storage

ID_MAP = storage.ID_MAP


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
        container = self.prepared()
        merged = self.storage.mount(container, [layer], ID_MAP)
        self.assertEqual([str(merged)], mounts.mount_points(self.root))
        self.assertEqual({'upper', 'work', 'merged'},
                         set(os.listdir(merged.parent)))

    def test_an_image_with_a_layer_twice(self):
        one = self.make_layer({'a': 'one', 'b': 'one'})
        two = self.make_layer({'b': 'two', 'c': 'two'})
        merged = self.storage.mount(
            self.prepared(), [one, two, one, two, one], ID_MAP)
        self.assertEqual({'a': 'one', 'b': 'one', 'c': 'two'}, {
            path.name: path.read_text() for path in merged.iterdir()})

    def test_no_descriptor_is_left_open(self):
        layer = self.make_layer({'file': 'x'})
        before = os.listdir('/proc/self/fd')
        self.storage.mount(self.prepared(), [layer], ID_MAP)
        self.assertRaises(
            exception.NotFound, self.storage.mount,
            self.prepared('c2'), [layer, layer / 'missing'], ID_MAP)
        self.assertEqual(len(before), len(os.listdir('/proc/self/fd')))

    def test_device_in_a_layer_is_dead(self):
        layer = self.make_layer({})
        os.mknod(layer / 'null', stat.S_IFCHR | 0o666, os.makedev(1, 3))
        root = self.storage.mount(self.prepared(), [layer], ID_MAP)
        self.assertRaises(PermissionError, (root / 'null').read_bytes)

    def test_redirect_in_a_layer_is_not_followed(self):
        low = self.make_layer({})
        (low / 'secret').mkdir()
        (low / 'secret/file').write_text('x')
        high = self.make_layer({})
        (high / 'door').mkdir()
        os.setxattr(high / 'door', 'trusted.overlay.redirect', b'/secret')
        root = self.storage.mount(self.prepared(), [low, high], ID_MAP)
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
        root = self.storage.mount(self.prepared(), layers, ID_MAP)
        self.assertEqual(301, len(os.listdir(root)))
        self.assertEqual('299', (root / 'last').read_text())

    def test_more_layers_than_the_kernel_stacks(self):
        layers = [self.make_layer({})] * (layering.MAX_LAYERS + 1)
        fault = self.assertRaises(
            exception.InvalidRequest, self.storage.mount, self.prepared(),
            layers, ID_MAP)
        self.assertEqual('image.layers', fault.code)

    def test_deep_tree_is_removed(self):
        layer = self.make_layer({})
        container = self.prepared()
        root = self.storage.mount(container, [layer], ID_MAP)
        fd = os.open(root, os.O_PATH)
        for _ in range(3000):
            os.mkdir('d', dir_fd=fd)
            below = os.open('d', os.O_PATH, dir_fd=fd)
            os.close(fd)
            fd = below
        os.close(fd)
        self.storage.remove(container)
        self.assertFalse(root.parent.exists())

    def test_full_disk(self):
        """A tiny file system of its own: prepare says what is wrong."""
        small = self.root / 'small'
        small.mkdir()
        mounts.mount('tmpfs', str(small), 'tmpfs', data='nr_inodes=4')
        self.addCleanup(mounts.unmount, str(small))
        full = overlay.Overlay(small)
        fault = self.assertRaises(
            exception.Unavailable, full.prepare, 'c1', ID_MAP, 0)
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


class TestAppended(OverlayCase, base.BaseTestCase):
    method = layering.Method.APPENDED

    def test_crash_in_the_middle_is_swept(self):
        layer = self.make_layer({'file': 'x'})
        container = self.prepared()
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
        root = self.storage.mount(self.prepared(), layers, ID_MAP)
        self.assertEqual(127, len(os.listdir(root)))

    def test_more_layers_than_a_page_holds(self):
        layers = [self.make_layer({}) for number in range(300)]
        fault = self.assertRaises(
            exception.InvalidRequest, self.storage.mount, self.prepared(),
            layers, ID_MAP)
        self.assertEqual('image.layers', fault.code)
        self.assertEqual([], list(self.storage.mounted()))
