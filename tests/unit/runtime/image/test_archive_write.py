import io
import json
import tarfile

from oslotest import base

from novacontainer.runtime.image import archive_write
from tests import archives


class TestArchive(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.blob = archives.layer({'a': b'b'})
        self.layer = archive_write.SavedLayer(
            archives.digest(self.blob), archives.digest(self.blob),
            len(self.blob), 'plain')
        self.config = json.dumps(archives.config(
            [self.layer.diff_id], cmd=['x'])).encode()

    def write(self, *references):
        sink = io.BytesIO()
        image = archive_write.SavedImage(self.config, (self.layer,),
                                         references)
        archive_write.write_directories(sink)
        archive_write.write_layer(self.layer, [self.blob], sink)
        archive_write.write_documents([image], sink)
        with tarfile.open(fileobj=io.BytesIO(sink.getvalue())) as archive:
            return {member.name: (archive.extractfile(member).read()
                                  if member.isfile() else None)
                    for member in archive}

    def test_both_layouts(self):
        files = self.write('x:1', 'me/y:2')
        manifest, = json.loads(files['manifest.json'])
        self.assertEqual(['x:1', 'me/y:2'], manifest['RepoTags'])
        self.assertEqual(self.config, files[manifest['Config']])
        self.assertEqual(self.blob, files[manifest['Layers'][0]])
        self.assertEqual(self.layer.blob, manifest['LayerSources'][
            self.layer.diff_id]['digest'])
        index = json.loads(files['index.json'])
        self.assertEqual(
            ['docker.io/library/x:1', 'docker.io/me/y:2'],
            [entry['annotations']['io.containerd.image.name']
             for entry in index['manifests']])
        self.assertEqual({'imageLayoutVersion': '1.0.0'},
                         json.loads(files['oci-layout']))

    def test_every_blob_has_its_name(self):
        for name, data in self.write('x:1').items():
            if name.startswith('blobs/sha256/'):
                self.assertEqual(
                    name[len('blobs/'):].replace('/', ':'),
                    archives.digest(data))

    def test_nameless(self):
        files = self.write()
        self.assertIsNone(json.loads(files['manifest.json'])[0]['RepoTags'])
        self.assertEqual(1, len(json.loads(files['index.json'])[
            'manifests']))

    def test_media_types(self):
        for kind, expected in (('gzip', 'tar+gzip'), ('zstd', 'tar+zstd'),
                               ('plain', 'tar'), ('xz', 'tar')):
            layer = archive_write.SavedLayer('d', 'b', 1, kind)
            self.assertTrue(
                layer.descriptor()['mediaType'].endswith(expected))
