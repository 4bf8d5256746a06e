"""The words of crun and runc, and running them."""

import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime import exception

NOT_FOUND = 'container.command_not_found'
NOT_EXECUTABLE = 'container.command_not_executable'


class TestCreateFault(base.BaseTestCase):
    def test_what_runtimes_say_of_commands(self):
        for text, code in (
                ('executable file `nginx` not found in $PATH: '
                 'No such file or directory', NOT_FOUND),
                ('open executable: No such file or directory', NOT_FOUND),
                ('open executable: Permission denied', NOT_EXECUTABLE),
                ('runc create failed: unable to start container process: '
                 'exec: "nginx": executable file not found in $PATH',
                 NOT_FOUND),
                ('exec: "/nginx": stat /nginx: no such file or directory',
                 NOT_FOUND),
                ('exec: "/etc/passwd": permission denied', NOT_EXECUTABLE),
                ('exec: "/etc": is a directory', NOT_EXECUTABLE)):
            fault = oci_runtime.create_fault(text, 'nginx')
            self.assertIsInstance(fault, exception.InvalidRequest, text)
            self.assertEqual(code, fault.code, text)
            self.assertIn("'nginx'", str(fault))

    def test_anything_else_is_ours(self):
        fault = oci_runtime.create_fault('mount `proc` to `/proc`', 'nginx')
        self.assertIsInstance(fault, exception.Internal)
        self.assertIn('mount `proc`', str(fault))

    def test_what_the_kernel_refuses_of_a_request(self):
        for text, code, word in (
                ('open /proc/sys/net/nope: No such file or directory',
                 'sysctl', "'net.nope'"),
                ('write to /proc/sys/kernel/shmmax: Invalid argument',
                 'sysctl', 'kernel.shmmax'),
                ('open /proc/sys/net/core/rmem_max: Permission denied',
                 'sysctl', 'net.core.rmem_max'),
                ('writing file `pids.max`: Invalid argument',
                 'limit', 'pids.max'),
                ('write /sys/fs/cgroup/a/b/cpu.max: invalid argument',
                 'limit', ' cpu.max'),
                ('mount `tmpfs` to `x`: Invalid argument', 'mount', '/x'),
                ('mount `/tmp` to `/dev/null`: Not a directory',
                 'mount', "'/dev/null'")):
            fault = oci_runtime.create_fault(text, 'nginx')
            self.assertIsInstance(fault, exception.InvalidRequest, text)
            self.assertEqual(f'container.invalid_{code}', fault.code)
            self.assertIn(word, str(fault))

    def test_limits_under_which_nothing_begins(self):
        for text, name in (
                ('cannot fork: Resource temporarily unavailable', 'nproc'),
                ('error opening file `x`: Too many open files', 'nofile'),
                ('read from the init process', 'as')):
            fault = oci_runtime.create_fault(text, 'nginx', ['core', name])
            self.assertIsInstance(fault, exception.InvalidRequest, text)
            self.assertIn(f'ulimit {name};', str(fault))
            # Without such a limit it is the host that lacks something.
            self.assertIsInstance(
                oci_runtime.create_fault(text, 'nginx', ['core']),
                exception.Internal)


class TestRun(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.log = self.directory / 'log'

    def runtime(self, script):
        """Return a runtime that is a shell script; $LOG is its log."""
        binary = self.directory / 'crun'
        binary.write_text(f'#!/bin/sh\nLOG=$4\n{script}\n')
        binary.chmod(0o755)
        return oci_runtime.OciRuntime(binary, self.directory / 'root')

    def test_version(self):
        runtime = self.runtime('echo crun version 1.8.1; echo commit')
        self.assertEqual('1.8.1', runtime.version())
        self.assertEqual('unknown', self.runtime('echo').version())

    def test_arguments(self):
        runtime = self.runtime(f'echo "$@" > {self.directory}/args')
        runtime.delete('c1', self.log, force=True)
        self.assertEqual(
            f'--root {self.directory}/root --log {self.log} '
            '--log-format json delete --force c1\n',
            (self.directory / 'args').read_text())

    def test_state(self):
        runtime = self.runtime('echo \'{"status": "created"}\'')
        self.assertEqual('created', runtime.state('c1', self.log))

    def test_unknown_container(self):
        for words in ('container `c1` does not exist',
                      'container does not exist',
                      'error opening file `/run/x/c1/status`: No such file'):
            runtime = self.runtime(f"echo '{words}' >&2; exit 1")
            fault = self.assertRaises(
                exception.NotFound, runtime.delete, 'c1', self.log)
            self.assertEqual('container.not_found', fault.code)

    def test_error_from_the_log(self):
        runtime = self.runtime(
            'echo \'{"level":"warning","msg":"old"}\' > $LOG\n'
            'echo \'{"level":"error","msg":"the disk is on fire"}\' >> $LOG\n'
            'echo not json >> $LOG\nexit 1')
        fault = self.assertRaises(
            exception.Internal, runtime.start, 'c1', self.log)
        self.assertEqual('crun start failed: the disk is on fire',
                         str(fault))

    def test_error_of_an_earlier_command_is_not_repeated(self):
        self.log.write_text('{"level":"error","msg":"old"}\n')
        runtime = self.runtime('echo new >&2; exit 1')
        fault = self.assertRaises(
            exception.Internal, runtime.start, 'c1', self.log)
        self.assertIn('new', str(fault))

    def test_hangs(self):
        self.patch(oci_runtime, '_TIMEOUT_S', 0.1)
        fault = self.assertRaises(
            exception.Internal, self.runtime('exec sleep 60').version)
        self.assertEqual('engine.timeout', fault.code)

    def test_missing(self):
        runtime = oci_runtime.OciRuntime(
            self.directory / 'missing', self.directory)
        fault = self.assertRaises(exception.Internal, runtime.version)
        self.assertIn('missing', str(fault))


class TestExecFault(base.BaseTestCase):

    def test_command(self):
        fault = oci_runtime.exec_fault(
            'executable file `nothing` not found in $PATH', 'nothing')
        self.assertEqual('container.command_not_found', fault.code)
        # The docker CLI exits with 127 when it reads these words.
        self.assertIn('executable file not found', str(fault))

    def test_anything_else(self):
        fault = oci_runtime.exec_fault('chdir `/nope`: No such file', 'sh')
        self.assertIsInstance(fault, exception.Internal)
        self.assertEqual(
            'The process cannot be started: chdir `/nope`: No such file',
            str(fault))
