"""A host of its own for network tests: namespaces, Open vSwitch, sandboxes.

Used by the tests of ``novacontainer.virt`` that need a real kernel and a
real switch.  Nothing of it is seen by, or disturbs, the machine that runs
the tests: it lives in network and mount namespaces of its own.
"""

import ctypes
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import fixtures
import nova.conf
import os_brick.privileged
import os_vif
from oslo_privsep import priv_context
from vif_plug_ovs.ovsdb import impl_idl
from vif_plug_ovs import privsep as vif_plug_privsep

from novacontainer.virt import privsep

CONF = nova.conf.CONF
BRIDGE = 'br-int'
PRIVSEP_HELPER = os.path.join(os.path.dirname(sys.executable),
                              'privsep-helper')

_CLONE_FS = 0x00000200
_CLONE_NEWNS = 0x00020000
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(*command, **kwargs):
    """Run a command; its output, as text, is the result."""
    check = kwargs.pop('check', True)
    kwargs.setdefault('timeout', 60)
    try:
        return subprocess.run(
            command, check=check, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **kwargs).stdout
    except subprocess.CalledProcessError as error:
        raise AssertionError(
            f'{" ".join(command)}: {error.returncode}: {error.stdout}'
        ) from error


def _call(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Host(fixtures.Fixture):
    """Network and mount namespaces for the calling thread and its children.

    ``/run`` is empty, so that pinned namespaces go away with the fixture.
    """

    def _setUp(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest('namespaces need root')
        # Entering a mount namespace resets the working directory.
        self.addCleanup(os.chdir, os.getcwd())
        for name, kind in (('net', _CLONE_NEWNET), ('mnt', _CLONE_NEWNS)):
            fd = os.open(f'/proc/thread-self/ns/{name}', os.O_RDONLY)
            self.addCleanup(os.close, fd)
            self.addCleanup(lambda fd=fd, kind=kind:
                            _call(_libc.setns(fd, kind)))
        # A thread that shares its root and directory with others may not
        # change its mount namespace, and logger threads linger.
        self.addCleanup(lambda: _call(_libc.unshare(_CLONE_FS)))
        _call(_libc.unshare(_CLONE_NEWNET | _CLONE_NEWNS))
        run('mount', '--make-rprivate', '/')
        run('mount', '-t', 'tmpfs', 'tmpfs', '/run')
        os.mkdir('/run/netns')
        run('ip', 'link', 'set', 'lo', 'up')


class OpenVSwitch(fixtures.Fixture):
    """ovsdb-server and ovs-vswitchd with a userspace integration bridge."""

    def _setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='nc-ovs-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.environment = dict(
            os.environ, OVS_RUNDIR=str(self.directory),
            OVS_DBDIR=str(self.directory), OVS_LOGDIR=str(self.directory),
            OVS_SYSCONFDIR=str(self.directory))
        self.processes = {}
        self.connection = f'unix:{self.directory}/db.sock'
        database = str(self.directory / 'conf.db')
        run('ovsdb-tool', 'create', database,
            '/usr/share/openvswitch/vswitch.ovsschema')
        self._start('ovsdb-server', database,
                    f'--remote=p{self.connection}',
                    # Where os-vif looks unless told otherwise.
                    '--remote=ptcp:6640:127.0.0.1')
        self.vsctl('--no-wait', 'init')
        self._start('ovs-vswitchd', self.connection)
        self.vsctl('add-br', BRIDGE, '--', 'set', 'bridge', BRIDGE,
                   'datapath_type=netdev')

    def vsctl(self, *arguments):
        """Run ovs-vsctl."""
        return run('ovs-vsctl', f'--db={self.connection}', '--timeout=20',
                   *arguments, env=self.environment)

    def ports(self):
        """Names of the ports of the integration bridge."""
        return self.vsctl('list-ports', BRIDGE).split()

    def _start(self, name, *arguments):
        control = self.directory / f'{name}.ctl'
        log = (self.directory / f'{name}.log').open('w')
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [name, *arguments, f'--unixctl={control}'],
            env=self.environment, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL)
        self.processes[name] = process
        self.addCleanup(self._stop, process, control)
        deadline = time.monotonic() + 20
        while not control.exists():
            if time.monotonic() > deadline or process.poll() is not None:
                log.flush()
                raise AssertionError(
                    (self.directory / f'{name}.log').read_text())
            time.sleep(0.01)

    def _stop(self, process, control):
        if process.poll() is None:
            # --cleanup: or else ovs-vswitchd's taps stay behind.
            run('ovs-appctl', '-t', str(control), '--timeout=10', 'exit',
                *(['--cleanup'] if 'vswitchd' in control.name else []),
                check=False)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Helpers(fixtures.Fixture):
    """Real privsep helpers, with the capabilities that they declare."""

    def __init__(self, ovsdb_connection):
        super().__init__()
        self._ovsdb_connection = ovsdb_connection

    def _setUp(self):
        CONF([], project='nova', default_config_files=[])
        directory = self.useFixture(fixtures.TempDir()).path
        configuration = os.path.join(directory, 'nova.conf')
        pathlib.Path(configuration).write_text('[DEFAULT]\n')
        os_vif.initialize()
        contexts: list[priv_context.PrivContext] = [
            privsep.network, vif_plug_privsep.vif_plug,
            os_brick.privileged.default]
        for context in contexts:
            CONF.set_override(
                'helper_command',
                f'{PRIVSEP_HELPER} --config-file {configuration}',
                group=context.cfg_section)
            self.addCleanup(CONF.clear_override, 'helper_command',
                            group=context.cfg_section)
            self.addCleanup(context.stop)
        for option, value in (('ovsdb_connection', self._ovsdb_connection),
                              ('ovs_vsctl_timeout', 5)):
            CONF.set_override(option, value, group='os_vif_ovs')
            self.addCleanup(CONF.clear_override, option, group='os_vif_ovs')
        # The plugin keeps its connection to the database for good.
        self.addCleanup(self._disconnect)
        os_vif.initialize(reset=True)

    @staticmethod
    def _disconnect():
        connection = impl_idl.NeutronOvsdbIdl._ovsdb_connection
        if connection is not None:
            connection.stop(10)
            impl_idl.NeutronOvsdbIdl._ovsdb_connection = None


