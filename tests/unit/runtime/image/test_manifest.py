import json

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import config
from novacontainer.runtime.image import manifest
from tests import archives

LAYER = archives.digest(b'layer')


def blob(value):
    """Give the member and the descriptor of one JSON blob."""
    data = json.dumps(value).encode()
    return ('blobs/' + archives.digest(data).replace(':', '/'), data,
            {'digest': archives.digest(data), 'size': len(data)})


class TestDocker(base.BaseTestCase):

    def read(self, value, **documents):
        return manifest.read({'manifest.json': json.dumps(value).encode(),
                              'c.json': b'{}', **documents})

    def test_order_and_names(self):
        one, = self.read([{'Config': './c.json', 'Layers': ['a', './b'],
                           'RepoTags': ['docker.io/library/x']}])
        self.assertEqual(('a', 'b'), one.layers)
        self.assertEqual(('x:latest',), one.references)
        self.assertEqual(b'{}', one.config)

    def test_nameless(self):
        one, = self.read([{'Config': 'c.json', 'Layers': None}])
        self.assertEqual(((), ()), (one.layers, one.references))

    def test_wrong_types(self):
        for value in ({}, 'x', None, [1], [{'Config': 1}],
                      [{'Config': 'c.json', 'Layers': 'abc'}],
                      [{'Config': 'c.json', 'Layers': [1]}],
                      [{'Config': 'c.json', 'RepoTags': [None]}],
                      [{'Config': 'c.json', 'RepoTags': ['UPPER']}]):
            self.assertRaises(exception.InvalidRequest, self.read, value)

    def test_missing_config(self):
        error = self.assertRaises(exception.InvalidRequest, self.read,
                                  [{'Config': 'other.json'}])
        self.assertEqual('image.missing_member', error.code)
        self.assertIn('other.json', error.message)

    def test_no_manifest(self):
        error = self.assertRaises(exception.InvalidRequest, manifest.read,
                                  {'oci-layout': b'{}'})
        self.assertEqual('image.no_manifest', error.code)


class TestOci(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        config_name, config_data, config_descriptor = blob({'os': 'linux'})
        name, data, self.descriptor = blob({
            'config': config_descriptor, 'layers': [{'digest': LAYER}]})
        self.documents = {config_name: config_data, name: data}

    def read(self, entries):
        self.documents['index.json'] = json.dumps(
            {'manifests': entries}).encode()
        return manifest.read(self.documents)

    def test_names(self):
        entry = {**self.descriptor, 'annotations': {
            'io.containerd.image.name': 'docker.io/library/x:1'}}
        other = {**self.descriptor, 'annotations': {
            'org.opencontainers.image.ref.name': 'y:2'}}
        one, = self.read([entry, other, entry])
        self.assertEqual(('x:1', 'y:2'), one.references)
        self.assertEqual((manifest.blob_name(LAYER),), one.layers)

    def test_a_mere_tag_names_nothing(self):
        one, = self.read([{**self.descriptor, 'annotations': {
            'org.opencontainers.image.ref.name': 'latest'}}])
        self.assertEqual((), one.references)

    def test_platforms(self):
        here = {**self.descriptor, 'platform': {
            'os': 'linux', 'architecture': config.architecture()}}
        elsewhere = {'digest': archives.digest(b'not here'), 'platform': {
            'os': 'linux', 'architecture': 's390x'}}
        note = {'digest': archives.digest(b'not here'), 'platform': {
            'os': 'unknown', 'architecture': 'unknown'}}
        self.assertEqual(1, len(self.read([elsewhere, here, note])))

    def test_nested_index(self):
        name, data, descriptor = blob({'manifests': [self.descriptor]})
        self.documents[name] = data
        one, = self.read([{**descriptor, 'annotations': {
            'io.containerd.image.name': 'x:1'}}])
        self.assertEqual(('x:1',), one.references)

    def test_nested_too_deeply(self):
        descriptor = self.descriptor
        for _ in range(6):
            name, data, descriptor = blob({'manifests': [descriptor]})
            self.documents[name] = data
        self.assertRaises(exception.InvalidRequest, self.read, [descriptor])

    def test_wrong_types(self):
        for entries in ({}, [1], [{}], [{'digest': 'x'}],
                        [{**self.descriptor, 'annotations': []}],
                        [{**self.descriptor, 'platform': 'x'}]):
            self.assertRaises(exception.InvalidRequest, self.read, entries)

    def test_missing_manifest(self):
        error = self.assertRaises(
            exception.InvalidRequest, self.read,
            [{'digest': archives.digest(b'?')}])
        self.assertEqual('image.missing_member', error.code)

    def test_indexes_that_name_each_other_many_times(self):
        documents = {}
        name, data, descriptor = blob({'layers': []})
        documents[name] = data
        for _ in range(4):
            name, data, descriptor = blob({'manifests': [descriptor] * 20})
            documents[name] = data
        documents['index.json'] = data
        error = self.assertRaises(exception.InvalidRequest, manifest.read,
                                  documents)
        self.assertEqual('image.too_large', error.code)
