"""What of an exec stays, and what goes when it fails."""

import pathlib
import socket
import subprocess
import tempfile

from oslotest import base

from novacontainer.runtime.engine import attachments
from novacontainer.runtime.engine import conmon
from novacontainer.runtime.engine import conmon_exec
from novacontainer.runtime.engine import execs
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import records
from novacontainer.runtime import exception
from novacontainer.runtime.host import devices
from novacontainer.runtime import models

EXECUTION = models.Execution('e1', 'c1', {'args': ['cat']})


class TestExecs(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.execs = execs.Execs(
            self.root, pathlib.Path('conmon'),
            oci_runtime.OciRuntime(pathlib.Path('crun'), self.root))
        self.ours, self.theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.ours.close)
        self.addCleanup(self.theirs.close)
        self.patch(attachments, 'connect', lambda directory: self.ours)
        self.patch(conmon_exec, 'execute', self.conmon)
        self.patch(devices, 'reclaim_null', lambda: False)
        self.failure = None

    def conmon(self, binary, runtime, files, *, cgroup, terminal, attach):
        self.cgroup = cgroup
        attach()
        if self.failure:
            raise self.failure
        return 4194304

    def test_input_is_at_its_end(self):
        executed = self.execs.execute(EXECUTION, '/top/c1')
        self.assertEqual('/top/conmon', self.cgroup)
        self.assertEqual(b'', self.theirs.recv(10))
        # It has ended so quickly that it was not seen.
        self.assertIsNone(executed.attachment.process)

    def test_failure_leaves_nothing(self):
        for failure, kind in (
                (conmon.CreateFailed('executable file `cat` not found'),
                 exception.InvalidRequest),
                (conmon.CreateFailed('odd'), exception.Internal),
                (exception.Internal('odd'), exception.Internal),
                (OSError('odd'), OSError)):
            self.failure = failure
            self.assertRaises(kind, self.execs.execute, EXECUTION, '/t/c1')
            self.assertEqual([], list((self.root / 'execs').iterdir()))
            self.assertEqual(-1, self.ours.fileno())
            self.ours, _ = socket.socketpair()
            self.addCleanup(self.ours.close)
            self.addCleanup(_.close)

    def test_exit_code(self):
        self.execs.execute(EXECUTION, '/top/c1')
        files = records.ExecFiles.of(self.root, 'c1', 'e1')
        self.assertIsNone(self.execs.exit_code('c1', 'e1'))
        files.exit.write_text('7')
        self.assertEqual(7, self.execs.exit_code('c1', 'e1'))
        self.execs.forget('c1', 'e1')
        self.assertIsNone(self.execs.exit_code('c1', 'e1'))

    def test_monitors_are_waited_for_and_put_down(self):
        self.patch(execs, '_PATIENCE_S', 0.05)
        self.execs.await_monitors('c1')
        self.execs.execute(EXECUTION, '/top/c1')
        self.execs.await_monitors('c1')
        process = subprocess.Popen(['sleep', '1000'])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        records.ExecFiles.of(self.root, 'c1', 'e1').conmon_pid.write_text(
            str(process.pid))
        self.execs.await_monitors('c1')
        self.assertEqual(-9, process.wait(10))
        self.execs.forget_all('c1')
        self.assertEqual([], list((self.root / 'execs').iterdir()))
