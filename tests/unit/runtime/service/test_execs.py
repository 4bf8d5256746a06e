from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import execs
from tests.contract import streams
from tests.unit.runtime.service import world


class ExecCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.container_id = self.world.start()

    @property
    def execs(self):
        return self.world.containers.execs

    def create(self, *args, **body):
        return self.execs.create(self.container_id, {
            'Cmd': list(args or ('serve',)), 'AttachStdout': True, **body})

    def start(self, *args, detach=False, **body):
        exec_id = self.create(*args, **body)
        run = self.execs.start(exec_id, detach=detach)
        if run.attachment is not None:
            self.addCleanup(run.attachment.close)
        return exec_id, run

    def raises(self, kind, code, call, *args, **kwargs):
        fault = self.assertRaises(kind, call, *args, **kwargs)
        self.assertEqual(code, fault.code)
        return fault

    def actions(self):
        return [action for action in self.world.actions(self.container_id)
                if action.startswith('exec')]


class TestLife(ExecCase):

    def test_run_and_end(self):
        exec_id, run = self.start('sh', '-c', 'echo text; exit 4')
        self.assertEqual(b'text\n', streams.read(run.attachment)['stdout'])
        self.assertEqual(4, run.ended.result(20))
        record = self.execs.get(exec_id)
        self.assertEqual((4, False, 0, True), (
            record.exit_code, record.running, record.pid, record.started))
        script = 'sh -c echo text; exit 4'
        self.assertEqual([f'exec_create: {script}', f'exec_start: {script}',
                          'exec_die'], self.actions())
        told = self.world.events[-1].attributes
        self.assertEqual((exec_id, '4'), (told['execID'], told['exitCode']))
        self.assertIn(('forget_exec', self.container_id, exec_id),
                      self.world.engine.calls)

    def test_while_it_runs(self):
        exec_id, run = self.start()
        record = self.execs.get(exec_id)
        self.assertTrue(record.running)
        self.assertGreater(record.pid, 0)
        self.assertIsNone(record.exit_code)
        self.assertEqual((exec_id,), self.execs.ids(self.container_id))
        self.assertEqual((), self.execs.ids('another'))
        self.assertFalse(run.ended.done())

    def test_detached(self):
        _, run = self.start('cat', detach=True, AttachStdin=True)
        self.assertIsNone(run.attachment)
        self.assertEqual(0, run.ended.result(20))

    def test_input_as_asked(self):
        for wanted in (False, True):
            self.start('serve', AttachStdin=wanted)
            verb, execution = self.world.engine.calls[-1]
            self.assertEqual(('execute', wanted),
                             (verb, execution.stdin_open))

    def test_its_container_ends(self):
        _, run = self.start()
        self.world.engine.finish(self.container_id, 0)
        self.assertEqual(137, run.ended.result(20))

    def test_exit_code_that_its_container_took_with_it(self):
        exec_id, run = self.start()
        self.world.engine.lose_monitor(exec_id)
        self.assertEqual(execs.KILLED, run.ended.result(20))

    def test_what_cannot_be_cleaned_up_has_ended_all_the_same(self):
        exec_id, run = self.start()
        self.world.engine.faults['forget_exec'] = exception.Internal('no')
        self.world.engine.finish_exec(self.container_id, exec_id, 3)
        self.assertEqual(3, run.ended.result(20))

    def test_monitor_that_ended_at_once(self):
        execute = self.world.engine.execute

        def quick(execution):
            executed = execute(execution)
            self.world.engine.lose_monitor(execution.id)
            return executed

        self.patch(self.world.engine, 'execute', quick)
        _, run = self.start()
        self.assertEqual(137, run.ended.result(20))

    def test_console_size(self):
        exec_id = self.create(Tty=True, ConsoleSize=[1, 2])
        run = self.execs.start(exec_id, console_size=(3, 4))
        self.addCleanup(run.attachment.close)
        _, execution = self.world.engine.calls[-1]
        self.assertEqual({'height': 3, 'width': 4},
                         execution.process['consoleSize'])


