"""Attaching and further processes: the rest of ``engine.base.Engine``.

Run as ``tests.contract.engine`` is, which this builds upon.
"""

import dataclasses
import os
import select
import signal

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.contract import engine
from tests.contract import streams


class ExecContract(engine.EngineContract):
    """Mix into a test case, as :class:`EngineContract`."""

    def attached(self, container_id):
        """Attach to a container until the end of the test."""
        attachment = self.engine.attach(container_id)
        self.addCleanup(attachment.close)
        return attachment

    def created_with_input(self, *args, once=False):
        """Create a container that reads its standard input."""
        bundle = dataclasses.replace(
            self.make_bundle(*args), stdin_open=True, stdin_once=once)
        self.addCleanup(self.engine.forget, bundle.id)
        self.addCleanup(self.engine.delete, bundle.id, force=True)
        self.engine.create(bundle)
        return bundle

    def execution(self, bundle, *args, stdin_open=False, **process):
        """Return a further process for a container."""
        return models.Execution(
            os.urandom(32).hex(), bundle.id,
            {**bundle.spec['process'], 'args': list(args), **process},
            stdin_open)

    def executed(self, execution):
        """Run a further process; attached until the end of the test."""
        executed = self.engine.execute(execution)
        self.addCleanup(executed.attachment.close)
        return executed

    def exec_ended(self, execution):
        """Wait for a further process to end; return its exit code."""
        return self.eventually(lambda: self.engine.exec_exit_code(
            execution.container_id, execution.id))

    def test_attach_before_start_sees_everything(self):
        bundle = self.created(
            '/bin/sh', '-c', 'echo ran; exit 3')
        one, other = self.attached(bundle.id), self.attached(bundle.id)
        self.engine.start(bundle.id)
        for attachment in (one, other):
            self.assertEqual({'stdout': b'ran\n', 'stderr': b''},
                             streams.read(attachment))
        self.assertEqual(3, self.ended(bundle))

    def test_attachment_knows_the_end_of_the_process(self):
        bundle = self.started(*engine.FOREVER)
        attachment = self.attached(bundle.id)
        poll = select.poll()
        poll.register(attachment.process, select.POLLIN)
        self.assertEqual([], poll.poll(50))
        self.engine.kill(bundle.id, signal.SIGKILL)
        self.assertEqual(1, len(poll.poll(20000)))
        self.assertEqual({'stdout': b'', 'stderr': b''},
                         streams.read(attachment))

    def test_input_ends_once(self):
        bundle = self.created_with_input('/bin/cat', once=True)
        attachment = self.attached(bundle.id)
        self.engine.start(bundle.id)
        streams.send(attachment, b'line\n')
        streams.end_input(attachment)
        self.assertEqual(b'line\n', streams.read(attachment)['stdout'])
        self.assertEqual(0, self.ended(bundle))

    def test_input_stays_open(self):
        bundle = self.created_with_input('/bin/cat')
        one = self.attached(bundle.id)
        self.engine.start(bundle.id)
        streams.send(one, b'one\n')
        streams.end_input(one)
        streams.expect(one, b'one\n')
        other = self.attached(bundle.id)
        streams.send(other, b'other\n')
        streams.expect(other, b'other\n')
        self.assertIsNone(self.engine.exit_code(bundle.id))

    def test_attach_to_what_does_not_run(self):
        bundle = self.started('/bin/sh', '-c', 'exit 0')
        self.ended(bundle)
        self.raises(exception.Conflict, 'container.not_running',
                    self.engine.attach, bundle.id)
        self.raises(exception.NotFound, 'container.not_found',
                    self.engine.attach, 'f' * 64)

    def test_resize_without_a_terminal(self):
        bundle = self.started(*engine.FOREVER)
        for _ in range(5):
            self.engine.resize(bundle.id, 24, 80)
        self.raises(exception.NotFound, 'container.not_found',
                    self.engine.resize, 'f' * 64, 24, 80)

    def test_exec(self):
        bundle = self.started(*engine.FOREVER)
        execution = self.execution(
            bundle, '/bin/sh', '-c', 'echo ran; exit 5')
        executed = self.executed(execution)
        self.assertGreater(executed.pid, 0)
        self.assertGreater(executed.conmon_pid, 0)
        self.assertEqual({'stdout': b'ran\n', 'stderr': b''},
                         streams.read(executed.attachment))
        self.assertEqual(5, self.exec_ended(execution))
        # The container is not concerned.
        self.assertIsNone(self.engine.exit_code(bundle.id))
        self.assertEqual('', self.logged(bundle))
        self.engine.forget_exec(bundle.id, execution.id)
        self.assertIsNone(
            self.engine.exec_exit_code(bundle.id, execution.id))

    def test_exec_reads(self):
        bundle = self.started(*engine.FOREVER)
        execution = self.execution(bundle, '/bin/cat', stdin_open=True)
        attachment = self.executed(execution).attachment
        streams.send(attachment, b'line\n' * 5000)
        streams.end_input(attachment)
        self.assertEqual(b'line\n' * 5000,
                         streams.read(attachment)['stdout'])
        self.assertEqual(0, self.exec_ended(execution))

    def test_exec_without_input(self):
        bundle = self.started(*engine.FOREVER)
        execution = self.execution(bundle, '/bin/cat')
        self.assertEqual(
            b'', streams.read(self.executed(execution).attachment)['stdout'])
        self.assertEqual(0, self.exec_ended(execution))

    def test_exec_ends_with_its_container(self):
        bundle = self.started(*engine.FOREVER)
        execution = self.execution(bundle, *engine.FOREVER)
        attachment = self.executed(execution).attachment
        self.engine.delete(bundle.id, force=True)
        self.assertEqual(b'', streams.read(attachment)['stdout'])
        self.assertEqual(128 + signal.SIGKILL, self.exec_ended(execution))
        self.engine.forget(bundle.id)
        self.assertIsNone(
            self.engine.exec_exit_code(bundle.id, execution.id))

    def test_exec_of_nothing(self):
        bundle = self.started(*engine.FOREVER)
        for command, reason in (('/no/such/command', 'not_found'),
                                ('nosuchcommand', 'not_found'),
                                ('/etc/passwd', 'not_executable')):
            for terminal in (False, True):
                execution = self.execution(
                    bundle, command, terminal=terminal)
                fault = self.raises(
                    exception.InvalidRequest, f'container.command_{reason}',
                    self.engine.execute, execution)
                self.assertIn(command, str(fault))
                self.assert_no_exec(execution)

    def test_exec_in_what_does_not_run(self):
        bundle = self.started('/bin/sh', '-c', 'exit 0')
        self.ended(bundle)
        execution = self.execution(bundle, '/bin/true')
        self.raises(exception.Conflict, 'container.not_running',
                    self.engine.execute, execution)
        self.raises(exception.Conflict, 'container.not_running',
                    self.engine.resize_exec, bundle.id, execution.id, 1, 1)
        self.raises(
            exception.NotFound, 'container.not_found', self.engine.execute,
            dataclasses.replace(execution, container_id='f' * 64))
        self.assert_no_exec(execution)

    def assert_no_exec(self, execution):
        """Assert that a failed exec left nothing; extend for real ones."""
        self.assertIsNone(self.engine.exec_exit_code(
            execution.container_id, execution.id))
