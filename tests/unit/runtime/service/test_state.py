import dataclasses
import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import state

NOW = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
Status = models.Status
Wish = state.Wish


def container(status, **changes):
    return models.Container(
        id='c1', name='web', image_id='i', image_name='i', config={},
        host_config={}, id_map=None, created=NOW, status=status, **changes)


HELD = container(Status.CREATED, pid=5, conmon_pid=4, conmon_started=9)


class CheckTest(base.BaseTestCase):

    def test_what_is_allowed(self):
        """The whole table: state, wish, what comes of it."""
        conflict, same = exception.Conflict, exception.NotModified
        table = {
            Wish.INIT: (None, same, same, conflict, None),
            Wish.START: (None, None, same, conflict, None),
            Wish.STOP: (same, same, None, None, same),
            Wish.KILL: (conflict, conflict, None, None, conflict),
            Wish.PAUSE: (conflict, conflict, None, conflict, conflict),
            Wish.UNPAUSE: (conflict, conflict, conflict, None, conflict),
        }
        rows = (container(Status.CREATED), HELD, container(Status.RUNNING),
                container(Status.PAUSED), container(Status.EXITED))
        for wish, outcomes in table.items():
            for one, outcome in zip(rows, outcomes, strict=True):
                if outcome is None:
                    state.check(one, wish)
                else:
                    self.assertRaises(outcome, state.check, one, wish)

    def test_what_is_going_is_left_alone(self):
        for status in (Status.REMOVING, Status.DEAD):
            for wish in Wish:
                error = self.assertRaises(
                    exception.Conflict, state.check, container(status),
                    wish)
                self.assertEqual('container.being_removed', error.code)
            self.assertRaises(exception.Conflict, state.check_present,
                              container(status), 'commit')
        state.check_present(container(Status.EXITED), 'commit')

    def test_remove(self):
        for status in Status:
            state.check_remove(container(status), force=True)
            if status in (Status.RUNNING, Status.PAUSED):
                error = self.assertRaises(
                    exception.Conflict, state.check_remove,
                    container(status), force=False)
                self.assertIn('You cannot remove a', error.message)
            else:
                state.check_remove(container(status), force=False)
        state.check_remove(HELD, force=False)


class MovesTest(base.BaseTestCase):

    def test_held_and_started(self):
        held = state.held(
            container(Status.EXITED, error='x', exit_code=3),
            models.Created(5, 4, 9))
        self.assertEqual(
            (Status.CREATED, 5, 4, 9, ''),
            (held.status, held.pid, held.conmon_pid, held.conmon_started,
             held.error))
        self.assertTrue(state.is_held(held))
        started = state.started(held, NOW)
        self.assertEqual((Status.RUNNING, NOW, 0, 5), (
            started.status, started.started, started.exit_code,
            started.pid))
        self.assertTrue(state.is_live(started))
        self.assertFalse(state.is_held(started))

    def test_exited(self):
        running = state.started(HELD, NOW)
        ended = state.exited(running, NOW, 3, oom_killed=True)
        self.assertEqual((Status.EXITED, 3, True, 0, 0, 0, NOW), (
            ended.status, ended.exit_code, ended.oom_killed, ended.pid,
            ended.conmon_pid, ended.conmon_started, ended.finished))

    def test_released_goes_back_to_where_it_was(self):
        self.assertEqual(container(Status.CREATED), state.released(HELD))
        again = dataclasses.replace(HELD, started=NOW)
        self.assertEqual(container(Status.EXITED, started=NOW),
                         state.released(again))

    def test_exit_codes_of_failed_starts(self):
        for code, number in (('container.command_not_found', 127),
                             ('container.command_not_executable', 126),
                             ('storage.full', 128)):
            failed = state.not_started(
                HELD, exception.InvalidRequest('why', code))
            self.assertEqual((number, 'why', 0), (
                failed.exit_code, failed.error, failed.pid))
