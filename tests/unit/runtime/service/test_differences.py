from oslotest import base

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from tests.unit.runtime.service import world

ADDED, MODIFIED = deltas.ChangeKind.ADDED, deltas.ChangeKind.MODIFIED


class DifferencesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.differences = self.world.containers.differences

    def changed(self, *paths):
        """Let these have been modified; returns what is told of it."""
        self.world.storage.changed = [
            deltas.Change(path, MODIFIED) for path in paths]
        container_id = self.world.create(
            host_config={'Tmpfs': {'/srv/cache': ''}})
        return [change.path
                for change in self.differences.list(container_id)]

    def test_sorted(self):
        self.assertEqual(['/a', '/b', '/b/c'],
                         self.changed('/b/c', '/b', '/a'))

    def test_mount_points_are_no_changes(self):
        self.assertEqual([], self.changed(
            '/dev', '/dev/shm', '/proc', '/sys', '/etc', '/etc/hosts',
            '/srv', '/srv/cache'))

    def test_parents_that_hold_more_are_told(self):
        self.assertEqual(['/etc', '/etc/motd'], self.changed(
            '/etc', '/etc/motd', '/etc/hosts'))

    def test_what_is_being_removed(self):
        container_id = self.world.create()
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, container_id,
            force=False, volumes=False)
        self.assertRaises(exception.Conflict, self.differences.list,
                          container_id)
        self.assertRaises(exception.NotFound, self.differences.list, 'none')
