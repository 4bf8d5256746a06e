from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import trees
from tests import archives
from tests import imagestore


class TestRemove(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore())
        self.service = self.store.service
        self.image = self.store.load(archives.docker_archive(
            {'f': b'x'}, cmd=['sh'], tag='a:1'))

    def assert_conflict(self, name, text, **options):
        error = self.assertRaises(exception.Conflict, self.service.remove,
                                  name, **options)
        self.assertIn(text, error.message)

    def test_last_name(self):
        records = self.service.remove('a:1')
        self.assertEqual(
            [{'Untagged': 'a:1'}, {'Deleted': self.image.id},
             {'Deleted': self.image.layers[0].diff_id}], records)
        self.assertTrue(self.store.is_empty())
        self.assertEqual(['load', 'untag', 'delete'],
                         [event.action for event in self.store.events])

    def test_a_removal_that_a_crash_cuts_short(self):
        with mock.patch.object(trees, 'remove'):
            self.service.remove('a:1')
            # Gone, as far as anybody can see.
            self.assertEqual([], list(self.store.blobs.stored()))
            self.assertEqual([], list(self.store.layers.stored()))
            self.assertEqual(2, len(self.store.files()))
        self.store.service = self.store.open()
        self.store.service.recover()
        self.assertTrue(self.store.is_empty())

    def test_one_of_several_names(self):
        self.service.tag('a:1', 'b', '2')
        self.assertEqual([{'Untagged': 'a:1'}], self.service.remove('a:1'))
        self.assertEqual(('b:2',), self.service.get('b:2').references)

    def test_by_id(self):
        self.service.tag('a:1', 'a', '2')
        records = self.service.remove(self.image.id[7:19])
        self.assertEqual(2, sum('Untagged' in one for one in records))
        self.assertTrue(self.store.is_empty())

    def test_by_id_with_several_repositories(self):
        self.service.tag('a:1', 'b', '2')
        self.assert_conflict(self.image.id, '(must be forced) - image is '
                             'referenced in multiple repositories')
        self.service.remove(self.image.id, force=True)
        self.assertTrue(self.store.is_empty())

    def test_missing(self):
        self.assertRaises(exception.NotFound, self.service.remove, 'b')

    def test_in_use_by_name(self):
        self.store.users[self.image.id] = ['c' * 64]
        self.assert_conflict(
            'a:1', 'unable to remove repository reference "a:1" (must '
            'force) - container cccccccccccc is using')
        self.assertEqual([{'Untagged': 'a:1'}],
                         self.service.remove('a:1', force=True))
        self.assertEqual((), self.service.get(self.image.id).references)

    def test_in_use_with_another_name(self):
        self.store.users[self.image.id] = ['c' * 64]
        self.service.tag('a:1', 'b', '')
        self.assertEqual([{'Untagged': 'b:latest'}],
                         self.service.remove('b'))

    def test_in_use_by_id(self):
        self.store.users[self.image.id] = ['c' * 64]
        for force in (False, True):
            self.assert_conflict(self.image.id, 'image is being used by '
                                 'container cccccccccccc', force=force)

    def test_a_container_that_is_created_meanwhile(self):
        with self.store.database.transaction() as connection:
            connection.execute(
                'CREATE TABLE users (image_id TEXT REFERENCES images (id))')
            connection.execute('INSERT INTO users VALUES (?)',
                               (self.image.id,))
        self.assert_conflict('a:1', 'being used')
        self.assertEqual(('a:1',), self.service.get('a:1').references)

    def test_shared_layers_stay(self):
        other = self.store.load(archives.docker_archive(
            {'f': b'x'}, cmd=['other'], tag='b:1'))
        self.assertEqual([{'Untagged': 'a:1'}, {'Deleted': self.image.id}],
                         self.service.remove('a:1'))
        path, = self.service.layer_paths(other)
        self.assertEqual(b'x', (path / 'f').read_bytes())
