"""Block devices that come and go, and a daemon that dies meanwhile.

``tests.integration.test_engine_cgroup2`` runs it on version 2, too.
"""

import contextlib
import pathlib
import subprocess
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.host import devicemounts
from novacontainer.runtime.host import loopdevices
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import plugs
from novacontainer.runtime.service import registry
from tests.integration import runtimes


class Died(BaseException):
    """The daemon is killed at this point: no clean-up of its own runs."""


class PlugsCase:

    #: Name of the OCI runtime.
    oci_runtime: str

    def setUp(self):
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        image = directory / 'disk.img'
        image.write_bytes(b'hello' + bytes((1 << 20) - 5))
        device = loopdevices.attached(image)
        self.disk = device.__enter__()
        self.addCleanup(device.__exit__, None, None, None)
        self.runtime = self.useFixture(runtimes.Runtime(
            oci_runtime=self.oci_runtime,
            reach=isolation.Policy(pluggable=('/dev/loop*',))))
        self.container = self.runtime.create('exec sleep 1000')
        self.runtime.containers.start(self.container)

    def plug(self, name='vdb', access='rw'):
        self.runtime.containers.plugs.plug(self.container, {
            'PathOnHost': self.disk, 'PathInContainer': f'/dev/{name}',
            'CgroupPermissions': access})

    def unplug(self, name='vdb'):
        self.runtime.containers.plugs.unplug(self.container, f'/dev/{name}')

    def says(self, script):
        """Say whether a script in the container succeeds."""
        execs = self.runtime.containers.execs
        exec_id = execs.create(self.container, {'Cmd': ['sh', '-c', script]})
        execs.start(exec_id, detach=True).ended.result(30)
        return execs.get(exec_id).exit_code == 0

    def reads(self, name='vdb'):
        return self.says(f'test "$(head -c 5 /dev/{name})" = hello')

    def died(self, where, name, change):
        """Be killed when something is called; then start again."""
        with contextlib.ExitStack() as patches:

            def die(*args, **given):
                # Nor is anything undone on the way out.
                for step in ('_apply', '_remove'):
                    patches.enter_context(mock.patch.object(
                        plugs.Plugs, step, side_effect=Died))
                raise Died

            patches.enter_context(mock.patch.object(where, name, die))
            self.assertRaises(Died, change)
        self.runtime.restart()
        self.assertEqual(
            (1, 0), (self.runtime.report.running, self.runtime.report.failed))

    def test_in_use(self):
        self.assertFalse(self.reads())
        self.plug()
        self.assertTrue(self.reads())
        self.assertTrue(self.says(
            'echo hello | dd of=/dev/vdb conv=notrunc,fsync'))
        self.plug('vdc', 'r')
        self.unplug()
        self.assertFalse(self.reads())
        self.assertTrue(self.reads('vdc'))
        self.assertFalse(self.says('echo x >/dev/vdc'))
        self.unplug('vdc')
        self.assertFalse(self.reads('vdc'))
        self.assertTrue(self.says('head -c 1 /dev/urandom >/dev/null'))

    def test_limits_that_change_take_no_device(self):
        self.plug()
        self.runtime.engine.update(self.container, {})
        self.assertTrue(self.reads())
        self.unplug()
        self.runtime.engine.update(self.container, {})
        self.assertFalse(self.reads())

    def test_the_daemon_and_the_container_restart(self):
        self.plug()
        self.runtime.restart()
        self.assertTrue(self.reads())
        service = self.runtime.containers
        service.restart(self.container, timeout_s=0, signal=None)
        self.assertTrue(self.reads())
        self.runtime.restart()
        self.unplug()
        self.assertFalse(self.reads())

    def test_killed_before_it_is_shown(self):
        self.died(devicemounts, 'add', self.plug)
        # Not even by a node of the container's own making.
        self.assertFalse(self.has_rule())
        self.plug()
        self.assertTrue(self.reads())

    def test_killed_before_it_is_recorded(self):
        self.died(registry.Registry, 'alter', self.plug)
        self.assertFalse(self.says('test -e /dev/vdb'))
        self.assertFalse(self.has_rule())
        self.plug()
        self.assertTrue(self.reads())

    def test_killed_before_it_is_recorded_as_gone(self):
        self.plug()
        self.died(registry.Registry, 'alter', self.unplug)
        # The record has it still, and so it can be unplugged again.
        self.unplug()
        self.assertFalse(self.has_rule())
        self.plug()
        self.assertTrue(self.reads())

    def has_rule(self):
        """Say whether the device may be opened in the container's cgroups.

        By a process from outside, which has a node of it.
        """
        joined = ' && '.join(
            f'echo $$ >{directory}/cgroup.procs' for directory in
            cgroups.directories(
                f'{self.runtime.cgroup_parent}/{self.container}'))
        done = subprocess.run(
            ['sh', '-c', f'{joined} && exec head -c 1 {self.disk}'],
            capture_output=True, text=True, check=False)
        if done.returncode:
            self.assertIn('Operation not permitted', done.stderr)
        return not done.returncode


class TestCrun(PlugsCase, base.BaseTestCase):

    oci_runtime = 'crun'


class TestRunc(PlugsCase, base.BaseTestCase):

    oci_runtime = 'runc'
