"""Images through the real unpack child, from and to the real tools."""

import io
import os
import pathlib
import resource
import subprocess
import sys
import threading

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import limits
from novacontainer.runtime.unpack import unpacker
from tests import archives
from tests import imagestore

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **options):
    return subprocess.run(list(map(str, command)), check=True,
                          capture_output=True, **options).stdout


class ImageTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore(
            unpacker.Unpacker()))
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path


class TestTools(ImageTestCase):
    """What skopeo and umoci write, and what skopeo reads."""

    def setUp(self):
        super().setUp()
        self.archive = self.write('in.tar', archives.busybox_image())
        self.image = self.store.load(self.archive.read_bytes())

    def skopeo(self, source, target):
        run('skopeo', 'copy', '--insecure-policy', source, target)

    def test_docker_archive(self):
        out = self.folder / 'out.tar'
        self.skopeo(f'docker-archive:{self.archive}',
                    f'docker-archive:{out}:copy:1')
        found = self.store.load(out.read_bytes())
        self.assertIn('copy:1', found.references)
        self.assertEqual(self.image.layers[0].diff_id,
                         found.layers[0].diff_id)

    def test_oci_archive(self):
        for compression in ('gzip', 'zstd'):
            out = self.folder / f'{compression}.tar'
            run('skopeo', 'copy', '--insecure-policy',
                '--dest-compress-format', compression, '--dest-compress',
                f'docker-archive:{self.archive}',
                f'oci-archive:{out}:copy:{compression}')
            found = self.store.load(out.read_bytes())
            self.assertIn(f'copy:{compression}', found.references)
            self.assertEqual(self.image.layers[0].diff_id,
                             found.layers[0].diff_id)

    def test_a_layout_packed_by_hand(self):
        layout = self.folder / 'layout'
        run('umoci', 'init', '--layout', layout)
        run('umoci', 'new', '--image', f'{layout}:empty')
        run('umoci', 'insert', '--image', f'{layout}:empty', '/bin/busybox',
            '/bin/busybox')
        packed = run('tar', '-C', layout, '-cz', '.')
        found = self.store.load(packed, reference='umoci:1')
        path = self.store.service.layer_paths(found)[-1]
        self.assertTrue((path / 'bin/busybox').is_file())

    def test_saved_and_read_by_skopeo(self):
        saved = self.write('saved.tar', self.store.save('busybox:test'))
        for number, source in enumerate((
                f'docker-archive:{saved}:busybox:test',
                f'oci-archive:{saved}:test')):
            out = self.folder / f'again{number}.tar'
            self.skopeo(source, f'docker-archive:{out}:again:{number}')
            again = self.store.load(out.read_bytes())
            self.assertEqual(
                [layer.diff_id for layer in self.image.layers],
                [layer.diff_id for layer in again.layers])

    def test_saved_is_exact(self):
        other = self.useFixture(imagestore.ImageStore(unpacker.Unpacker()))
        saved = self.store.save('busybox:test')
        self.assertEqual(self.image, other.load(saved))
        self.assertEqual(saved, other.save('busybox:test'))

    def test_a_root_filesystem(self):
        tree = self.store.service.layer_paths(self.image)[0]
        for flags in (['-c'], ['-cz'], ['-cJ'], ['-cj'],
                      ['-c', '--format=posix'], ['-c', '--format=v7']):
            packed = run('tar', '-C', tree, *flags, '--numeric-owner', '.')
            found = self.store.load(packed, reference='root:1')
            path, = self.store.service.layer_paths(found)
            self.assertEqual('busybox', os.readlink(path / 'bin/sh'))

    def test_a_truncated_root_filesystem(self):
        packed = archives.layer({'a': b'x' * 600, 'b': b'x' * 600})
        for size in (700, 1024 + 512, 3000, 3072):
            self.assertRaises(exception.InvalidRequest, self.store.load,
                              packed[:size])


