import time
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import preparation
from tests.unit.runtime.service import world


class PreparationTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    def bundle(self, **given):
        container_id = self.world.create(**given)
        self.world.containers.init(container_id)
        return self.world.engine.state.containers[container_id].bundle

    def test_bundle(self):
        bundle = self.bundle(
            Tty=True, OpenStdin=True, host_config={
                'LogConfig': {'Config': {'max-size': '1k'}},
                'Tmpfs': {'/t': ''}})
        self.assertEqual((True, True, 1024), (
            bundle.terminal, bundle.stdin_open, bundle.log_size_max_bytes))
        self.assertEqual(
            f'/nc-unit/{bundle.id}', bundle.spec['linux']['cgroupsPath'])
        targets = [mount['destination'] for mount in bundle.spec['mounts']]
        self.assertEqual(
            ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf', '/t'],
            targets[-4:])
        self.assertEqual(0, self.bundle().log_size_max_bytes)

    def test_mount_points_are_made_in_the_root(self):
        source = self.world.root / 'source'
        source.write_text('x')
        self.world.images.image = world.image(Volumes={'/kept': {}})
        bundle = self.bundle(WorkingDir='/w', host_config={
            'ImageVolumeMode': 'ignore',
            'Binds': [f'{source}:/a/file', 'data:/a/dir']})
        root = self.world.storage.upper(bundle.id) / 'merged'
        self.assertTrue((root / 'a/file').is_file())
        self.assertTrue((root / 'a/dir').is_dir())
        self.assertTrue((root / 'kept').is_dir())
        self.assertEqual(
            [('mount', bundle.id, 'data')], self.world.staging.told)
        # It is mounted from there only while the container is made.
        self.assertEqual(set(), self.world.staging.attached)
        self.assertTrue((root / 'w').is_dir())
        self.assertTrue((root / 'etc/hosts').is_file())

    def test_a_source_that_went_after_create(self):
        container_id = self.world.create(
            host_config={'Binds': [f'{self.world.root}:/x']})
        self.world.staging.faults['staged'] = exception.InvalidRequest('-')
        self.assertRaises(exception.InvalidRequest,
                          self.world.containers.start, container_id)
        self.assertEqual([], self.world.traces(container_id))

    def test_volumes_are_told_of_until_the_end(self):
        container_id = self.world.start(
            'exit 0', host_config={'Binds': ['data:/d']})
        self.world.wait(container_id)
        # The record comes first.
        deadline = time.monotonic() + 20
        while len(self.world.staging.told) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        self.assertEqual(
            [('mount', container_id, 'data'),
             ('unmount', container_id, 'data')], self.world.staging.told)
        self.assertEqual([], self.world.staging.holders)

    def test_cgroup_path(self):
        for parent in ('nc', '/nc/', 'a/b'):
            self.assertEqual(
                f'/{parent.strip("/")}/c1',
                preparation.Settings(parent, 2).cgroup_path('c1'))

    def test_let_go_stops_where_it_fails(self):
        container_id = self.world.start()
        prepare = self.world.containers._endings._prepare
        self.world.storage.faults['unmount'] = exception.Internal('stuck')
        self.assertRaises(exception.Internal, prepare.let_go, container_id)
        # The bundle is what says that there is something left to do.
        self.assertEqual(2, len(self.world.traces(container_id)))
        prepare.let_go(container_id)
        self.assertEqual([], self.world.traces(container_id))


class UndoingTest(base.BaseTestCase):

    def test_last_first_and_only_on_failure(self):
        done = []

        def work(fail):
            with preparation.undoing() as undo:
                undo(done.append, 1)
                undo(done.append, 2)
                if fail:
                    raise KeyError

        work(False)
        self.assertEqual([], done)
        self.assertRaises(KeyError, work, True)
        self.assertEqual([2, 1], done)

    def test_a_failing_undo_does_not_stop_the_others(self):
        done = []
        broken = mock.Mock(side_effect=OSError, __qualname__='broken')

        def work():
            with preparation.undoing() as undo:
                undo(done.append, 1)
                undo(broken, models.Status.DEAD)
                raise KeyError

        self.assertRaises(KeyError, work)
        self.assertEqual([1], done)
