"""The image archives that the demo writes."""

import hashlib
import io
import json
import pathlib
import tarfile
import tempfile

from oslotest import base

from demo import archive


class ArchiveTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.layer = self.scratch / 'layer.tar'

    def members(self, path):
        with tarfile.open(path) as tar:
            return {member.name: member for member in tar}

    def read(self, tar, name):
        return tar.extractfile(name).read()

    def test_parents_come_before_their_files(self):
        with archive.Layer(self.layer) as layer:
            layer.add_file('a/b/c', b'text')
        self.assertEqual(['a', 'a/b', 'a/b/c'], list(self.members(self.layer)))

    def test_the_first_of_a_name_stays(self):
        with archive.Layer(self.layer) as layer:
            layer.add_file('name', b'first', 0o755)
            layer.add_link('name', 'elsewhere')
        found = self.members(self.layer)['name']
        self.assertTrue(found.isreg())
        self.assertEqual(0o755, found.mode)

    def test_a_tree_becomes_roots(self):
        tree = self.scratch / 'tree'
        (tree / 'bin').mkdir(parents=True)
        (tree / 'bin' / 'run').write_text('#!/bin/sh\n')
        (tree / 'bin' / 'run').chmod(0o700)
        with archive.Layer(self.layer) as layer:
            layer.add_tree(tree)
        found = self.members(self.layer)['bin/run']
        self.assertEqual((0, 0, 0o755, 0),
                         (found.uid, found.gid, found.mode, found.mtime))

    def test_both_layouts_name_the_same_layer(self):
        with archive.Layer(self.layer) as layer:
            layer.add_file('file', b'content')
        path = self.scratch / 'image.tar'
        archive.write(path, self.layer, {'Cmd': ['/file']}, 'amd64', 'a/b:1')
        digest = hashlib.sha256(self.layer.read_bytes()).hexdigest()
        with tarfile.open(path) as tar:
            listing, = json.loads(self.read(tar, 'manifest.json'))
            index = json.loads(self.read(tar, 'index.json'))
            config = json.loads(self.read(tar, listing['Config']))
            pointer = index['manifests'][0]['digest'].partition(':')[2]
            manifest = json.loads(self.read(tar, f'blobs/sha256/{pointer}'))
            inner = self.read(tar, listing['Layers'][0])
        self.assertEqual(['a/b:1'], listing['RepoTags'])
        self.assertEqual(self.layer.read_bytes(), inner)
        self.assertEqual([f'sha256:{digest}'], config['rootfs']['diff_ids'])
        self.assertEqual(f'sha256:{digest}', manifest['layers'][0]['digest'])
        self.assertEqual({'Cmd': ['/file']}, config['config'])

    def test_equal_content_gives_equal_bytes(self):
        paths = [self.scratch / 'one.tar', self.scratch / 'two.tar']
        for path in paths:
            with archive.Layer(self.layer) as layer:
                member = tarfile.TarInfo('file')
                member.size = 1
                member.mtime = id(path)
                layer.add(member, io.BytesIO(b'x'))
            archive.write(path, self.layer, {}, 'amd64', 'a:1')
        self.assertEqual(*(path.read_bytes() for path in paths))
