"""Archives between the daemon and the tools that others make images with.

What skopeo, umoci, podman and buildah write is loaded; what the daemon saves
is read by each of them.
"""

import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import time
import unittest

import fixtures

from tests import archives
from tests.functional import sdk

TIMEOUT_S = 300


class ToolsTest(sdk.SdkTestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.source = self.folder / 'source.tar'
        self.source.write_bytes(archives.busybox_image('tools:in'))

    def run_tool(self, name, *words, **options):
        """Run a tool; returns its output."""
        if shutil.which(name) is None:
            raise unittest.SkipTest(
                f'There is no {name}: install it (see bindep.txt) to run '
                'this test.')
        ended = subprocess.run(
            [name, *map(str, words)], capture_output=True,
            timeout=TIMEOUT_S, check=False, **options)
        self.assertEqual(0, ended.returncode, (words, ended.stderr))
        return ended.stdout

    def skopeo(self, *words):
        return self.run_tool('skopeo', 'copy', '--insecure-policy', *words)

    def storage(self, name):
        """Give the options that keep a tool to a store of its own."""
        root = self.folder / f'{name}-root'
        # These tools bind their store onto itself, and leave it so.
        self.addCleanup(subprocess.run, ['umount', root / 'vfs'],
                        capture_output=True, check=False)
        return ('--root', root, '--runroot', self.folder / f'{name}-run',
                '--storage-driver', 'vfs')

    def add(self, archive, **query):
        """Load an archive; its images go with the test."""
        path = '/images/load'
        if query:
            path += '?' + '&'.join(f'{k}={v}' for k, v in query.items())
        before = {image.id for image in self.docker.images.list()}
        status, answer = self.daemon.request('POST', path, archive)
        self.assertEqual(200, status, answer)
        images = [image for image in self.docker.images.list()
                  if image.id not in before]
        for image in images:
            self.addCleanup(self.docker.images.remove, image.id, force=True)
        return images

    def save(self, *names):
        """Save images; returns the archive's path."""
        path = self.folder / 'saved.tar'
        status, data = self.daemon.request(
            'GET', '/images/get?' + '&'.join(f'names={n}' for n in names))
        self.assertEqual(200, status, data)
        path.write_bytes(data)
        return path

    def check_runs(self, image):
        """Start a container from an image and see that it is whole."""
        container = self.docker.containers.run(
            image, ['busybox', 'echo', 'whole'], detach=True)
        self.addCleanup(self.remove, container)
        self.assertEqual({'StatusCode': 0}, container.wait())
        self.assertEqual(b'whole\n', container.logs())

    def test_skopeo_docker_archive(self):
        """Also what kiwi packs: it has skopeo write, and then runs xz."""
        out = self.folder / 'out.tar'
        self.skopeo(f'docker-archive:{self.source}',
                    f'docker-archive:{out}:tools:skopeo')
        with tarfile.open(out) as packed:
            self.assertIn('manifest.json', packed.getnames())
        for tool in (None, 'gzip', 'xz', 'zstd', 'bzip2'):
            data = out.read_bytes()
            if tool is not None:
                data = self.run_tool(tool, '-c', input=data)
            status, answer = self.daemon.request(
                'POST', '/images/load', data)
            self.assertEqual(200, status, answer)
            self.assertIn(b'tools:skopeo', answer)
        self.check_runs('tools:skopeo')
        self.docker.images.remove('tools:skopeo', force=True)

    def test_skopeo_oci_archive(self):
        for kind in ('gzip', 'zstd'):
            out = self.folder / f'{kind}.tar'
            self.skopeo('--dest-compress', '--dest-compress-format', kind,
                        f'docker-archive:{self.source}',
                        f'oci-archive:{out}:tools:{kind}')
            # Both are the same image: its identity is that of its content.
            self.add(out.read_bytes())
            self.check_runs(f'tools:{kind}')

    def test_umoci_layout(self):
        layout = self.folder / 'layout'
        self.run_tool('umoci', 'init', '--layout', layout)
        self.run_tool('umoci', 'new', '--image', f'{layout}:made')
        self.run_tool('umoci', 'insert', '--image', f'{layout}:made',
                      '/bin/busybox', '/bin/busybox')
        self.run_tool('umoci', 'config', '--image', f'{layout}:made',
                      '--config.cmd', '/bin/busybox', '--config.env',
                      'PATH=/bin')
        packed = self.run_tool('tar', '-C', layout, '-cz', '.')
        image, = self.add(packed, reference='tools:umoci')
        self.assertEqual(['tools:umoci'], image.tags)
        self.assertEqual(['/bin/busybox'], image.attrs['Config']['Cmd'])
        self.check_runs('tools:umoci')

    def test_umoci_unpacks_what_is_saved(self):
        saved = self.save(sdk.IMAGE)
        layout, bundle = self.folder / 'read', self.folder / 'bundle'
        layout.mkdir()
        self.run_tool('tar', '-C', layout, '-xf', saved)
        self.run_tool('umoci', 'unpack', '--image', f'{layout}:test', bundle)
        self.assertEqual(
            'busybox', os.readlink(bundle / 'rootfs' / 'bin' / 'sh'))

    def test_skopeo_reads_what_is_saved(self):
        saved = self.save(sdk.IMAGE)
        wanted = self.docker.images.get(sdk.IMAGE).attrs['RootFS']['Layers']
        for source in (f'docker-archive:{saved}:{sdk.IMAGE}',
                       f'oci-archive:{saved}:test'):
            shown = json.loads(self.run_tool(
                'skopeo', 'inspect', '--config', source))
            self.assertEqual(wanted, shown['rootfs']['diff_ids'])

    def test_podman_both_ways(self):
        options = self.storage('podman')
        saved = self.save(sdk.IMAGE)
        shown = self.run_tool('podman', *options, 'load', '-i', saved)
        self.assertIn(sdk.IMAGE.encode(), shown)
        for kind in ('docker-archive', 'oci-archive'):
            out = self.folder / f'{kind}.tar'
            self.run_tool('podman', *options, 'save', '--format', kind,
                          '-o', out, sdk.IMAGE)
            status, answer = self.daemon.request(
                'POST', f'/images/load?reference=tools:{kind}',
                out.read_bytes())
            self.assertEqual(200, status, answer)
            self.check_runs(f'tools:{kind}')
            self.docker.images.remove(f'tools:{kind}', force=True)

    def test_buildah_both_ways(self):
        options = self.storage('buildah')
        saved = self.save(sdk.IMAGE)
        self.run_tool('buildah', *options, 'pull',
                      f'docker-archive:{saved}')
        name = self.run_tool('buildah', *options, 'from', '--pull-never',
                             sdk.IMAGE).decode().strip()
        self.run_tool('buildah', *options, 'config', '--label', 'by=buildah',
                      name)
        self.run_tool('buildah', *options, 'commit', name, 'tools:built')
        out = self.folder / 'built.tar'
        self.run_tool('buildah', *options, 'push', 'tools:built',
                      f'docker-archive:{out}:tools:built')
        image, = self.add(out.read_bytes())
        self.assertEqual('buildah', image.labels['by'])
        self.check_runs(image.id)

    def test_saved_has_what_each_reader_looks_for(self):
        saved = self.save(sdk.IMAGE)
        with tarfile.open(saved) as packed:
            def document(name):
                return json.load(packed.extractfile(name))

            entry, = document('manifest.json')
            config = document(entry['Config'])
            top = entry['Layers'][-1].rpartition('/')[2]
            self.assertEqual({'busybox': {'test': top}},
                             document('repositories'))
            self.assertEqual({'imageLayoutVersion': '1.0.0'},
                             document('oci-layout'))
            listed, = document('index.json')['manifests']
            digest = listed['digest'].replace(':', '/')
            manifest = document(f'blobs/{digest}')
        self.assertEqual(2, manifest['schemaVersion'])
        self.assertEqual(len(config['rootfs']['diff_ids']),
                         len(entry['Layers']))

    def test_several_images_share_their_layers(self):
        """One layer in the archive and on the disk, until nobody needs it."""
        base_layer = archives.layer({'etc/base': os.urandom(64 * 1024)})
        packed = []
        for number in (1, 2):
            top = archives.layer({'etc/top': b'%d' % number})
            document = archives.config(
                [archives.digest(base_layer), archives.digest(top)],
                cmd=['/bin/sh'])
            packed.append(archives.pack([base_layer, top], document,
                                        [f'shared:{number}']))
        first, = self.load(packed[0])
        second, = self.load(packed[1])
        layers = self.layers()
        saved = self.save('shared:1', 'shared:2').read_bytes()
        with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
            names = archive.getnames()
        shared = first.attrs['RootFS']['Layers'][0]
        self.assertEqual(len(names), len(set(names)))
        self.docker.images.remove('shared:1')
        self.expect_layers(len(layers) - 1)
        self.assertEqual(
            shared, self.docker.images.get('shared:2').attrs[
                'RootFS']['Layers'][0])
        self.docker.images.remove('shared:2')
        self.expect_layers(len(layers) - 3)
        again = self.load(saved)
        self.assertEqual({first.id, second.id}, {i.id for i in again})
        self.expect_layers(len(layers))
        for image in again:
            self.docker.images.remove(image.id)
        self.expect_layers(len(layers) - 3)

    def layers(self):
        """List the directories of layers that the daemon keeps."""
        return sorted((self.daemon.data_root / 'layers').iterdir())

    def expect_layers(self, count):
        """Wait until so many are left: files are deleted afterwards."""
        deadline = time.monotonic() + TIMEOUT_S
        while len(found := self.layers()) != count:
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.02)
