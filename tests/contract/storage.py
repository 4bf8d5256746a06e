"""What every storage back end must do: ``storage.base.Storage`` as tests.

A subclass makes the back end and its layers; nothing here looks behind the
protocol.
"""

import errno
import os
import shutil
import stat
import subprocess

from novacontainer.runtime import exception
from novacontainer.runtime import models

ID_MAP = models.IdMap(0x6fe00000)
ROOT = ID_MAP.host_base

#: Of a writable layer, in bytes.
LIMIT = 32 << 20

#: cap_net_raw=ep, of version 2 (linux/capability.h).
CAPABILITY = bytes.fromhex('0100000200200000000000000000000000000000')


class StorageContract:
    """Mix into a test case that defines the two methods below.

    ``root`` is the data root; ``shows_limit`` says whether a limited root
    looks as large as its limit (statvfs(3)).
    """

    shows_limit = True

    def make_storage(self):
        """Return a back end; each one over the same data root."""
        raise NotImplementedError

    def make_layer(self, files):
        """Return a new layer directory with these files: name → text."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.storage = self.make_storage()

    def prepared(self, layers=None, container_id='c1', id_map=ID_MAP,
                 size_bytes=0):
        """Prepare a container that is removed at the end of the test."""
        if layers is None:
            layers = [self.make_layer({'file': 'x'})]
        self.addCleanup(self.storage.remove, container_id)
        self.storage.prepare(container_id, layers, id_map, size_bytes)
        return container_id

    def mounted(self, layers, container_id='c1', id_map=ID_MAP,
                size_bytes=0):
        """Prepare a container, and give its root."""
        return self.storage.mount(
            self.prepared(layers, container_id, id_map, size_bytes),
            layers, id_map)

    def told(self, container_id, layers):
        """Give the changes as pairs."""
        return {(change.path, int(change.kind)) for change in
                self.storage.changes(container_id, layers, ID_MAP)}

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

    def exists(self, container_id):
        """Say whether the back end has anything of a container."""
        opened = self.storage.delta(container_id, [], ID_MAP)
        try:
            with opened:
                return True
        except exception.NotFound:
            return False

    def test_layers_stack_in_order(self):
        low = self.make_layer({'both': 'low', 'low': 'low'})
        high = self.make_layer({'both': 'high', 'high': 'high'})
        root = self.mounted([low, high])
        self.assertEqual('high', (root / 'both').read_text())
        self.assertEqual('low', (root / 'low').read_text())
        self.assertEqual('high', (root / 'high').read_text())

    def test_layers_hide_what_is_below(self):
        low = self.make_layer({'gone': 'x', 'file': 'x', 'link': 'x'})
        for name in ('opaque', 'merged', 'dropped', 'was_directory'):
            (low / name).mkdir()
            (low / name / 'low').write_text('low')
        high = self.make_layer({'was_directory': 'file'})
        for name in ('gone', 'dropped'):
            os.mknod(high / name, stat.S_IFCHR, os.makedev(0, 0))
        for name in ('opaque', 'merged', 'file'):
            (high / name).mkdir()
            (high / name / 'high').write_text('high')
        os.setxattr(high / 'opaque', 'trusted.overlay.opaque', b'y')
        (high / 'link').symlink_to('/etc')
        # Gone in one layer, and back in the next.
        top = self.make_layer({'gone': 'back'})
        root = self.mounted([low, high, top])
        self.assertEqual(
            {'gone': None, 'file': ['high'], 'opaque': ['high'],
             'merged': ['high', 'low'], 'was_directory': None, 'link': None},
            {path.name: sorted(os.listdir(path)) if path.is_dir()
             and not path.is_symlink() else None for path in root.iterdir()})
        self.assertEqual('back', (root / 'gone').read_text())
        self.assertEqual('/etc', os.readlink(root / 'link'))

    def test_files_are_as_the_layers_have_them(self):
        layer = self.make_layer({'file': 'x', 'setuid': 'x'})
        (layer / 'setuid').chmod(0o4755)
        os.setxattr(layer / 'file', 'user.note', b'n')
        os.setxattr(layer / 'file', 'security.capability', CAPABILITY)
        os.link(layer / 'file', layer / 'other')
        os.mkfifo(layer / 'fifo')
        with open(layer / 'sparse', 'wb') as file:
            file.truncate(1 << 30)
            file.seek(1 << 29)
            file.write(b'x')
        (layer / 'folder').mkdir(mode=0o750)
        (layer / 'folder/inner').write_text('x')
        for name in ('file', 'folder'):
            os.utime(layer / name, ns=(1, 1_000_000_001))
        root = self.mounted([layer])
        status = (root / 'file').stat()
        self.assertEqual(1_000_000_001, status.st_mtime_ns)
        self.assertEqual(status.st_ino, (root / 'other').stat().st_ino)
        self.assertEqual(b'n', os.getxattr(root / 'file', 'user.note'))
        self.assertEqual(CAPABILITY, os.getxattr(
            layer / 'file', 'security.capability'))
        self.assertTrue((root / 'fifo').is_fifo())
        for name, mode in (('setuid', 0o4755), ('folder', 0o750)):
            self.assertEqual(mode, stat.S_IMODE((root / name).stat().st_mode))
        self.assertEqual(1_000_000_001, (root / 'folder').stat().st_mtime_ns)
        status = (root / 'sparse').stat()
        self.assertEqual(1 << 30, status.st_size)
        self.assertLess(status.st_blocks, 4096)
        with open(root / 'sparse', 'rb') as file:
            file.seek(1 << 29)
            self.assertEqual(b'x\0', file.read(2))

    def test_ids_are_shifted_both_ways(self):
        layer = self.make_layer({'file': 'x'})
        os.chown(layer / 'file', 1000, 1001)
        root = self.mounted([layer])
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
        for number, size_bytes in enumerate((0, LIMIT)):
            layer = self.make_layer({'file': 'x'})
            status = self.mounted(
                [layer], f'c{number}', size_bytes=size_bytes).stat()
            self.assertEqual((ROOT, ROOT), (status.st_uid, status.st_gid))
            self.assertEqual(0o755, stat.S_IMODE(status.st_mode))

    def test_closed_to_accounts_of_the_host(self):
        self.root.chmod(0o711)
        root = self.mounted([self.make_layer({'file': 'x'})])
        for number, reached in ((65534, False), (ROOT, True)):
            code = subprocess.run(
                ['setpriv', f'--reuid={number}', f'--regid={number}',
                 '--clear-groups', 'cat', root / 'file'],
                capture_output=True, check=False).returncode
            self.assertEqual(reached, code == 0, number)

    def test_without_map(self):
        layer = self.make_layer({'file': 'x'})
        root = self.mounted([layer], id_map=None)
        self.assertEqual(0, (root / 'file').stat().st_uid)
        self.assertEqual(0, root.stat().st_uid)

    def test_layers_never_change(self):
        layer = self.make_layer({'file': 'x', 'gone': 'x'})
        one = self.mounted([layer], 'c1')
        two = self.mounted([layer], 'c2')
        (one / 'new').write_text('new')
        (one / 'file').write_text('one')
        (one / 'gone').unlink()
        self.assertEqual('x', (two / 'file').read_text())
        self.assertEqual(['file', 'gone'], sorted(os.listdir(two)))
        self.assertEqual(['file', 'gone'], sorted(os.listdir(layer)))
        self.assertEqual('x', (layer / 'file').read_text())

    def test_changes_survive_a_remount_and_another_instance(self):
        layer = self.make_layer({'file': 'x'})
        root = self.mounted([layer])
        (root / 'new').write_text('new')
        self.storage.unmount('c1')
        self.assertFalse((root / 'file').exists())
        root = self.make_storage().mount('c1', [layer], ID_MAP)
        self.assertEqual('new', (root / 'new').read_text())

    def test_mount_twice_and_unmount_twice(self):
        layer = self.make_layer({'file': 'x'})
        root = self.mounted([layer])
        self.assertEqual(root, self.storage.mount('c1', [layer], ID_MAP))
        self.assertEqual(['c1'], list(self.storage.mounted()))
        self.storage.unmount('c1')
        self.storage.unmount('c1')
        self.assertEqual([], list(self.storage.mounted()))

    def test_unmount_while_in_use(self):
        root = self.mounted([self.make_layer({'file': 'x'})])
        with open(root / 'file'):
            self.storage.unmount('c1')
            self.assertEqual([], list(self.storage.mounted()))

    def test_remove_while_mounted_and_twice(self):
        for size_bytes in (0, LIMIT):
            self.mounted([self.make_layer({'file': 'x'})],
                         size_bytes=size_bytes)
            self.storage.remove('c1')
            self.assertEqual([], list(self.storage.mounted()))
            self.assertFalse(self.exists('c1'))
            self.storage.remove('c1')

    def test_deep_tree_is_removed(self):
        root = self.mounted([self.make_layer({})])
        fd = os.open(root, os.O_PATH)
        for _ in range(3000):
            os.mkdir('d', dir_fd=fd)
            below = os.open('d', os.O_PATH, dir_fd=fd)
            os.close(fd)
            fd = below
        os.close(fd)
        self.storage.remove('c1')
        self.assertFalse(root.parent.exists())

    def test_prepare_twice(self):
        layer = self.make_layer({'file': 'x'})
        self.prepared([layer])
        self.raises(exception.Conflict, 'storage.exists',
                    self.storage.prepare, 'c1', [layer], ID_MAP, 0)

    def test_prepare_again_after_remove(self):
        self.storage.remove(self.prepared())
        self.prepared()

    def test_the_limit_is_enforced(self):
        layer = self.make_layer({'file': 'x'})
        root = self.mounted([layer], 'limited', size_bytes=LIMIT)
        free = self.mounted([layer], 'c2')
        self.fill(root)
        (free / 'big').write_bytes(bytes(LIMIT))
        # What was deleted can be written again.
        (root / 'big').unlink()
        (root / 'new').write_bytes(bytes(LIMIT // 2))

    def test_a_full_root_can_be_mounted_again(self):
        layer = self.make_layer({'file': 'x'})
        self.fill(self.mounted([layer], size_bytes=LIMIT))
        for _ in range(3):
            self.storage.unmount('c1')
            root = self.make_storage().mount('c1', [layer], ID_MAP)
            (root / 'file').read_text()
        (root / 'big').unlink()
        (root / 'new').write_text('new')

    def test_delta_can_be_read_mounted_or_not(self):
        layer = self.make_layer({'file': 'x'})
        layers = [layer]
        for name, size_bytes in (('c1', 0), ('c2', LIMIT)):
            self.prepared(layers, name, size_bytes=size_bytes)
            self.assertEqual(set(), self.told(name, layers))
            root = self.storage.mount(name, layers, ID_MAP)
            (root / 'new').write_text('new')
            for _ in range(2):
                with self.storage.delta(name, layers, ID_MAP) as delta:
                    self.assertEqual(
                        'new', (delta.tree / 'new').read_text())
                    base = delta.id_map.host_base if delta.id_map else 0
                    self.assertEqual(base, delta.tree.stat().st_uid)
                    # Children of the process reach it by the same path.
                    subprocess.run(['test', '-f', delta.tree / 'new'],
                                   check=True)
                self.storage.unmount(name)
            with self.storage.delta(name, layers, ID_MAP) as delta:
                # Mounted meanwhile, both see the same.
                root = self.storage.mount(name, layers, ID_MAP)
                (root / 'newer').write_text('newer')
                self.assertEqual('newer', (delta.tree / 'newer').read_text())
            self.assertEqual('newer', (root / 'newer').read_text())
        opened = self.storage.delta('c3', layers, ID_MAP)
        self.raises(exception.NotFound, 'storage.not_found',
                    opened.__enter__)

    def test_changes(self):
        low = self.make_layer({
            'kept': 'x', 'changed': 'x', 'gone': 'x', 'hidden': 'x',
            'mode': 'x', 'same_size': 'x'})
        (low / 'tree').mkdir()
        (low / 'tree/file').write_text('x')
        (low / 'kept_tree').mkdir()
        (low / 'kept_tree/file').write_text('x')
        high = self.make_layer({'swapped': 'x'})
        layers = [low, high]
        root = self.mounted(layers)
        (root / 'changed').write_text('yy')
        (root / 'gone').unlink()
        (root / 'hidden').unlink()
        (root / 'hidden').mkdir()
        (root / 'hidden' / 'file').write_text('x')
        (root / 'mode').chmod(0o600)
        times = (root / 'same_size').stat()
        (root / 'same_size').write_text('y')
        os.utime(root / 'same_size', ns=(times.st_mtime_ns,) * 2)
        (root / 'swapped').unlink()
        (root / 'swapped').symlink_to('/etc')
        (root / 'new').mkdir()
        (root / 'new' / 'file').write_text('x')
        shutil.rmtree(root / 'tree')
        expected = {
            ('/changed', 0), ('/gone', 2), ('/hidden', 0),
            ('/hidden/file', 1), ('/new', 1), ('/new/file', 1),
            ('/mode', 0), ('/same_size', 0), ('/swapped', 0), ('/tree', 2)}
        for _ in range(2):
            self.assertEqual(expected, self.told('c1', layers))
            self.storage.unmount('c1')

    def test_changes_of_nothing(self):
        self.raises(exception.NotFound, 'storage.not_found', list,
                    self.storage.changes('missing', [], ID_MAP))

    def resized(self, container, size_bytes):
        """Resize, and expect that the root looks that large then."""
        self.storage.resize(container, size_bytes)
        root = self.storage.mount(container, [self.layer], ID_MAP)
        found = os.statvfs(root)
        self.storage.unmount(container)
        if self.shows_limit:
            found = found.f_blocks * found.f_frsize
            self.assertTrue(0.7 < found / size_bytes <= 1, found)

    def test_resize_keeps_all_there_is(self):
        self.layer = self.make_layer({'gone': 'x', 'kept': 'y', 'same': 'z'})
        (self.layer / 'opaque').mkdir()
        (self.layer / 'opaque/below').write_text('z')
        for container, size_bytes in (('limited', LIMIT), ('free', 0)):
            root = self.mounted([self.layer], container,
                                size_bytes=size_bytes)
            (root / 'gone').unlink()
            (root / 'kept').write_text('changed')
            subprocess.run(['rm', '-r', root / 'opaque'], check=True)
            (root / 'opaque').mkdir()
            (root / 'opaque/own').write_text('own')
            os.link(root / 'opaque/own', root / 'link')
            os.chown(root / 'kept', ROOT + 7, ROOT + 8)
            changes = self.told(container, [self.layer])
            self.storage.unmount(container)
            for wanted in (4 * LIMIT, LIMIT, LIMIT + 1, LIMIT):
                self.resized(container, wanted)
            self.assertEqual(changes, self.told(container, [self.layer]))
            root = self.storage.mount(container, [self.layer], ID_MAP)
            self.assertFalse((root / 'gone').exists())
            self.assertEqual('changed', (root / 'kept').read_text())
            self.assertEqual((ROOT + 7, ROOT + 8), (
                (root / 'kept').stat().st_uid, (root / 'kept').stat().st_gid))
            self.assertEqual(['own'], os.listdir(root / 'opaque'))
            self.assertEqual(2, (root / 'link').stat().st_nlink)
            (root / 'same').write_text('new')
            self.assertEqual({*changes, ('/same', 0)},
                             self.told(container, [self.layer]))
            self.fill(root)

    def test_resize_while_others_have_a_copy_of_the_mounts(self):
        self.layer = self.make_layer({'a': 'x'})
        root = self.mounted([self.layer], size_bytes=LIMIT)
        (root / 'a').write_text('kept')
        other = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', 'sh', '-c',
             'echo there; exec sleep 600'], stdout=subprocess.PIPE)
        self.addCleanup(other.wait)
        self.addCleanup(other.stdout.close)
        self.addCleanup(other.kill)
        other.stdout.readline()
        self.storage.unmount('c1')
        for wanted in (2 * LIMIT, LIMIT):
            self.resized('c1', wanted)
        root = self.storage.mount('c1', [self.layer], ID_MAP)
        self.assertEqual('kept', (root / 'a').read_text())

    def test_what_does_not_fit_stays(self):
        self.layer = self.make_layer({'a': 'x'})
        for container, size_bytes in (('limited', LIMIT), ('free', 0)):
            root = self.mounted([self.layer], container,
                                size_bytes=size_bytes)
            (root / 'big').write_bytes(os.urandom(LIMIT * 3 // 4))
            self.storage.unmount(container)
            error = self.assertRaises(
                exception.Conflict, self.storage.resize, container, LIMIT // 2)
            self.assertEqual('storage.too_small', error.code)
            self.assertEqual({('/big', 1)},
                             self.told(container, [self.layer]))
            root = self.storage.mount(container, [self.layer], ID_MAP)
            self.assertEqual(LIMIT * 3 // 4, (root / 'big').stat().st_size)

    def test_resize_what_is_mounted_or_missing(self):
        layer = self.make_layer({'a': 'x'})
        self.mounted([layer], size_bytes=LIMIT)
        error = self.assertRaises(
            exception.Conflict, self.storage.resize, 'c1', LIMIT * 2)
        self.assertEqual('storage.mounted', error.code)
        self.assertRaises(exception.NotFound, self.storage.resize, 'nothing',
                          LIMIT)
        self.storage.unmount('c1')
        for size_bytes in (1, 1 << 70):
            self.assertRaises(exception.InvalidRequest, self.storage.resize,
                              'c1', size_bytes)

    def test_limits_that_cannot_be(self):
        layer = self.make_layer({'file': 'x'})
        for size_bytes in (1, 1 << 70):
            self.raises(exception.InvalidRequest, 'storage.size_range',
                        self.storage.prepare, 'c1', [layer], ID_MAP,
                        size_bytes)
            self.assertFalse(self.exists('c1'))

    def test_mount_of_nothing(self):
        layer = self.make_layer({'file': 'x'})
        self.raises(exception.NotFound, 'storage.not_found',
                    self.storage.mount, 'c1', [layer], ID_MAP)
        self.raises(exception.InvalidRequest, 'image.layers',
                    self.mounted, [])

    def test_missing_layer(self):
        layer = self.make_layer({'file': 'x'})
        for id_map in (ID_MAP, None):
            self.raises(
                exception.NotFound, 'storage.layer_not_found', self.mounted,
                [layer, layer.with_name('missing')], f'c{id_map}', id_map)
        self.assertEqual([], list(self.storage.mounted()))

    def test_layers_from_two_directories(self):
        one = self.make_layer({'one': 'x'})
        other = one.parent.parent / 'elsewhere'
        other.mkdir()
        two = other / 'two'
        self.make_layer({'two': 'x'}).rename(two)
        root = self.mounted([one, two])
        self.assertEqual(['one', 'two'], sorted(os.listdir(root)))
        self.assertEqual(ROOT, (root / 'two').stat().st_uid)

    def test_an_image_with_a_layer_twice(self):
        one = self.make_layer({'a': 'one', 'b': 'one'})
        two = self.make_layer({'b': 'two', 'c': 'two'})
        root = self.mounted([one, two, one, two, one])
        self.assertEqual({'a': 'one', 'b': 'one', 'c': 'two'}, {
            path.name: path.read_text() for path in root.iterdir()})

    def test_no_descriptor_is_left_open(self):
        layer = self.make_layer({'file': 'x'})
        before = os.listdir('/proc/self/fd')
        self.mounted([layer])
        self.assertRaises(exception.NotFound, self.mounted,
                          [layer, layer.with_name('missing')], 'c2')
        self.assertEqual(len(before), len(os.listdir('/proc/self/fd')))

    def test_collect_keeps_what_is_needed(self):
        layer = self.make_layer({'file': 'x'})
        root = self.mounted([layer])
        self.storage.collect()
        self.assertEqual('x', (root / 'file').read_text())
        self.assertEqual(set(), self.told('c1', [layer]))