class Sandbox(fixtures.Fixture):
    """A network namespace owned by a user namespace, pinned like ours."""

    UID_BASE = 1879048192

    def _setUp(self):
        self.id = secrets.token_hex(6)
        self.path = f'/run/netns/nc-{self.id}'
        self._holder = subprocess.Popen(
            ['unshare', '--user', '--net', 'sh', '-c',
             'echo ready; exec sleep 600'],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self._release)
        self._holder.stdout.readline()
        for kind in ('uid', 'gid'):
            pathlib.Path(f'/proc/{self._holder.pid}/{kind}_map').write_text(
                f'0 {self.UID_BASE} 65536\n')
        pathlib.Path(self.path).touch()
        run('mount', '--bind', f'/proc/{self._holder.pid}/ns/net', self.path)
        self.addCleanup(self.remove)

    def run(self, *command, **kwargs):
        """Run a command in it, as the container's root."""
        return run(*self.inside(*command), **kwargs)

    def inside(self, *command):
        """The command line that runs ``command`` in it."""
        return ['nsenter', '-t', str(self._holder.pid), '-U', '-n', '--',
                *command]

    def remove(self):
        """Drop the pin; the namespace ends with its last user."""
        if os.path.exists(self.path):
            run('umount', self.path)
            os.unlink(self.path)

    def end(self):
        """Remove the namespace altogether."""
        self.remove()
        self._release()

    def _release(self):
        if self._holder.poll() is None:
            self._holder.send_signal(signal.SIGKILL)
        self._holder.wait()
        self._holder.stdout.close()


def use_for_class(test_class, fixture):
    """Set a fixture up once for all tests of a class."""
    try:
        fixture.setUp()
    except fixtures.MultipleExceptions as error:
        for _, value, _ in error.args:
            if isinstance(value, unittest.SkipTest):
                raise value from None
        raise
    test_class.addClassCleanup(fixture.cleanUp)
    return fixture
