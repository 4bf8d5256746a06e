"""What conmon is asked, and what it answers."""

import io
import os
import pathlib
import signal
import subprocess
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime.engine import conmon
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import records
from novacontainer.runtime import exception
from novacontainer.runtime import models


class ConmonCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.files = records.Files.of(self.root, 'c1')
        self.files.make()
        self.files.conmon_log.touch()


class TestArguments(ConmonCase):
    def words(self, **given):
        bundle = models.Bundle('c1', self.root / 'bundle', {},
                               self.root / 'log', **given)
        runtime = oci_runtime.OciRuntime(
            pathlib.Path('/usr/bin/crun'), self.root / 'crun')
        return conmon._arguments(
            pathlib.Path('/usr/bin/conmon'), runtime, bundle, self.files)

    def test_always(self):
        words = self.words()
        self.assertEqual(f'k8s-file:{self.root}/log',
                         words[words.index('--log-path') + 1])
        self.assertEqual(str(self.root / 'exits'),
                         words[words.index('--exit-dir') + 1])
        self.assertIn('--runtime-arg=--root', words)
        for option in ('--terminal', '--stdin', '--log-size-max'):
            self.assertNotIn(option, words)

    def test_on_request(self):
        words = self.words(terminal=True, stdin_open=True,
                           log_size_max_bytes=5)
        self.assertIn('--terminal', words)
        self.assertIn('--stdin', words)
        self.assertIn('--leave-stdin-open', words)
        self.assertEqual('5', words[words.index('--log-size-max') + 1])

    def test_keyring_where_it_may_be_made(self):
        for allowed in (True, False):
            with mock.patch.object(conmon.keyrings, 'allowed',
                                   lambda answer=allowed: answer):
                self.assertEqual(not allowed,
                                 '--no-new-keyring' in self.words())

    def test_input_that_ends_once(self):
        words = self.words(stdin_open=True, stdin_once=True)
        self.assertIn('--stdin', words)
        self.assertNotIn('--leave-stdin-open', words)
        words = self.words(stdin_open=True, stdin_once=True, terminal=True)
        self.assertIn('--leave-stdin-open', words)


class TestAnswer(ConmonCase):
    def pid(self, answer):
        return conmon.reported_pid(
            answer, self.files.conmon_log, self.files.runtime_log)

    def test_pid(self):
        self.assertEqual(42, self.pid(b'{"data": 42}\n'))
        # A quick exec's exit code comes with it.
        self.assertEqual(42, self.pid(b'{"data": 42}\n{"data": 3}\n'))

    def test_refusal_in_the_runtimes_words(self):
        answer = b'{"data": -1, "message": "conmon says"}'
        fault = self.assertRaises(conmon.CreateFailed, self.pid, answer)
        self.assertEqual('conmon says', str(fault))
        self.files.runtime_log.write_text('{"level":"error","msg":"why"}')
        fault = self.assertRaises(conmon.CreateFailed, self.pid, answer)
        self.assertEqual('why', str(fault))

    def test_nonsense(self):
        for answer in (b'', b'{}', b'[]', b'{"data": null}', b'\xff'):
            fault = self.assertRaises(exception.Internal, self.pid, answer)
            self.assertIn('it said nothing', str(fault))
        self.files.conmon_log.write_text('unknown option')
        fault = self.assertRaises(exception.Internal, self.pid, b'')
        self.assertIn('unknown option', str(fault))

    def test_line_in_pieces(self):
        read_end, write_end = os.pipe()
        with io.FileIO(read_end) as pipe:
            os.write(write_end, b'{"data"')
            os.write(write_end, b': 42}\n')
            self.assertEqual(b'{"data": 42}\n',
                             conmon.answer(pipe))
            os.write(write_end, b'{"da')
            os.close(write_end)
            self.assertEqual(b'{"da', conmon.answer(pipe))


class TestKillUnrecorded(ConmonCase):
    def started(self, *words):
        process = subprocess.Popen(words)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_only_these_programs_and_this_container(self):
        binary = self.root / 'conmon'
        binary.symlink_to('/bin/sleep')
        runtime = oci_runtime.OciRuntime(binary, self.root)
        ours = self.started(binary, '61')
        another = self.started(binary, '62')
        a_reader = self.started('/bin/sleep', '61')
        conmon.kill_unrecorded(binary, runtime, '61')
        self.assertEqual(-signal.SIGKILL, ours.wait(10))
        self.assertIsNone(another.poll())
        self.assertIsNone(a_reader.poll())

    def test_what_does_not_die(self):
        self.patch(conmon, '_KILL_TIMEOUT_S', 0)
        self.patch(conmon, '_working_on', lambda *args: [(4194304, 1)])
        runtime = oci_runtime.OciRuntime(self.root, self.root)
        fault = self.assertRaises(
            exception.Internal, conmon.kill_unrecorded, self.root, runtime,
            'c1')
        self.assertEqual('engine.unkillable', fault.code)
