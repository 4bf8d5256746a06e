from oslotest import base

from novacontainer.runtime import exception
from tests.contract import streams
from tests.unit.runtime.service import world


class AttachmentsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())

    @property
    def attachments(self):
        return self.world.containers.attachments

    def attach(self, container_id, **given):
        future = self.attachments.attach(container_id, **given)
        self.addCleanup(self.let_go, future)
        return future

    @staticmethod
    def let_go(future):
        if not future.cancel() and not future.exception():
            future.result().close()

    def test_before_start_nothing_is_missed(self):
        container_id = self.world.create('echo text; exit 3')
        one, other = self.attach(container_id), self.attach(container_id)
        self.assertEqual(2, len(self.attachments))
        self.world.containers.start(container_id)
        for future in (one, other):
            self.assertEqual(
                b'text\n', streams.read(future.result(20))['stdout'])
        self.assertEqual(0, len(self.attachments))
        self.assertIn('attach', self.world.actions(container_id))

    def test_running_or_held(self):
        running, held = self.world.start(), self.world.create()
        self.world.containers.init(held)
        for container_id in (running, held):
            self.assertTrue(self.attach(container_id).done())

    def test_again_after_an_end(self):
        container_id = self.world.start('exit 0')
        self.world.wait(container_id)
        future = self.attach(container_id)
        self.assertFalse(future.done())
        self.world.containers.start(container_id)
        self.assertTrue(future.done())

    def test_start_that_fails(self):
        container_id = self.world.create()
        future = self.attach(container_id)
        self.world.engine.faults['start'] = exception.Internal('broken')
        self.assertRaises(exception.Internal,
                          self.world.containers.start, container_id)
        # It was joined, and then there was no process any more.
        self.assertTrue(future.done())
        future = self.attach(container_id)
        self.world.engine.faults['create'] = exception.Internal('broken')
        self.assertRaises(exception.Internal,
                          self.world.containers.start, container_id)
        fault = future.exception(20)
        self.assertEqual('container.not_running', fault.code)

    def test_removal(self):
        container_id = self.world.create()
        future = self.attach(container_id)
        self.world.containers.remove(
            container_id, force=False, volumes=False)
        self.assertIsInstance(future.exception(20), exception.Conflict)

    def test_who_stops_waiting_is_forgotten(self):
        container_id = self.world.create()
        one, other = self.attach(container_id), self.attach(container_id)
        one.cancel()
        self.assertEqual(1, len(self.attachments))
        other.cancel()
        self.assertEqual(0, len(self.attachments))
        self.world.containers.start(container_id)
        self.assertNotIn(('attach', container_id), self.world.engine.calls)

    def test_monitor_that_does_not_answer(self):
        container_id = self.world.create()
        future = self.attach(container_id)
        self.world.engine.faults['attach'] = exception.Internal('stuck')
        self.world.containers.start(container_id)
        self.assertIsInstance(future.exception(20), exception.Internal)

    def test_refusals(self):
        container_id = self.world.start()
        self.assertRaises(exception.InvalidRequest, self.attachments.attach,
                          container_id, 'nokeys')
        self.assertRaises(exception.NotFound, self.attachments.attach,
                          'nothing')
        self.world.containers.pause(container_id)
        fault = self.assertRaises(
            exception.Conflict, self.attachments.attach, container_id)
        self.assertEqual('container.paused', fault.code)

    def test_container_that_is_going(self):
        container_id = self.world.create()
        self.world.storage.faults['remove'] = exception.Internal('busy')
        self.assertRaises(
            exception.Internal, self.world.containers.remove, container_id,
            force=False, volumes=False)
        fault = self.assertRaises(
            exception.Conflict, self.attachments.attach, container_id)
        self.assertEqual('container.being_removed', fault.code)

    def test_detached(self):
        container_id = self.world.start()
        self.attachments.detached(self.world.get(container_id))
        self.assertEqual('detach', self.world.actions(container_id)[-1])

    def test_resize(self):
        container_id = self.world.start(Tty=True)
        self.attachments.resize(container_id, 24, 80)
        self.assertEqual(('resize', container_id, 24, 80),
                         self.world.engine.calls[-1])
        event = self.world.events[-1]
        self.assertEqual(('resize', '24', '80'), (
            event.action, event.attributes['height'],
            event.attributes['width']))
        self.world.containers.kill(container_id, 'KILL')
        fault = self.assertRaises(
            exception.Conflict, self.attachments.resize, container_id, 1, 1)
        self.assertEqual('container.not_running', fault.code)
