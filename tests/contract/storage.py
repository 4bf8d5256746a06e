"""What every storage back end must do: ``storage.base.Storage`` as tests.

A subclass makes the back end and its layers; nothing here looks behind the
protocol.
"""

import errno
import os
import stat
import subprocess

from novacontainer.runtime import exception
from novacontainer.runtime import models

ID_MAP = models.IdMap(0x6fe00000)
ROOT = ID_MAP.host_base

#: Of a writable layer, in bytes.
LIMIT = 32 << 20


class StorageContract:
    """Mix into a test case that defines the two methods below."""

    def make_storage(self):
        """Return a back end; each one over the same data root."""
        raise NotImplementedError

    def make_layer(self, files):
        """Return a new layer directory with these files: name → text."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.storage = self.make_storage()

    def prepared(self, container_id='c1', id_map=ID_MAP):
        """Prepare a container that is removed at the end of the test."""
        self.addCleanup(self.storage.remove, container_id)
        self.storage.prepare(container_id, id_map, 0)
        return container_id

    def limited(self, container_id='limited'):
        """Prepare one with a limit of the writable layer."""
        self.addCleanup(self.storage.remove, container_id)
        self.storage.prepare(container_id, ID_MAP, LIMIT)
        return container_id

    def fill(self, root):
        """Write until nothing more can be, which is at the limit."""
        written = 0
        with (root / 'big').open('wb', buffering=0) as big:
            while written <= 2 * LIMIT:
                try:
                    written += big.write(bytes(4096))
                except OSError as error:
                    self.assertIn(error.errno, (errno.ENOSPC, errno.EDQUOT))
                    break
        self.assertTrue(LIMIT // 2 < written <= LIMIT, written)

    def raises(self, kind, code, function, *args):
        fault = self.assertRaises(kind, function, *args)
        self.assertEqual(code, fault.code)

    def test_layers_stack_in_order(self):
        low = self.make_layer({'both': 'low', 'low': 'low'})
        high = self.make_layer({'both': 'high', 'high': 'high'})
        root = self.storage.mount(self.prepared(), [low, high], ID_MAP)
        self.assertEqual('high', (root / 'both').read_text())
        self.assertEqual('low', (root / 'low').read_text())
        self.assertEqual('high', (root / 'high').read_text())

    def test_ids_are_shifted_both_ways(self):
        layer = self.make_layer({'file': 'x'})
        os.chown(layer / 'file', 1000, 1001)
        root = self.storage.mount(self.prepared(), [layer], ID_MAP)
        status = (root / 'file').stat()
        self.assertEqual((ROOT + 1000, ROOT + 1001),
                         (status.st_uid, status.st_gid))
        # Copied up, the file keeps its owner.
        (root / 'file').write_text('changed')
        status = (root / 'file').stat()
        self.assertEqual((ROOT + 1000, ROOT + 1001),
                         (status.st_uid, status.st_gid))
        self.assertEqual('x', (layer / 'file').read_text())

    def test_root_belongs_to_mapped_root(self):
        layer = self.make_layer({'file': 'x'})
        root = self.storage.mount(self.prepared(), [layer], ID_MAP)
        status = root.stat()
        self.assertEqual((ROOT, ROOT), (status.st_uid, status.st_gid))
        self.assertEqual(0o755, stat.S_IMODE(status.st_mode))

    def test_without_map(self):
        layer = self.make_layer({'file': 'x'})
        root = self.storage.mount(self.prepared(id_map=None), [layer], None)
        self.assertEqual(0, (root / 'file').stat().st_uid)
        self.assertEqual(0, root.stat().st_uid)

    def test_changes_stay_in_upper(self):
        layer = self.make_layer({'file': 'x', 'gone': 'x'})
        container = self.prepared()
        root = self.storage.mount(container, [layer], ID_MAP)
        (root / 'new').write_text('new')
        (root / 'gone').unlink()
        upper = self.storage.upper(container)
        self.assertEqual('new', (upper / 'new').read_text())
        self.assertEqual(0, (upper / 'gone').lstat().st_rdev)
        self.assertTrue(stat.S_ISCHR((upper / 'gone').lstat().st_mode))
        self.assertTrue((layer / 'gone').exists())

    def test_containers_do_not_share_changes(self):
        layer = self.make_layer({'file': 'x'})
        one = self.storage.mount(self.prepared('c1'), [layer], ID_MAP)
        two = self.storage.mount(self.prepared('c2'), [layer], ID_MAP)
        (one / 'file').write_text('one')
        self.assertEqual('x', (two / 'file').read_text())

    def test_changes_survive_a_remount_and_another_instance(self):
        layer = self.make_layer({'file': 'x'})
        container = self.prepared()
        root = self.storage.mount(container, [layer], ID_MAP)
        (root / 'new').write_text('new')
        self.storage.unmount(container)
        self.assertFalse((root / 'file').exists())
        root = self.make_storage().mount(container, [layer], ID_MAP)
        self.assertEqual('new', (root / 'new').read_text())

    def test_mount_twice_and_unmount_twice(self):
        layer = self.make_layer({'file': 'x'})
        container = self.prepared()
        root = self.storage.mount(container, [layer], ID_MAP)
        self.assertEqual(
            root, self.storage.mount(container, [layer], ID_MAP))
        self.assertEqual([container], list(self.storage.mounted()))
        self.storage.unmount(container)
        self.storage.unmount(container)
        self.assertEqual([], list(self.storage.mounted()))

    def test_unmount_while_in_use(self):
        layer = self.make_layer({'file': 'x'})
        container = self.prepared()
        root = self.storage.mount(container, [layer], ID_MAP)
        with open(root / 'file'):
            self.storage.unmount(container)
            self.assertEqual([], list(self.storage.mounted()))

    def test_remove_while_mounted_and_twice(self):
        layer = self.make_layer({'file': 'x'})
        container = self.prepared()
        self.storage.mount(container, [layer], ID_MAP)
        self.storage.remove(container)
        self.assertEqual([], list(self.storage.mounted()))
        self.assertFalse(self.storage.upper(container).exists())
        self.storage.remove(container)

    def test_prepare_twice(self):
        self.prepared()
        self.raises(exception.Conflict, 'storage.exists',
                    self.storage.prepare, 'c1', ID_MAP, 0)

    def test_prepare_again_after_remove(self):
        self.storage.remove(self.prepared())
        self.prepared()

    def test_the_limit_is_enforced(self):
        layer = self.make_layer({'file': 'x'})
        root = self.storage.mount(self.limited(), [layer], ID_MAP)
        free = self.storage.mount(self.prepared('c2'), [layer], ID_MAP)
        self.fill(root)
        found = os.statvfs(root)
        self.assertLessEqual(found.f_blocks * found.f_frsize, LIMIT)
        (free / 'big').write_bytes(bytes(LIMIT))
        # What was deleted can be written again.
        (root / 'big').unlink()
        (root / 'new').write_bytes(bytes(LIMIT // 2))

    def test_a_full_root_can_be_mounted_again(self):
        layer = self.make_layer({'file': 'x'})
        container = self.limited()
        self.fill(self.storage.mount(container, [layer], ID_MAP))
        for _ in range(3):
            self.storage.unmount(container)
            root = self.make_storage().mount(container, [layer], ID_MAP)
            (root / 'file').read_text()
        (root / 'big').unlink()
        (root / 'new').write_text('new')

    def test_a_limited_root_is_like_any(self):
        layer = self.make_layer({'file': 'x', 'gone': 'x'})
        container = self.limited()
        root = self.storage.mount(container, [layer], ID_MAP)
        status = root.stat()
        self.assertEqual((ROOT, ROOT, 0o755), (
            status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)))
        (root / 'gone').unlink()
        upper = self.storage.upper(container)
        self.assertTrue(stat.S_ISCHR((upper / 'gone').lstat().st_mode))
        self.assertEqual([container], list(self.storage.mounted()))
        self.storage.unmount(container)
        self.assertEqual([], list(self.storage.mounted()))
        self.storage.remove(container)
        self.assertFalse(self.storage.upper(container).exists())

    def test_changes_can_be_read_mounted_or_not(self):
        layer = self.make_layer({'file': 'x'})
        for container in (self.prepared('c1'), self.limited('c2')):
            with self.storage.opened(container) as upper:
                self.assertEqual([], os.listdir(upper))
            root = self.storage.mount(container, [layer], ID_MAP)
            (root / 'new').write_text('new')
            with self.storage.opened(container) as upper:
                self.assertEqual('new', (upper / 'new').read_text())
            self.storage.unmount(container)
            with self.storage.opened(container) as upper:
                self.assertEqual('new', (upper / 'new').read_text())
                # Children of the process reach it by the same path.
                subprocess.run(['test', '-f', upper / 'new'], check=True)
                # Mounted meanwhile, both see the same.
                root = self.storage.mount(container, [layer], ID_MAP)
                (root / 'newer').write_text('newer')
                self.assertEqual('newer', (upper / 'newer').read_text())
            self.assertEqual('newer', (root / 'newer').read_text())
        opened = self.storage.opened('c3')
        self.raises(exception.NotFound, 'storage.not_found',
                    opened.__enter__)

    def test_changes(self):
        low = self.make_layer({
            'kept': 'x', 'changed': 'x', 'gone': 'x', 'hidden': 'x'})
        high = self.make_layer({'swapped': 'x'})
        name = self.prepared()
        root = self.storage.mount(name, [low, high], ID_MAP)
        (root / 'changed').write_text('y')
        (root / 'gone').unlink()
        (root / 'hidden').unlink()
        (root / 'hidden').mkdir()
        (root / 'hidden' / 'file').write_text('x')
        (root / 'swapped').unlink()
        (root / 'swapped').symlink_to('/etc')
        (root / 'new').mkdir()
        (root / 'new' / 'file').write_text('x')
        expected = {
            ('/changed', 0), ('/gone', 2), ('/hidden', 0),
            ('/hidden/file', 1), ('/new', 1), ('/new/file', 1),
            ('/swapped', 0)}
        for _ in range(2):
            self.assertEqual(expected, {
                (change.path, change.kind)
                for change in self.storage.changes(name, [low, high])})
            self.storage.unmount(name)

    def test_changes_of_nothing(self):
        self.raises(exception.NotFound, 'storage.not_found', list,
                    self.storage.changes('missing', []))

    def resized(self, container, size_bytes):
        """Resize, and return how large the root is then."""
        self.storage.resize(container, size_bytes)
        root = self.storage.mount(container, [self.layer], ID_MAP)
        found = os.statvfs(root)
        self.storage.unmount(container)
        return found.f_blocks * found.f_frsize

    def test_resize_keeps_all_there_is(self):
        self.layer = self.make_layer({'gone': 'x', 'kept': 'y'})
        (self.layer / 'opaque').mkdir()
        (self.layer / 'opaque/below').write_text('z')
        for container in (self.limited(), self.prepared('free')):
            root = self.storage.mount(container, [self.layer], ID_MAP)
            (root / 'gone').unlink()
            (root / 'kept').write_text('changed')
            subprocess.run(['rm', '-r', root / 'opaque'], check=True)
            (root / 'opaque').mkdir()
            (root / 'opaque/own').write_text('own')
            os.link(root / 'opaque/own', root / 'link')
            os.chown(root / 'kept', ROOT + 7, ROOT + 8)
            self.storage.unmount(container)
            for size_bytes in (4 * LIMIT, LIMIT, LIMIT + 1, LIMIT):
                found = self.resized(container, size_bytes)
                self.assertTrue(0.7 < found / size_bytes <= 1, found)
            root = self.storage.mount(container, [self.layer], ID_MAP)
            self.assertFalse((root / 'gone').exists())
            self.assertEqual('changed', (root / 'kept').read_text())
            self.assertEqual((ROOT + 7, ROOT + 8), (
                (root / 'kept').stat().st_uid, (root / 'kept').stat().st_gid))
            self.assertEqual(['own'], os.listdir(root / 'opaque'))
            self.assertEqual(2, (root / 'link').stat().st_nlink)
            self.fill(root)

    def test_what_does_not_fit_stays(self):
        self.layer = self.make_layer({'a': 'x'})
        for container in (self.limited(), self.prepared('free')):
            root = self.storage.mount(container, [self.layer], ID_MAP)
            (root / 'big').write_bytes(os.urandom(LIMIT * 3 // 4))
            self.storage.unmount(container)
            error = self.assertRaises(
                exception.Conflict, self.storage.resize, container, LIMIT // 2)
            self.assertEqual('storage.too_small', error.code)
            root = self.storage.mount(container, [self.layer], ID_MAP)
            self.assertEqual(LIMIT * 3 // 4, (root / 'big').stat().st_size)

    def test_resize_what_is_mounted_or_missing(self):
        layer = self.make_layer({'a': 'x'})
        container = self.limited()
        self.storage.mount(container, [layer], ID_MAP)
        error = self.assertRaises(
            exception.Conflict, self.storage.resize, container, LIMIT * 2)
        self.assertEqual('storage.mounted', error.code)
        self.assertRaises(exception.NotFound, self.storage.resize, 'nothing',
                          LIMIT)
        self.storage.unmount(container)
        for size_bytes in (1, 1 << 70):
            self.assertRaises(exception.InvalidRequest, self.storage.resize,
                              container, size_bytes)

    def test_limits_that_cannot_be(self):
        for size_bytes in (1, 1 << 70):
            self.raises(exception.InvalidRequest, 'storage.size_range',
                        self.storage.prepare, 'c1', ID_MAP, size_bytes)
            self.assertFalse(self.storage.upper('c1').exists())

    def test_mount_of_nothing(self):
        layer = self.make_layer({'file': 'x'})
        self.raises(exception.NotFound, 'storage.not_found',
                    self.storage.mount, 'c1', [layer], ID_MAP)
        self.raises(exception.InvalidRequest, 'image.layers',
                    self.storage.mount, self.prepared(), [], ID_MAP)

    def test_missing_layer(self):
        layer = self.make_layer({'file': 'x'})
        for id_map in (ID_MAP, None):
            self.raises(
                exception.NotFound, 'storage.layer_not_found',
                self.storage.mount, self.prepared(f'c{id_map}', id_map),
                [layer, layer.with_name('missing')], id_map)
        self.assertEqual([], list(self.storage.mounted()))

    def test_layers_from_two_directories(self):
        one = self.make_layer({'one': 'x'})
        other = one.parent.parent / 'elsewhere'
        other.mkdir()
        two = other / 'two'
        self.make_layer({'two': 'x'}).rename(two)
        root = self.storage.mount(self.prepared(), [one, two], ID_MAP)
        self.assertEqual(['one', 'two'], sorted(os.listdir(root)))
        self.assertEqual(ROOT, (root / 'two').stat().st_uid)
