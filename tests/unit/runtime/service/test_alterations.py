from oslotest import base

from novacontainer.runtime import exception
from tests.unit.runtime.service import world

MIB = 1 << 20


class AlterationsCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.alterations = self.world.containers.alterations

    def events(self):
        return [(event.action, event.attributes.get('oldName'))
                for event in self.world.events]


class RenameTest(AlterationsCase):

    def test_rename(self):
        container_id = self.world.create(name='before')
        self.alterations.rename('before', '/after')
        self.assertEqual('after', self.world.get('after').name)
        self.assertEqual(('rename', '/before'), self.events()[-1])
        self.world.restart()
        self.assertEqual(container_id, self.world.get('after').id)
        # The name is free for another one.
        self.world.create(name='before')

    def test_bad_names(self):
        self.world.create(name='one')
        self.world.create(name='two')
        for name in ('', 'x', 'a b', 'one'):
            self.assertRaises(exception.InvalidRequest,
                              self.alterations.rename, 'one', name)
        error = self.assertRaises(exception.Conflict,
                                  self.alterations.rename, 'one', 'two')
        self.assertEqual('container.name_in_use', error.code)
        self.assertRaises(exception.NotFound,
                          self.alterations.rename, 'three', 'four')
        self.assertEqual('one', self.world.get('one').name)

    def test_what_is_being_removed(self):
        container_id = self.world.create()
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, container_id,
            force=False, volumes=False)
        self.assertRaises(exception.Conflict, self.alterations.rename,
                          container_id, 'other')
        self.assertRaises(exception.Conflict, self.alterations.update,
                          container_id, {'Memory': 64 * MIB})


class UpdateTest(AlterationsCase):

    def sent(self):
        return [call[2] for call in self.world.engine.calls
                if call[0] == 'update']

    def limits(self, container_id):
        return self.world.get(container_id).host_config

    def test_what_runs(self):
        container_id = self.world.start(
            host_config={'Memory': 64 * MIB, 'PidsLimit': 7})
        self.alterations.update(container_id, {
            'Memory': 128 * MIB, 'MemorySwap': -1, 'PidsLimit': -1,
            'CpuShares': 0, 'NanoCpus': 5 * 10**8, 'CpusetCpus': ''})
        self.assertEqual([{
            'memory': {'limit': 128 * MIB, 'swap': -1},
            'cpu': {'quota': 50000, 'period': 100000},
            'pids': {'limit': 4 << 20}}], self.sent())
        self.assertEqual('update', self.world.events[-1].action)
        self.world.restart()
        self.assertEqual(
            (128 * MIB, -1, -1, 5 * 10**8),
            tuple(self.limits(container_id)[name] for name in (
                'Memory', 'MemorySwap', 'PidsLimit', 'NanoCpus')))

    def test_what_does_not_run(self):
        container_id = self.world.create()
        self.alterations.update(container_id, {
            'Memory': 64 * MIB, 'RestartPolicy': {'Name': 'no'}})
        self.assertEqual([], self.sent())
        self.assertEqual(64 * MIB, self.limits(container_id)['Memory'])

    def test_what_ends_just_now(self):
        container_id = self.world.start()
        self.world.engine.faults['update'] = exception.Conflict('it ended')
        self.alterations.update(container_id, {'PidsLimit': 5})
        self.assertEqual(5, self.limits(container_id)['PidsLimit'])

    def test_the_kernel_refuses(self):
        """Then what was set before is in force again."""
        container_id = self.world.start(host_config={'PidsLimit': 9})
        self.world.engine.faults['update'] = exception.Internal('EBUSY')
        error = self.assertRaises(
            exception.Conflict, self.alterations.update, container_id,
            {'PidsLimit': 5})
        self.assertIn('EBUSY', error.message)
        self.assertEqual({'limit': 9}, self.sent()[-1]['pids'])
        self.assertEqual(9, self.limits(container_id)['PidsLimit'])

    def test_nonsense(self):
        container_id = self.world.create(
            host_config={'NanoCpus': 10**9, 'Memory': 64 * MIB})
        quota = self.world.create(host_config={'CpuQuota': 5000})
        for name, wanted in (
                (container_id, {'Memory': 1}),
                (container_id, {'CpuQuota': 5000}),
                (container_id, {'CpusetCpus': '99'}),
                (container_id, {'Memory': 512 * MIB}),
                (quota, {'NanoCpus': 10**9})):
            self.assertRaises(exception.InvalidRequest,
                              self.alterations.update, name, wanted)
        self.assertRaises(exception.NotSupported, self.alterations.update,
                          quota, {'ShmSize': 5})
        self.assertRaises(exception.InvalidRequest, self.alterations.update,
                          quota, {'RestartPolicy': {'Name': 'sometimes'}})
        self.assertEqual(10**9, self.limits(container_id)['NanoCpus'])


class DiskTest(AlterationsCase):
    """The size of the root disk, an extension."""

    def resize(self, container_id, size):
        self.alterations.update(
            container_id, {'StorageOpt': {'size': size}})

    def size(self, container_id):
        return self.world.get(container_id).host_config.get('StorageOpt')

    def test_resize(self):
        container_id = self.world.create()
        self.resize(container_id, '2G')
        self.assertEqual({container_id: 2 << 30}, self.world.storage.sizes)
        self.assertEqual({'size': '2G'}, self.size(container_id))

    def test_same_size(self):
        container_id = self.world.create()
        self.resize(container_id, '2G')
        self.world.storage.faults['resize'] = exception.Internal('called')
        self.resize(container_id, '2048M')

    def test_a_limit_cannot_be_taken_away(self):
        container_id = self.world.create()
        self.resize(container_id, '2G')
        for size in ('', '0'):
            self.alterations.update(
                container_id, {'StorageOpt': {'size': size} if size else {}})
        self.assertEqual({'size': '2G'}, self.size(container_id))

    def test_what_runs(self):
        container_id = self.world.start()
        error = self.assertRaises(
            exception.Conflict, self.resize, container_id, '2G')
        self.assertEqual('container.running', error.code)
        self.assertEqual({}, self.world.storage.sizes)

    def test_what_does_not_fit_changes_nothing(self):
        container_id = self.world.create()
        self.world.storage.faults['resize'] = exception.Conflict(
            'full', 'storage.too_small')
        error = self.assertRaises(
            exception.Conflict, self.alterations.update, container_id,
            {'StorageOpt': {'size': '2G'}, 'Memory': 64 * MIB})
        self.assertEqual('storage.too_small', error.code)
        self.assertIsNone(self.size(container_id))
        self.assertFalse(
            self.world.get(container_id).host_config.get('Memory'))
