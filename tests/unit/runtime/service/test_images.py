import io
import json
import tarfile
import threading
from unittest import mock

from oslotest import base

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from tests import archives
from tests import imagestore

LAYER = archives.layer({'etc/motd': b'hello'})


def image(tag='a:1', **extra):
    return archives.docker_archive({'etc/motd': b'hello'}, cmd=['sh'],
                                   tag=tag, **extra)


class TestImages(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore())
        self.service = self.store.service

    def actions(self):
        return [(event.action, event.attributes['name'])
                for event in self.store.events]

    def assert_missing(self, name):
        error = self.assertRaises(exception.NotFound, self.service.get, name)
        self.assertEqual(f'No such image: {name}', error.message)

    def test_load_and_get(self):
        said = []
        found = self.store.load(image(), progress=said.append)
        self.assertEqual(('a:1',), found.references)
        self.assertEqual(['sh'], found.config['config']['Cmd'])
        self.assertEqual(archives.digest(LAYER), found.layers[0].diff_id)
        self.assertEqual(['Loaded image: a:1'], said)
        self.assertEqual([('load', 'a:1')], self.actions())
        path, = self.service.layer_paths(found)
        self.assertEqual(b'hello', (path / 'etc/motd').read_bytes())
        for name in ('a:1', 'docker.io/library/a:1', found.id, found.id[7:],
                     found.id[7:19], found.id[:19]):
            self.assertEqual(found, self.service.get(name))

    def test_missing(self):
        self.store.load(image())
        for name in ('b', 'a:2', 'sha256:' + '0' * 64, '0' * 64,
                     'a@sha256:' + '0' * 64):
            self.assert_missing(name)
        self.assertRaises(exception.InvalidRequest, self.service.get,
                          'Not Valid')

    def test_ambiguous_start_of_an_id(self):
        for number in range(17):
            self.store.load(image(f'a:{number}', Labels={'n': str(number)}))
        starts = [found.id[7] for found in self.service.list(filters={})]
        often = next(one for one in starts if starts.count(one) > 1)
        self.assert_missing(often)

    def test_a_reference_given_replaces_the_names(self):
        found = self.store.load(image(), reference='glance/x:y')
        self.assertEqual(('glance/x:y',), found.references)
        self.assert_missing('a:1')

    def test_a_reference_is_checked_before_the_first_byte(self):
        source = mock.Mock()
        self.assertRaises(exception.InvalidRequest, self.service.load,
                          source, reference='NOT VALID')
        source.read.assert_not_called()

    def test_a_tag_moves(self):
        first = self.store.load(image())
        second = self.store.load(image(Labels={'new': 'yes'}))
        self.assertEqual(second, self.service.get('a:1'))
        self.assertEqual((), self.service.get(first.id).references)

    def test_nameless(self):
        said = []
        found = self.store.load(image(None), progress=said.append)
        self.assertEqual([f'Loaded image ID: {found.id}'], said)

    def test_layers_are_shared(self):
        self.store.load(image())
        before = self.store.files()
        self.store.load(image('b:1', layout='old', Labels={'other': '1'}))
        self.assertEqual(before, self.store.files())
        self.assertEqual((2, 1), (self.store.rows()['images'],
                                  self.store.rows()['layers']))

    def test_a_root_filesystem(self):
        found = self.store.load(LAYER, reference='root:1')
        self.assertNotIn('Cmd', found.config['config'])
        self.assertEqual(archives.digest(LAYER), found.layers[0].diff_id)
        self.assertEqual(found.id, self.store.load(LAYER).id)

    def test_tag(self):
        found = self.store.load(image())
        self.assertEqual('b:latest', self.service.tag('a:1', 'b', ''))
        self.service.tag(found.id, 'reg.example:5000/c', 'v1')
        self.assertEqual(('a:1', 'b:latest', 'reg.example:5000/c:v1'),
                         self.service.get('b').references)
        self.assertIn(('tag', 'b:latest'), self.actions())

    def test_a_refused_tag_leaves_nothing(self):
        self.store.load(image())
        for repo, tag in (('UPPER', 'x'), ('b', 'no/slash'), ('', '')):
            self.assertRaises(exception.InvalidRequest, self.service.tag,
                              'a:1', repo, tag)
        self.assertRaises(exception.NotFound, self.service.tag, 'nope', 'b',
                          '')
        self.assertEqual(1, self.store.rows()['image_references'])

    def test_save_and_load_again(self):
        found = self.store.load(image())
        data = self.store.save('a:1')
        other = self.useFixture(imagestore.ImageStore())
        again = other.load(data)
        self.assertEqual((found.id, found.layers, found.references),
                         (again.id, again.layers, again.references))
        self.assertEqual(('save', found.id), self.actions()[-1])

    def test_save_several(self):
        self.store.load(image())
        self.store.load(image('a:2', Labels={'x': 'y'}))
        found = self.store.load(image('b:1', Labels={'z': 'y'}))
        with tarfile.open(fileobj=io.BytesIO(
                self.store.save('a', found.id, 'b:1'))) as archive:
            names = archive.getnames()
            manifest = json.load(archive.extractfile('manifest.json'))
        self.assertEqual([['a:1'], ['a:2'], ['b:1']],
                         [one['RepoTags'] for one in manifest])
        self.assertEqual(len(names), len(set(names)))

    def test_save_by_id_is_nameless(self):
        found = self.store.load(image())
        with tarfile.open(fileobj=io.BytesIO(
                self.store.save(found.id))) as archive:
            manifest, = json.load(archive.extractfile('manifest.json'))
        self.assertIsNone(manifest['RepoTags'])

    def test_save_what_is_missing_writes_nothing(self):
        self.store.load(image())
        sink = mock.Mock()
        for names in (['a:1', 'nope'], ['nope:1'], ['0' * 64]):
            self.assertRaises(exception.NotFound, self.service.save, names,
                              sink)
        self.assertRaises(exception.InvalidRequest, self.service.save, [],
                          sink)
        sink.write.assert_not_called()

    def test_a_reader_that_goes_away_while_saving(self):
        found = self.store.load(image())
        sink = mock.Mock()
        sink.write.side_effect = BrokenPipeError
        self.assertRaises(BrokenPipeError, self.service.save, ['a:1'], sink)
        self.service.remove(found.id)
        self.assertTrue(self.store.is_empty())

    def test_removed_while_it_is_saved(self):
        found = self.store.load(image())
        received = []

        def write(data):
            if not received:
                self.service.remove(found.id)
            received.append(data)
        sink = mock.Mock(write=write)
        self.service.save(['a:1'], sink)
        other = self.useFixture(imagestore.ImageStore())
        self.assertEqual(found.id, other.load(b''.join(received)).id)
        self.assertTrue(self.store.is_empty())

    def test_loads_of_the_same_image_at_once(self):
        data = image()
        faults = []

        def load():
            try:
                self.store.load(data)
            except exception.RuntimeFault as fault:
                faults.append(fault)
        threads = [threading.Thread(target=load) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual([], faults)
        self.assertEqual({'images': 1, 'image_references': 1,
                          'image_layers': 1, 'layers': 1, 'blobs': 1},
                         self.store.rows())
        self.assertEqual(2, len(self.store.files()))

    def test_loaded_and_removed_in_turns(self):
        data = image()
        faults = []

        def work():
            for _ in range(5):
                try:
                    self.service.remove(self.store.load(data).id)
                except exception.NotFound:
                    pass
                except exception.RuntimeFault as fault:
                    faults.append(fault)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual([], faults)
        self.assertTrue(self.store.is_empty())

    def test_recover_collects_what_a_crash_left(self):
        found = self.store.load(image())
        before = self.store.files()
        left = self.store.layers.temporary()
        (left / 'x').touch()
        self.store.blobs.writer().write(b'half')
        orphan = self.store.layers.temporary()
        self.store.layers.publish(orphan, 'sha256:' + 'e' * 64)
        writer = self.store.blobs.writer()
        writer.write(b'orphan')
        writer.publish()
        service = self.store.open()
        service.recover()
        self.assertEqual(before, self.store.files())
        self.assertEqual(found, service.get('a:1'))


class TestCommit(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore())
        self.upper = self.store.root / 'upper'
        self.upper.mkdir()
        (self.upper / 'new').write_text('x')

    def commit(self, base_image, **changes):
        return self.store.service.commit(**{
            'base': base_image, 'delta': deltas.Delta(self.upper, None),
            'config': {'Cmd': ['new']}, 'author': 'me', 'message': 'why',
            'reference': 'snap:1', **changes})

    def test_commit(self):
        below = self.store.load(image())
        made = self.commit(below)
        self.assertEqual(below.layers, made.layers[:1])
        self.assertEqual(['new'], made.config['config']['Cmd'])
        self.assertEqual('me', made.config['author'])
        self.assertEqual(made, self.store.service.get('snap:1'))
        path = self.store.service.layer_paths(made)[1]
        self.assertEqual('x', (path / 'new').read_text())
        self.assertEqual(('tag', 'snap:1'), (
            self.store.events[-1].action,
            self.store.events[-1].attributes['name']))

    def test_the_base_may_go_first(self):
        below = self.store.load(image())
        made = self.commit(below, reference=None)
        self.store.service.remove('a:1')
        self.assertEqual(2, len(list(self.store.layers.stored())))
        self.store.service.remove(made.id)
        self.assertTrue(self.store.is_empty())

    def test_refused_name_leaves_nothing(self):
        below = self.store.load(image())
        before = self.store.files()
        self.assertRaises(exception.InvalidRequest, self.commit, below,
                          reference='NOT VALID')
        self.assertEqual(before, self.store.files())
