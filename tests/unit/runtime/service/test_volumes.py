import dataclasses
import os
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import mounts
from novacontainer.runtime.service import volumespec
from novacontainer.runtime.store import volumes as records
from tests.unit.runtime.service import world


class VolumesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.volumes = self.world.volumes

    def create(self, name='data', by_root=True, **body):
        return self.volumes.create({'Name': name, **body}, by_root)

    def names(self, **filters):
        return [one.name for one in self.volumes.list(filters)]

    def told(self):
        return [(event.action, event.actor_id, event.attributes)
                for event in self.world.events if event.type == 'volume']

    def files(self):
        return os.listdir(self.world.root / 'data/volumes')

    def test_create(self):
        made = self.create(Labels={'a': 'b'}, Driver='local')
        self.assertEqual(made, self.volumes.get('data'))
        self.assertEqual({'a': 'b'}, made.labels)
        self.assertTrue(self.volumes.path(made.name).is_dir())
        self.assertEqual(
            [('create', 'data', {'driver': 'local'})], self.told())

    def test_one_that_is_there_is_returned(self):
        made = self.create(Labels={'a': 'b'})
        self.assertEqual(made, self.create(Labels={'c': 'd'}))
        self.assertEqual(1, len(self.told()))

    def test_without_a_name(self):
        made = self.create('')
        self.assertRegex(made.name, r'\A[0-9a-f]{64}\Z')
        self.assertEqual({volumespec.ANONYMOUS: ''}, made.labels)

    def test_refusals_leave_nothing(self):
        for kind, body in (
                (exception.InvalidRequest, {'Name': 'a/b'}),
                (exception.NotFound, {'Name': 'ab', 'Driver': 'x'}),
                (exception.NotSupported, {'ClusterVolumeSpec': {'a': 1}}),
                (exception.InvalidRequest, {'DriverOpts': {'x': 'y'}}),
                (exception.Forbidden, {'DriverOpts': {
                    'type': 'none', 'device': '/etc', 'o': 'bind'}})):
            self.assertRaises(kind, self.volumes.create, body, False)
        self.assertEqual([], self.names())
        self.assertEqual([], self.files())

    def test_root_may_bind(self):
        self.create(DriverOpts={
            'type': 'none', 'device': '/etc', 'o': 'bind'})
        self.assertTrue(self.volumes.get('data').by_root)

    def test_the_disk_is_full(self):
        with mock.patch('pathlib.Path.mkdir',
                        side_effect=OSError(28, 'No space left')):
            self.assertRaises(exception.Unavailable, self.create)
        with mock.patch.object(records, 'insert',
                               side_effect=exception.Unavailable('full')):
            self.assertRaises(exception.Unavailable, self.create)
        self.assertEqual([], self.files())

    def test_list(self):
        self.create('one', Labels={'a': '1'})
        self.create('two', Labels={'a': '2'})
        self.assertEqual(['one', 'two'], self.names())
        self.assertEqual(['two'], self.names(name=['tw']))
        self.assertEqual(['one'], self.names(label=['a=1']))
        self.assertEqual(['one', 'two'], self.names(label=['a']))
        self.assertEqual([], self.names(label=['a=1', 'b']))
        self.assertEqual([], self.names(driver=['nfs']))
        self.assertEqual(['one', 'two'], self.names(driver=['local']))
        self.assertEqual(['one', 'two'], self.names(dangling=['true']))
        self.assertEqual([], self.names(dangling=['0']))
        for filters in ({'dangling': ['x']}, {'name': ['(']}):
            self.assertRaises(exception.InvalidRequest, self.names,
                              **filters)

    def test_remove(self):
        made = self.create()
        (self.volumes.path(made.name) / 'file').write_text('x')
        self.volumes.remove('data')
        self.assertEqual([], self.files())
        self.assertEqual('destroy', self.told()[-1][0])
        error = self.assertRaises(
            exception.NotFound, self.volumes.remove, 'data')
        self.assertEqual('get data: no such volume', error.message)
        self.volumes.remove('data', force=True)

    def test_files_that_cannot_be_deleted_wait_for_a_restart(self):
        self.create()
        with mock.patch('os.rename', side_effect=OSError(5, 'I/O')):
            self.volumes.remove('data')
        self.assertEqual(['data'], self.files())
        self.world.restart()
        self.assertEqual([], self.files())

    def test_recovery(self):
        self.create('kept')
        (self.world.root / 'data/volumes/half/_data').mkdir(parents=True)
        (self.world.root / 'data/volumes/.gone-1').mkdir()
        self.world.restart()
        self.assertEqual(['kept'], self.files())
        with mock.patch('os.rename', side_effect=OSError(5, 'I/O')):
            (self.world.root / 'data/volumes/half').mkdir()
            self.world.restart()

    def test_what_was_half_filled_is_emptied(self):
        self.create('half')
        self.create('used')
        self.world.create(host_config={'Binds': ['used:/d']})
        for name in ('half', 'used'):
            (self.volumes.path(name) / 'file').write_text('x')
            self.volumes._files.begin(name)
        self.world.restart()
        self.assertEqual([], os.listdir(self.volumes.path('half')))
        self.assertEqual(['file'], os.listdir(self.volumes.path('used')))
        self.assertEqual([], self.volumes._files.half_filled())

    def test_filling(self):
        made = self.create()
        data = self.volumes.path('data')

        def fill(volume, fault):
            with self.volumes.filling(volume, data):
                self.assertEqual(['data'],
                                 self.volumes._files.half_filled())
                (data / 'file').write_text('x')
                if fault:
                    raise KeyError

        self.assertRaises(KeyError, fill, made, True)
        self.assertEqual([], os.listdir(data))
        fill(made, False)
        self.assertEqual(['file'], os.listdir(data))
        # What others have by now is not for us to delete.
        self.assertRaises(KeyError, fill, dataclasses.replace(
            made, users=('c1',)), True)
        self.assertEqual(['file'], os.listdir(data))
        self.assertEqual([], self.volumes._files.half_filled())

    def test_claim(self):
        old = self.create('old')

        def wish(name, **more):
            return mounts.Wish(models.MountPoint(
                'volume', '/x', name), **more)

        def claim(wishes, fault=None):
            with self.volumes.claimed(wishes, False) as fresh:
                self.assertIn('old', self.volumes.locks._entries)
                if fault:
                    raise fault
                return [one.name for one in fresh]

        wishes = [wish('old'), wish('new', labels={'a': 'b'})]
        self.assertRaises(KeyError, claim, wishes, KeyError())
        self.assertEqual(['old'], self.files())
        self.assertEqual(['new'], claim(wishes))
        self.assertEqual(['create'] * 2, [one[0] for one in self.told()])
        self.assertEqual(old, self.volumes.get('old'))
        for bad in (wish('a/b'), wish('ok', driver='x'),
                    wish('ok', options={'x': 'y'})):
            self.assertRaises(exception.RuntimeFault, claim,
                              [wish('old'), bad])
        self.assertEqual(0, len(self.volumes.locks))

    def test_size(self):
        made = self.create()
        (self.volumes.path(made.name) / 'file').write_bytes(b'x' * 8192)
        self.assertGreaterEqual(self.volumes.size_bytes(made), 8192)
        memory = self.create('memory', DriverOpts={
            'type': 'tmpfs', 'device': 'tmpfs'})
        self.assertEqual(0, self.volumes.size_bytes(memory))