class TestWholeLoads(ImageTestCase):

    def layered(self, number):
        layers = [archives.layer({f'f{number}-{n}': os.urandom(50_000)})
                  for n in range(number)]
        document = archives.config(map(archives.digest, layers), cmd=['x'])
        return archives.pack(layers, document, ['many:1'])

    def test_many_layers(self):
        found = self.store.load(self.layered(40))
        for number, path in enumerate(self.store.service.layer_paths(found)):
            self.assertEqual([f'f40-{number}'], os.listdir(path))

    def test_no_child_and_no_descriptor_stays(self):
        good = self.layered(3)
        self.store.load(good)
        self.store.service.close()
        before = sorted(os.listdir('/proc/self/fd'))
        for bad in (good[:100_000], good[:9_000], b'junk' * 1000):
            self.assertRaises(exception.InvalidRequest, self.store.load, bad)
        self.assertEqual(before, sorted(os.listdir('/proc/self/fd')))
        self.assertRaises(ChildProcessError, os.waitpid, -1, os.WNOHANG)

    def test_at_once(self):
        data = self.layered(4)
        faults = []

        def load():
            try:
                self.store.load(data)
            except exception.RuntimeFault as fault:
                faults.append(fault)
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.assertEqual([], faults)
        self.assertEqual(8, len(self.store.files()))

    def test_full_disk(self):
        run('mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', self.folder)
        self.addCleanup(run, 'umount', self.folder)
        store = imagestore.ImageStore(unpacker.Unpacker())
        self.useFixture(fixtures.MonkeyPatch('tempfile.tempdir',
                                             str(self.folder)))
        self.useFixture(store)
        data = archives.docker_archive({'f': os.urandom(3 << 20)},
                                       cmd=['x'])
        error = self.assertRaises(exception.Unavailable, store.load, data)
        self.assertEqual('storage.full', error.code)
        self.assertTrue(store.is_empty())
        store.load(archives.docker_archive({'f': b'small'}, cmd=['x']))

    def test_memory_is_flat(self):
        """200 MB pass through a process that may use 60 MB more."""
        path = self.folder / 'big.tar'
        chunk = os.urandom(1 << 20)
        layer = archives.layer({f'f{n}': chunk for n in range(200)})
        path.write_bytes(archives.pack(
            [layer], archives.config([archives.digest(layer)], cmd=['x'])))
        del layer
        code = (
            'import resource, sys\n'
            'from novacontainer.runtime.unpack import unpacker\n'
            'from tests import imagestore\n'
            'with imagestore.ImageStore(unpacker.Unpacker()) as store:\n'
            '    before = resource.getrusage(resource.RUSAGE_SELF)\n'
            f'    with open({str(path)!r}, "rb") as source:\n'
            '        store.service.load(source)\n'
            '    with open("/dev/null", "wb") as sink:\n'
            '        store.service.save(["test:latest"], sink)\n'
            '    after = resource.getrusage(resource.RUSAGE_SELF)\n'
            '    child = resource.getrusage(resource.RUSAGE_CHILDREN)\n'
            '    print(after.ru_maxrss - before.ru_maxrss, '
            'child.ru_maxrss)\n')
        own, child = map(int, run(
            sys.executable, '-c', code, cwd=ROOT,
            env={**os.environ, 'PYTHONPATH': str(ROOT)}).split())
        self.assertLess(own, 60 << 10)
        self.assertLess(child, 60 << 10)


class TestKilled(ImageTestCase):

    def test_a_daemon_that_is_killed_while_loading(self):
        layers = [archives.layer({f'f{n}': os.urandom(1 << 20)})
                  for n in range(3)]
        data = archives.pack(layers, archives.config(
            map(archives.digest, layers), cmd=['x']))
        path = self.write('in.tar', data[:2_500_000])
        code = (
            'import pathlib, sys\n'
            'from novacontainer.runtime.service import images\n'
            'from novacontainer.runtime.store import blobs, database\n'
            'from novacontainer.runtime.store import layers, paths\n'
            'from novacontainer.runtime.unpack import unpacker\n'
            f'where = paths.DataPaths(pathlib.Path({str(self.store.root)!r}'
            '))\n'
            'service = images.ImageService(database.Database('
            'where.database), blobs.Blobs(where.blobs), '
            'layers.Layers(where.layers), unpacker.Unpacker(), print, '
            'lambda name: [])\n'
            'class Source:\n'
            f'    file = open({str(path)!r}, "rb")\n'
            '    def read(self, size):\n'
            '        data = self.file.read(size)\n'
            '        if not data:\n'
            '            print("waiting", flush=True)\n'
            '            sys.stdin.read()\n'
            '        return data\n'
            'service.load(Source())\n')
        daemon = subprocess.Popen(
            [sys.executable, '-c', code], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, cwd=ROOT,
            env={**os.environ, 'PYTHONPATH': str(ROOT)})
        self.addCleanup(daemon.stdin.close)
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        self.assertEqual(b'waiting\n', daemon.stdout.readline())
        self.assertFalse(self.store.is_empty())
        daemon.kill()
        daemon.wait()
        service = self.store.open()
        service.recover()
        self.assertTrue(self.store.is_empty(), self.store.files())
        service.load(io.BytesIO(data))


class TestBounds(ImageTestCase):

    def test_descriptors_do_not_run_out(self):
        """Loading takes few descriptors, however many layers there are."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))
        layers = [archives.layer({f'f{n}': b'%d' % n}) for n in range(120)]
        data = archives.pack(layers, archives.config(
            map(archives.digest, layers), cmd=['x']))
        used = len(os.listdir('/proc/self/fd'))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 60, hard))
        self.assertEqual(120, len(self.store.load(data).layers))

    def test_limits_reach_the_child(self):
        store = self.useFixture(imagestore.ImageStore(
            unpacker.Unpacker(), limits.Limits(layer_entries=3)))
        error = self.assertRaises(
            exception.InvalidRequest, store.load,
            archives.docker_archive({'a/b/c': b'', 'd': b''}, cmd=['x']))
        self.assertEqual('image.too_large', error.code)
        self.assertTrue(store.is_empty())
