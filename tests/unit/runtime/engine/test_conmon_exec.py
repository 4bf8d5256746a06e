"""How conmon is led through an exec; a script plays conmon."""

import os
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import conmon
from novacontainer.runtime.engine import conmon_exec
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import records
from novacontainer.runtime import exception

PLAY = """#!/bin/bash
said() { echo "$1" >> {home}/said; }
read -n1 step < /dev/fd/$_OCI_STARTPIPE
said first
{before}
echo '{"data": 0}' > /dev/fd/$_OCI_ATTACHPIPE
read -n1 step < /dev/fd/$_OCI_STARTPIPE
said second
{after}
"""


class ConmonExecCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.files = records.ExecFiles.of(self.root, 'c1', 'e1')
        self.files.make()
        self.placed = []
        self.patch(cgroups, 'place', lambda *args: self.placed.append(args))
        self.attached = []

    def execute(self, before='', after=''):
        binary = self.root / 'conmon'
        binary.write_text(
            PLAY.replace('{home}', str(self.files.home))
            .replace('{before}', before).replace('{after}', after))
        binary.chmod(0o755)
        runtime = oci_runtime.OciRuntime(
            pathlib.Path('/usr/bin/crun'), self.root / 'crun')
        return conmon_exec.execute(
            binary, runtime, self.files, cgroup='/group', terminal=False,
            attach=self.attach)

    def attach(self):
        said = (self.files.home / 'said').read_text()
        self.attached.append(said)


class TestExecute(ConmonExecCase):
    def test_steps(self):
        self.assertEqual(42, self.execute(
            after="echo '{\"data\": 42}' > /dev/fd/$_OCI_SYNCPIPE"))
        self.assertEqual(['/group'], [group for _, group in self.placed])
        # Attached when there is a socket, before there is a process.
        self.assertEqual(['first\n'], self.attached)
        self.assertEqual('first\nsecond\n',
                         (self.files.home / 'said').read_text())

    def test_conmon_dies_first(self):
        fault = self.assertRaises(
            exception.Internal, self.execute, 'echo why >&2; exit 1')
        self.assertEqual('conmon failed: why', str(fault))
        self.assertEqual([], self.attached)

    def test_refusal_in_the_runtimes_words(self):
        self.files.runtime_log.write_text('{"level":"error","msg":"why"}')
        for after in ('exit 1', "echo '{\"data\": -1, \"message\": \"x\"}' "
                                '> /dev/fd/$_OCI_SYNCPIPE'):
            fault = self.assertRaises(
                conmon.CreateFailed, self.execute, after=after)
            self.assertEqual('why', str(fault))

    def test_silence(self):
        fault = self.assertRaises(
            exception.Internal, self.execute, after='exit 1')
        self.assertEqual('conmon failed: it said nothing', str(fault))

    def test_one_that_hangs_is_killed(self):
        self.patch(conmon, '_CREATE_TIMEOUT_S', 0.3)
        fault = self.assertRaises(
            exception.Internal, self.execute,
            f'echo $$ > {self.files.conmon_pid}; exec sleep 1000')
        self.assertEqual('engine.timeout', fault.code)
        pid = int(self.files.conmon_pid.read_text())
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)


class TestArguments(ConmonExecCase):
    def test_input_is_a_pipe_or_a_terminal(self):
        runtime = oci_runtime.OciRuntime(
            pathlib.Path('/usr/bin/crun'), self.root / 'crun')
        for terminal, there, missing in (
                (False, '--stdin', '--terminal'),
                (True, '--terminal', '--stdin')):
            words = conmon_exec.arguments(
                pathlib.Path('conmon'), runtime, self.files, terminal)
            self.assertIn(there, words)
            self.assertNotIn(missing, words)
            self.assertEqual('c1', words[words.index('--cid') + 1])
            self.assertEqual(str(self.files.home),
                             words[words.index('--exit-dir') + 1])
