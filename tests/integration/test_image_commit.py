"""Layers on a real overlayfs: whiteouts in both directions, and commits."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import tarfile

import fixtures
from oslotest import base

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.unpack import unpacker
from tests import archives
from tests import imagestore

HOST_BASE = 300_000


class TestOverlay(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore(
            unpacker.Unpacker()))
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        lower = archives.layer({
            'dir/one': b'1', 'dir/two': b'2', 'gone': b'x', 'kept': b'x',
            'tree/a/b': b'x', 'swapped/deep': b'x'})
        upper = archives.tar([
            (archives.member('.wh.gone'), b''),
            (archives.member('dir/', tarfile.DIRTYPE, mode=0o755), b''),
            (archives.member('dir/.wh.one'), b''),
            (archives.member('tree/', tarfile.DIRTYPE, mode=0o755), b''),
            (archives.member('tree/.wh..wh..opq'), b''),
            (archives.member('tree/c'), b'new'),
            (archives.member('.wh.swapped'), b''),
            (archives.member('swapped/', tarfile.DIRTYPE, mode=0o755), b''),
            (archives.member('swapped/new'), b'new')])
        document = archives.config(
            [archives.digest(lower), archives.digest(upper)], cmd=['x'])
        self.image = self.store.load(archives.pack([lower, upper], document))

    def mount(self, image):
        """Mount an image as a container's root; give root and upper."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        root, upper, work = (folder / name for name in
                             ('root', 'upper', 'work'))
        for path in (root, upper, work):
            path.mkdir()
        layers = self.store.service.layer_paths(image)
        subprocess.run(
            ['mount', '-t', 'overlay', '-o', 'lowerdir='
             + ':'.join(map(str, reversed(layers)))
             + f',upperdir={upper},workdir={work}'
             ',redirect_dir=off,metacopy=off', 'none', root], check=True)
        self.addCleanup(subprocess.run, ['umount', root], check=True)
        return root, upper

    @staticmethod
    def names(root):
        return sorted(str(path.relative_to(root))
                      for path in root.rglob('*') if not path.is_dir())

    def commit(self, upper, id_map=None):
        return self.store.service.commit(
            base=self.image, delta=deltas.Delta(upper, id_map),
            config={'Cmd': ['new']}, author='', message='',
            reference='snap:1')

    def test_whiteouts_of_images(self):
        root, _ = self.mount(self.image)
        self.assertEqual(['dir/two', 'kept', 'swapped/new', 'tree/c'],
                         self.names(root))

    def test_what_a_container_changed(self):
        root, upper = self.mount(self.image)
        (root / 'kept').unlink()
        shutil.rmtree(root / 'dir')
        (root / 'dir').mkdir()
        (root / 'dir/mine').write_text('mine')
        os.chmod(root / 'dir/mine', 0o4711)
        os.symlink('/etc/passwd', root / 'link')
        os.link(root / 'dir/mine', root / 'hard')
        os.mkfifo(root / 'fifo')
        expected = self.names(root)
        made = self.commit(upper)
        again, _ = self.mount(made)
        self.assertEqual(expected, self.names(again))
        self.assertEqual(0o4711, (again / 'hard').stat().st_mode & 0o7777)
        self.assertEqual(2, (again / 'hard').stat().st_nlink)

    def test_ids_and_capabilities_of_a_user_namespace(self):
        _, upper = self.mount(self.image)
        for path, owner in (('.', 0), ('f', 33)):
            target = upper / path
            if path != '.':
                target.touch()
            os.chown(target, HOST_BASE + owner, HOST_BASE + owner)
        os.setxattr(upper / 'f', 'security.capability',
                    b'\1\0\0\3' + bytes(16)
                    + HOST_BASE.to_bytes(4, 'little'))
        made = self.commit(upper, models.IdMap(HOST_BASE))
        path = self.store.service.layer_paths(made)[-1]
        self.assertEqual((0, 33), (path.stat().st_uid,
                                   (path / 'f').stat().st_uid))
        self.assertEqual(b'\1\0\0\2' + bytes(16), os.getxattr(
            path / 'f', 'security.capability'))

    def test_saved_commit(self):
        root, upper = self.mount(self.image)
        (root / 'new').write_text('new')
        made = self.commit(upper)
        other = self.useFixture(imagestore.ImageStore(unpacker.Unpacker()))
        self.assertEqual(
            dataclasses.replace(made, parent=''),
            other.load(self.store.save('snap:1')))

    def test_a_hostile_container(self):
        root, upper = self.mount(self.image)
        os.symlink('/', root / 'host')
        os.symlink('loop', root / 'loop')
        deep = root
        for _ in range(60):
            deep = deep / ('d' * 60)
            deep.mkdir()
        (upper / 'x').write_text('x')
        os.setxattr(root / 'kept', 'user.overlay.opaque', b'y')
        made = self.commit(upper)
        path = self.store.service.layer_paths(made)[-1]
        self.assertEqual('/', os.readlink(path / 'host'))
        self.assertEqual([], os.listxattr(path / 'kept'))

    def test_a_commit_that_fails_leaves_nothing(self):
        _, upper = self.mount(self.image)
        before = self.store.files()
        with open(upper / 'huge', 'wb') as sparse:
            sparse.truncate(1 << 41)
        error = self.assertRaises(exception.InvalidRequest,
                                  self.commit, upper)
        self.assertEqual('image.too_large', error.code)
        self.assertEqual(before, self.store.files())
        self.assertEqual(1, self.store.rows()['images'])