class TestRefusals(ExecCase):

    def test_started_once(self):
        exec_id, run = self.start()
        for call in (self.execs.start, self.execs.check_start):
            self.raises(exception.Conflict, 'exec.already_running', call,
                        exec_id)
        self.world.engine.finish_exec(self.container_id, exec_id, 0)
        run.ended.result(20)
        self.raises(exception.Conflict, 'exec.already_run',
                    self.execs.start, exec_id)

    def test_unknown(self):
        for call in (self.execs.get, self.execs.start,
                     self.execs.check_start):
            self.raises(exception.NotFound, 'exec.not_found', call, 'e' * 64)
        self.raises(exception.NotFound, 'container.not_found',
                    self.execs.create, 'nothing', {'Cmd': ['ls']})

    def test_container_that_does_not_run(self):
        exec_id = self.create()
        self.world.containers.pause(self.container_id)
        for call in (self.create, lambda: self.execs.start(exec_id)):
            self.raises(exception.Conflict, 'container.paused', call)
        self.world.containers.unpause(self.container_id)
        self.world.containers.kill(self.container_id, 'KILL')
        self.raises(exception.Conflict, 'container.not_running', self.create)
        # What was never started is forgotten with the run.
        self.raises(exception.NotFound, 'exec.not_found', self.execs.get,
                    exec_id)

    def test_command_that_is_not_there(self):
        for command, code in (('nosuch', 127), ('/etc', 126)):
            exec_id = self.create(command)
            self.assertRaises(exception.InvalidRequest, self.execs.start,
                              exec_id)
            record = self.execs.get(exec_id)
            self.assertEqual((code, False), (
                record.exit_code, record.running))

    def test_engine_that_fails(self):
        exec_id = self.create()
        self.world.engine.faults['execute'] = exception.Internal('broken')
        self.assertRaises(exception.Internal, self.execs.start, exec_id)
        self.assertEqual(126, self.execs.get(exec_id).exit_code)


class TestResize(ExecCase):

    def test_terminal(self):
        exec_id, _ = self.start(Tty=True)
        self.execs.resize(exec_id, 24, 80)
        self.assertEqual(('resize_exec', self.container_id, exec_id, 24, 80),
                         self.world.engine.calls[-1])

    def test_no_terminal(self):
        exec_id, _ = self.start()
        self.execs.resize(exec_id, 24, 80)
        self.assertNotEqual('resize_exec', self.world.engine.calls[-1][0])

    def test_not_running(self):
        self.raises(exception.Conflict, 'exec.not_running',
                    self.execs.resize, self.create(Tty=True), 24, 80)


class TestMemory(ExecCase):

    def test_ends_some_time(self):
        exec_id, run = self.start('sh', '-c', 'exit 0')
        run.ended.result(20)
        self.assertEqual((exec_id,), self.execs.ids(self.container_id))
        self.patch(execs, 'MEMORY_S', -1.0)
        self.assertEqual((), self.execs.ids(self.container_id))

    def test_not_beyond_the_container(self):
        exec_id, run = self.start('sh', '-c', 'exit 0')
        run.ended.result(20)
        self.world.containers.kill(self.container_id, 'KILL')
        self.assertEqual(0, self.execs.get(exec_id).exit_code)
        self.world.containers.remove(
            self.container_id, force=True, volumes=False)
        self.raises(exception.NotFound, 'exec.not_found', self.execs.get,
                    exec_id)

    def test_not_beyond_the_daemon(self):
        exec_id, _ = self.start()
        self.world.restart()
        self.raises(exception.NotFound, 'exec.not_found', self.execs.get,
                    exec_id)

    def test_detach_is_told(self):
        exec_id, _ = self.start()
        self.execs.detached(exec_id)
        self.assertEqual('exec_detach', self.actions()[-1])
