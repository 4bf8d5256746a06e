"""Real containers: crun and runc under conmon keep the engines' contract."""

import pathlib

from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import select
from tests.contract import containers
from tests.contract import execs
from tests.contract import streams


class EngineCase(containers.Containers, execs.ExecContract):
    """What both runtimes are put through."""

    runtime = ''

    def make_engine(self):
        return select.choose(run_root=self.run_root, runtime=self.runtime)

    def can_limit(self):
        return cgroups.layout() is not cgroups.Layout.V2 or 'pids' in (
            cgroups.ROOT / 'cgroup.controllers').read_text().split()

    def assert_nothing_made(self, bundle):
        super().assert_nothing_made(bundle)
        path = bundle.spec['linux']['cgroupsPath']
        self.assertEqual([], cgroups.directories(path))
        self.assertEqual([], list((self.run_root / 'engine').iterdir()))
        self.assertEqual([], list((self.run_root / 'attach').iterdir()))
        self.assertFalse((bundle.directory / 'config.json').exists())

    def assert_no_exec(self, execution):
        super().assert_no_exec(execution)
        self.assertFalse((self.run_root / 'execs').exists() and list(
            (self.run_root / 'execs').rglob('*')))

    def test_terminal(self):
        bundle = self.started('/bin/sh', '-c', 'sleep 1000')
        execution = self.execution(
            bundle, '/bin/sh', '-c', 'read a; echo "got $a"; stty size',
            terminal=True, consoleSize={'height': 11, 'width': 22})
        attachment = self.executed(execution).attachment
        for rows in (20, 30, 40):
            self.engine.resize_exec(bundle.id, execution.id, rows, rows + 1)
        streams.send(attachment, b'word\n')
        self.assertIn(b'got word\r\n40 41\r\n',
                      streams.read(attachment)['stdout'])
        self.assertEqual(0, self.exec_ended(execution))

    def test_exec_is_confined(self):
        bundle = self.started('/bin/sh', '-c', 'sleep 1000')
        execution = self.execution(bundle, '/bin/grep', '-E', 'Seccomp|Cap',
                                   '/proc/self/status')
        own = self.execution(
            bundle, '/bin/grep', '-E', 'Seccomp|Cap', '/proc/1/status')
        shown = [streams.read(self.executed(one).attachment)['stdout']
                 for one in (execution, own)]
        self.assertEqual(shown[1], shown[0])
        self.assertIn(b'Seccomp:\t2', shown[0])

    def test_devices_stay_the_hosts(self):
        bundle = self.started('/bin/sh', '-c', 'sleep 1000')
        for given in ({}, {'stdin_open': True}, {'terminal': True}):
            execution = self.execution(bundle, '/bin/true', **given)
            streams.read(self.executed(execution).attachment)
            self.assertEqual(0, pathlib.Path('/dev/null').stat().st_uid)


class TestCrun(EngineCase, base.BaseTestCase):
    runtime = 'crun'


class TestRunc(EngineCase, base.BaseTestCase):
    runtime = 'runc'
