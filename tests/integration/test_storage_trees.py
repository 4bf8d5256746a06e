"""The drivers btrfs and vfs, which give each container a whole tree."""

import errno
import os
import pathlib
import shutil
import subprocess
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import btrfs as host_btrfs
from novacontainer.runtime.host import mounts
from novacontainer.runtime.storage import btrfs
from novacontainer.runtime.storage import flattening
from novacontainer.runtime.storage import select
from novacontainer.runtime.storage import vfs
from tests.contract import storage
from tests import filesystems

ID_MAP = storage.ID_MAP
LIMIT = storage.LIMIT


class TreeCase(storage.StorageContract):
    """A driver over the data root ``self.root``."""

    def setUp(self):
        place = pathlib.Path(tempfile.mkdtemp(prefix='nc-', dir='/var/tmp'))
        self.addCleanup(shutil.rmtree, place)
        place.chmod(0o711)
        self.root = self.make_root(place)
        self.layers = self.root / 'layers'
        self.layers.mkdir(mode=0o700)
        super().setUp()

    def make_root(self, place):
        """Return the data root."""
        raise NotImplementedError

    def make_layer(self, files):
        layer = self.layers / f'{len(os.listdir(self.layers)):064d}'
        layer.mkdir(mode=0o755)
        for name, text in files.items():
            (layer / name).write_text(text)
        return layer

    def test_device_in_a_root_is_dead(self):
        root = self.mounted([self.make_layer({})])
        os.mknod(root / 'null', 0o20666, os.makedev(1, 3))
        self.assertRaises(PermissionError, (root / 'null').read_bytes)

    def test_a_link_in_a_layer_is_not_followed(self):
        """Where a layer has a directory and the one below a link."""
        outside = self.root / 'outside'
        outside.mkdir()
        low = self.make_layer({})
        (low / 'door').symlink_to(outside)
        high = self.make_layer({})
        (high / 'door').mkdir()
        (high / 'door/file').write_text('x')
        root = self.mounted([low, high])
        self.assertEqual([], os.listdir(outside))
        self.assertEqual('x', (root / 'door/file').read_text())

    def test_swapped_directories(self):
        """Their files have the same sizes and times."""
        layer = self.make_layer({})
        for name in ('a', 'b'):
            (layer / name).mkdir()
            (layer / name / 'file').write_text(name)
            for path in (layer / name / 'file', layer / name):
                os.utime(path, ns=(1, 1))
        root = self.mounted([layer])
        (root / 'a').rename(root / 'c')
        (root / 'b').rename(root / 'a')
        (root / 'c').rename(root / 'b')
        self.assertTrue(
            {('/a/file', 0), ('/b/file', 0)} <= self.told('c1', [layer]))

    def test_a_layer_that_goes_meanwhile(self):
        layer = self.make_layer({'file': 'x'})
        apply = flattening.apply

        def going(source, tree, *shift):
            apply(source, tree, *shift)
            layer.rename(self.root / 'aside')

        with mock.patch.object(flattening, 'apply', going):
            self.raises(exception.NotFound, 'storage.layer_not_found',
                        self.prepared, [layer])
        self.storage.remove('c1')
        self.left_nothing()

    def test_a_full_disk_leaves_nothing(self):
        layer = self.make_layer({'file': 'x'})
        with mock.patch.object(
                flattening.copying, 'copy',
                side_effect=OSError(errno.ENOSPC, 'full')):
            self.raises(exception.Unavailable, 'storage.full',
                        self.prepared, [layer])
        self.storage.remove('c1')
        self.left_nothing()

    def test_a_mount_that_fails(self):
        layer = self.make_layer({'file': 'x'})
        for size_bytes in (0, LIMIT):
            self.prepared([layer], size_bytes=size_bytes)
            for name in ('clone_tree', 'attach'):
                with mock.patch.object(mounts, name,
                                       side_effect=OSError(22, 'no')):
                    self.raises(exception.Internal, 'storage.failed',
                                self.storage.mount, 'c1', [layer], ID_MAP)
                self.assertEqual([], mounts.mount_points(self.root))
            self.storage.mount('c1', [layer], ID_MAP)
            self.storage.remove('c1')

    def left_nothing(self):
        """Expect no file of any container."""
        self.assertEqual([], os.listdir(self.root / self.storage.name))


