"""The daemon, or conmon, is killed at the worst moment."""

import json
import pathlib
import signal
import subprocess
import sys
import textwrap

from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import conmon
from novacontainer.runtime.engine import oci_runtime
from novacontainer.runtime.engine import select
from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from tests.contract import containers
from tests.contract import engine

#: A daemon with one bundle; {patch} prepares where it dies.
_DAEMON = textwrap.dedent("""
    import json, os, pathlib, signal, sys
    from novacontainer.runtime.engine import conmon, select, records
    from novacontainer.runtime import models
    job = json.load(sys.stdin)
    engine = select.choose(run_root=pathlib.Path(job['run_root']),
                           runtime=job['runtime'])
    bundle = models.Bundle(job['id'], pathlib.Path(job['directory']),
                           job['spec'], pathlib.Path(job['log']))

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    {patch}
    engine.create(bundle)
    engine.start(bundle.id)
    die()
    """)


class CrashCase(containers.Containers):
    runtime = ''

    eventually = engine.EngineContract.eventually

    def setUp(self):
        super().setUp()
        self.engine = self.make_engine()

    def make_engine(self):
        return select.choose(run_root=self.run_root, runtime=self.runtime)

    def bundle(self, *args):
        bundle = self.make_bundle(*args)
        self.addCleanup(self.engine.forget, bundle.id)
        self.addCleanup(self.engine.delete, bundle.id, force=True)
        return bundle

    def die_with(self, bundle, patch='pass'):
        """Run a daemon that dies where the patch says."""
        job = {'run_root': str(self.run_root), 'runtime': self.runtime,
               'id': bundle.id, 'directory': str(bundle.directory),
               'spec': bundle.spec, 'log': str(bundle.log_path)}
        daemon = subprocess.run(
            [sys.executable, '-c', _DAEMON.format(patch=patch)],
            input=json.dumps(job), text=True, capture_output=True,
            check=False)
        self.assertEqual(-signal.SIGKILL, daemon.returncode, daemon.stderr)

    def assert_all_gone(self, bundle):
        path = bundle.spec['linux']['cgroupsPath']
        self.assertEqual([], cgroups.directories(path))
        self.assertIsNone(self.engine.pid(bundle.id))
        mentioned = [
            process for process in pathlib.Path('/proc').glob('[0-9]*')
            if bundle.id.encode() in self.command_line(process)]
        self.assertEqual([], mentioned)

    def command_line(self, process):
        try:
            return (process / 'cmdline').read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return b''

    def test_killed_daemon_loses_nothing(self):
        bundle = self.bundle('/bin/sh', '-c',
                             'while test ! -e /end; do sleep 0.05; done; '
                             'exit 9')
        self.die_with(bundle)
        self.assertIsNotNone(self.engine.pid(bundle.id))
        self.assertIsNone(self.engine.exit_code(bundle.id))
        (self.root / 'overlay' / bundle.id / 'merged/end').touch()
        self.assertEqual(9, self.eventually(
            lambda: self.engine.exit_code(bundle.id)))
        self.engine.delete(bundle.id)
        self.assert_all_gone(bundle)

    def test_killed_before_the_record_is_complete(self):
        bundle = self.bundle(*engine.FOREVER)
        self.die_with(bundle, 'engine._conclude = die')
        self.engine.delete(bundle.id, force=True)
        self.assert_all_gone(bundle)
        self.engine.create(bundle)

    def test_killed_before_conmon_was_let_go(self):
        bundle = self.bundle(*engine.FOREVER)
        self.die_with(bundle, 'conmon.release = die')
        self.engine.delete(bundle.id, force=True)
        self.assert_all_gone(bundle)
        self.engine.create(bundle)

    def test_killed_monitor_is_noticed(self):
        bundle = self.bundle(*engine.FOREVER)
        made = self.engine.create(bundle)
        self.engine.start(bundle.id)
        monitor = made.conmon_pid, made.conmon_started
        processes.send_signal(*monitor, signal.SIGKILL)
        self.assertTrue(processes.wait_gone(*monitor, 10))
        self.assertFalse(processes.alive(*monitor))
        self.assertIsNotNone(self.engine.pid(bundle.id))
        self.engine.kill(bundle.id, signal.SIGKILL)
        self.eventually(lambda: self.engine.pid(bundle.id) is None)
        self.assertIsNone(self.engine.exit_code(bundle.id))
        self.engine.delete(bundle.id)
        self.assert_all_gone(bundle)

    def test_conmon_that_says_nothing(self):
        bundle = self.bundle(*engine.FOREVER)
        self.engine._conmon = pathlib.Path('/bin/false')
        fault = self.assertRaises(
            exception.Internal, self.engine.create, bundle)
        self.assertIn('conmon failed', str(fault))
        self.assert_all_gone(bundle)

    def test_conmon_that_is_not_there(self):
        bundle = self.bundle(*engine.FOREVER)
        self.engine._conmon = pathlib.Path('/no/conmon')
        fault = self.assertRaises(
            exception.Internal, self.engine.create, bundle)
        self.assertIn('/no/conmon', str(fault))

    def test_conmon_that_hangs(self):
        hanging = self.root / 'hanging'
        hanging.write_text('#!/bin/sh\nexec sleep 60\n')
        hanging.chmod(0o755)
        self.engine._conmon = hanging
        bundle = self.bundle(*engine.FOREVER)
        self.patch(conmon, '_CREATE_TIMEOUT_S', 0.2)
        fault = self.assertRaises(
            exception.Internal, self.engine.create, bundle)
        self.assertEqual('engine.timeout', fault.code)
        self.assert_all_gone(bundle)

    def test_runtime_that_hangs(self):
        bundle = self.bundle(*engine.FOREVER)
        self.engine.create(bundle)
        real = self.engine._runtime.binary
        hanging = self.root / 'hanging'
        hanging.write_text('#!/bin/sh\nexec sleep 60\n')
        hanging.chmod(0o755)
        self.patch(oci_runtime, '_TIMEOUT_S', 0.2)
        self.engine._runtime.binary = hanging
        fault = self.assertRaises(
            exception.Internal, self.engine.start, bundle.id)
        self.assertEqual('engine.timeout', fault.code)
        self.engine._runtime.binary = real


class TestCrun(CrashCase, base.BaseTestCase):
    runtime = 'crun'


class TestRunc(CrashCase, base.BaseTestCase):
    runtime = 'runc'
