from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.service import world


class SnapshotsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    def commit(self, container_id, **given):
        values = {'repo': 'shop', 'tag': 'v1', 'author': 'me',
                  'message': 'why', 'pause': True, 'changes': (),
                  'config': None, **given}
        return self.world.containers.commit(container_id, **values)

    def verbs(self, container_id):
        return [call[0] for call in self.world.engine.calls
                if call[1] == container_id]

    def test_what_the_image_service_is_told(self):
        container_id = self.world.create(Labels={'a': 'b'})
        image = self.commit(container_id, changes=['USER x'])
        given = self.world.images.committed[0]
        self.assertIs(self.world.images.image, image)
        self.assertEqual(
            (self.world.storage.upper(container_id),
             self.world.get(container_id).id_map, 'shop:v1', 'me', 'why',
             'x', {'a': 'b'}),
            (given['delta'].tree, given['delta'].id_map, given['reference'],
             given['author'], given['message'], given['config']['User'],
             given['config']['Labels']))
        event = self.world.events[-1]
        self.assertEqual(
            ('commit', 'why', 'shop:v1', image.id),
            (event.action, event.attributes['comment'],
             event.attributes['imageRef'], event.attributes['imageID']))

    def test_names(self):
        container_id = self.world.create()
        for repo, tag, expected in (
                ('shop', None, 'shop:latest'), (None, None, None),
                ('', 'x', None)):
            self.commit(container_id, repo=repo, tag=tag)
            self.assertEqual(
                expected, self.world.images.committed[-1]['reference'])

    def test_a_running_container_stands_still_meanwhile(self):
        container_id = self.world.start()
        self.commit(container_id)
        self.assertEqual(['pause', 'resume'], self.verbs(container_id)[-2:])
        self.assertEqual(models.Status.RUNNING,
                         self.world.get(container_id).status)
        self.commit(container_id, pause=False)
        self.assertEqual(1, self.verbs(container_id).count('pause'))

    def test_a_paused_one_stays_paused(self):
        container_id = self.world.start()
        self.world.containers.pause(container_id)
        self.commit(container_id)
        self.assertNotIn('resume', self.verbs(container_id))

    def test_a_failure_lets_it_go_on(self):
        container_id = self.world.start()
        self.world.images.commit = None
        self.assertRaises(TypeError, self.commit, container_id)
        self.assertEqual('resume', self.verbs(container_id)[-1])

    def test_one_that_ends_just_now(self):
        """It is as still as it will be."""
        container_id = self.world.start()
        ended = exception.Conflict('it is not running')
        for verb in ('pause', 'resume'):
            with mock.patch.object(self.world.engine, verb,
                                   side_effect=ended):
                self.commit(container_id)
        self.assertEqual(2, len(self.world.images.committed))

    def test_a_crash_in_between(self):
        container_id = self.world.start()
        mark = (self.world.root / 'run/bundles' / container_id
                / 'committing')
        mark.touch()
        self.world.engine.pause(container_id)
        self.world.restart()
        self.assertEqual('resume', self.verbs(container_id)[-1])
        self.assertFalse(mark.exists())

    def test_refusals(self):
        container_id = self.world.create()
        self.assertRaises(exception.InvalidRequest, self.commit,
                          container_id, changes=['RUN make'])
        self.world.storage.faults['remove'] = exception.Internal('stuck')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, container_id,
            force=False, volumes=False)
        self.assertRaises(exception.Conflict, self.commit, container_id)
        self.assertEqual([], self.world.images.committed)