class TestBtrfs(TreeCase, base.BaseTestCase):
    shows_limit = False

    def make_root(self, place):
        return filesystems.btrfs(place, self.addCleanup)

    def make_storage(self):
        return btrfs.Btrfs(self.root)

    def chains(self):
        return sorted(os.listdir(self.root / 'chains'))

    def left_nothing(self):
        super().left_nothing()
        self.assertEqual([], self.chains())

    def subvolumes(self):
        """Count them as the kernel knows them."""
        return len(subprocess.run(
            ['btrfs', 'subvolume', 'list', self.root], check=True,
            capture_output=True, text=True).stdout.splitlines())

    def test_a_chain_is_made_once(self):
        low, high, other = (self.make_layer({'file': str(number)})
                            for number in range(3))
        with mock.patch.object(flattening, 'apply',
                               wraps=flattening.apply) as apply:
            self.prepared([low, high], 'c1')
            self.prepared([low, high], 'c2')
            self.prepared([low, other], 'c3')
            self.prepared([low], 'c4')
        self.assertEqual([low, high, other],
                         [call.args[0] for call in apply.mock_calls])
        # Three chains and four containers.
        self.assertEqual(7, self.subvolumes())

    def test_chains_go_with_their_layers(self):
        low, high, other = (self.make_layer({'file': str(number)})
                            for number in range(3))
        self.prepared([low, high], 'c1')
        self.prepared([low, other], 'c2')
        self.assertEqual(3, len(self.chains()))
        shutil.rmtree(high)
        self.storage.collect()
        self.assertEqual(3, len(self.chains()))
        self.storage.remove('c1')
        self.storage.collect()
        self.assertEqual(2, len(self.chains()))
        shutil.rmtree(low)
        self.storage.remove('c2')
        self.storage.collect()
        self.left_nothing()
        self.assertEqual(0, self.subvolumes())

    def test_a_crash_while_a_chain_is_made(self):
        layer = self.make_layer({'file': 'x'})
        child = os.fork()
        if not child:
            with mock.patch.object(os, 'rename',
                                   side_effect=lambda *_: os._exit(3)):
                self.storage.prepare('c1', [layer], ID_MAP, 0)
            os._exit(1)
        self.assertEqual(3, os.waitstatus_to_exitcode(
            os.waitpid(child, 0)[1]))
        self.assertEqual(1, self.subvolumes())
        again = self.make_storage()
        again.remove('c1')
        again.collect()
        self.left_nothing()
        self.assertEqual(0, self.subvolumes())

    def test_a_crash_after_the_snapshot(self):
        layer = self.make_layer({'file': 'x'})
        with mock.patch.object(host_btrfs, 'limit',
                               side_effect=OSError(5, 'no')):
            self.raises(exception.Internal, 'storage.failed', self.prepared,
                        [layer], 'c1', ID_MAP, LIMIT)
        self.assertEqual(2, self.subvolumes())
        self.storage.remove('c1')
        self.assertEqual(1, self.subvolumes())

    def test_subvolumes_that_a_container_made(self):
        root = self.mounted([self.make_layer({'file': 'x'})],
                            size_bytes=LIMIT)
        before = self.subvolumes()
        host_btrfs.create(root / 'one')
        (root / 'one/folder').mkdir()
        host_btrfs.create(root / 'one/folder/two')
        (root / 'one/folder/two/file').write_text('x')
        host_btrfs.create(root / 'three')
        self.assertEqual(before + 3, self.subvolumes())
        self.storage.remove('c1')
        self.assertEqual(before - 1, self.subvolumes())

    def test_a_limit_for_what_was_written_without(self):
        """Counted first, though nobody had a limit before."""
        root = self.mounted([self.make_layer({'file': 'x'})])
        (root / 'big').write_bytes(os.urandom(LIMIT // 2))
        self.storage.unmount('c1')
        self.assertLessEqual(LIMIT // 2, host_btrfs.exclusive_bytes(
            self.root / 'btrfs/c1/private/root'))

    def test_the_image_does_not_count(self):
        """Only what the container writes itself is limited."""
        layer = self.make_layer({})
        (layer / 'big').write_bytes(os.urandom(2 * LIMIT))
        root = self.mounted([layer], size_bytes=LIMIT)
        (root / 'new').write_bytes(bytes(LIMIT // 2))
        with open(root / 'big', 'r+b', buffering=0) as file:
            error = self.assertRaises(OSError, self.overwrite, file)
        self.assertEqual(errno.EDQUOT, error.errno)

    @staticmethod
    def overwrite(file):
        for _ in range(2 * LIMIT // 65536):
            file.write(os.urandom(65536))

    def test_no_quota_group_is_left(self):
        self.prepared(size_bytes=LIMIT)
        self.storage.remove('c1')
        subprocess.run(['btrfs', 'subvolume', 'sync', self.root], check=True,
                       stdout=subprocess.DEVNULL)
        groups = subprocess.run(
            ['btrfs', 'qgroup', 'show', '--raw', self.root], check=True,
            capture_output=True, text=True).stdout.splitlines()[2:]
        # The top, and the chain.
        self.assertEqual(2, len(groups), groups)

    def test_setuid_files_of_the_image_are_closed(self):
        """They belong to the host's root on the disk."""
        self.root.chmod(0o711)
        layer = self.make_layer({'file': 'x'})
        with self.storage.delta(
                self.prepared([layer]), [layer], ID_MAP) as delta:
            code = subprocess.run(
                ['setpriv', f'--reuid={ID_MAP.host_base}',
                 f'--regid={ID_MAP.host_base}', '--clear-groups', 'cat',
                 delta.tree / 'file'],
                capture_output=True, check=False).returncode
        self.assertNotEqual(0, code)

    def test_another_file_system(self):
        fault = self.assertRaises(exception.NotSupported, btrfs.check,
                                  pathlib.Path('/proc'))
        self.assertEqual('host.data_root', fault.code)
        self.assertIn('lies on proc', fault.message)
        btrfs.check(self.root)


class TestVfs(TreeCase, base.BaseTestCase):
    def make_root(self, place):
        return place

    def make_storage(self):
        return vfs.Vfs(self.root)

    def test_an_image_that_does_not_fit(self):
        layer = self.make_layer({})
        (layer / 'big').write_bytes(bytes(2 * LIMIT))
        self.raises(exception.InvalidRequest, 'storage.image_too_large',
                    self.prepared, [layer], 'c1', ID_MAP, LIMIT)
        self.storage.remove('c1')
        self.left_nothing()


class TestVfsElsewhere(base.BaseTestCase):
    """On file systems that can do more, or less."""

    def setUp(self):
        super().setUp()
        self.place = pathlib.Path(tempfile.mkdtemp(
            prefix='nc-', dir='/var/tmp'))
        self.addCleanup(shutil.rmtree, self.place)

    def copy(self, root):
        """Make a container of one layer of 64 MiB; return its file."""
        layer = root / 'layer'
        layer.mkdir()
        (layer / 'big').write_bytes(os.urandom(64 << 20))
        os.sync()
        self.free = os.statvfs(root).f_bavail
        driver = vfs.Vfs(root)
        self.addCleanup(driver.remove, 'c1')
        driver.prepare('c1', [layer], ID_MAP, 0)
        merged = driver.mount('c1', [layer], ID_MAP)
        os.sync()
        self.assertEqual((layer / 'big').read_bytes(),
                         (merged / 'big').read_bytes())
        self.assertEqual([], list(driver.changes('c1', [layer], ID_MAP)))
        found = os.statvfs(root)
        return (self.free - found.f_bavail) * found.f_frsize

    def test_bytes_are_shared_where_they_can_be(self):
        root = filesystems.btrfs(self.place, self.addCleanup)
        self.assertLess(self.copy(root), 32 << 20)

    def test_tmpfs(self):
        mounts.mount('tmpfs', str(self.place), 'tmpfs', data='size=1g')
        self.addCleanup(mounts.unmount, str(self.place), mounts.MNT_DETACH)
        self.assertGreaterEqual(self.copy(self.place), 64 << 20)

    def test_on_overlayfs(self):
        """As in a container, where overlayfs takes no upper directory."""
        for name in ('lower', 'upper', 'work', 'data'):
            (self.place / name).mkdir()
        mounts.mount('overlay', str(self.place / 'data'), 'overlay', data=(
            f'lowerdir={self.place}/lower,upperdir={self.place}/upper,'
            f'workdir={self.place}/work'))
        self.addCleanup(mounts.unmount, str(self.place / 'data'),
                        mounts.MNT_DETACH)
        self.copy(self.place / 'data')
        self.assertNotEqual('', select.overlay_problem(
            self.place / 'data', ID_MAP))
        chosen = select.choose(self.place / 'data', 'auto',
                               self.place / 'pins', ID_MAP)
        self.assertEqual('vfs', chosen.storage.name)
