"""Networking as an unprivileged user: through nova-rootwrap, and sudo alone.

Each way is tried in earnest, with an /etc and a sudo of its own.
"""

import json
import os
import pathlib
import pwd
import subprocess
import sys

from oslo_privsep import capabilities
from oslotest import base

from tests.integration import networkhost

BINARIES = os.path.dirname(sys.executable)
ROOTWRAP = [f'{BINARIES}/nova-rootwrap', '/etc/nova/rootwrap.conf']
FILTERS = (pathlib.Path(__file__).parents[2]
           / 'etc/nova/rootwrap.d/novacontainer.filters')
USER = 'nobody'
SUDOERS = '/etc/sudoers.d/novacontainer'
#: oslo.rootwrap.cmd: no filter matched.
UNAUTHORIZED = 99
HELPER = networkhost.PRIVSEP_HELPER
CONTEXTS = ('novacontainer.virt.privsep.network',
            'vif_plug_ovs.privsep.vif_plug')
SUDOERS_ROOTWRAP = f'{USER} ALL=(root) NOPASSWD: {" ".join(ROOTWRAP)} *\n'
#: As in the manual, "Privileges", with this test's path of the helper.
SUDOERS_STRICT = (
    f'{USER} ALL=(root) NOPASSWD: {HELPER} '
    r'^--config-file /etc/nova/nova\.conf --privsep_context '
    r'(novacontainer\.virt\.privsep\.network|'
    r'vif_plug_ovs\.privsep\.vif_plug|'
    r'os_brick\.privileged\.(default|brick_privsep_hide_output)) '
    r'--privsep_sock_path /tmp/tmp[a-z0-9_]+/privsep\.sock$'
    '\n')
NOVA_STRICT = ''.join(
    f'[{section}]\n'
    f'helper_command = sudo {HELPER} --config-file /etc/nova/nova.conf\n'
    for section in ('novacontainer_privileged', 'vif_plug_ovs_privileged'))

#: What nova-compute does at start, then one plug and unplug. The modules are
#: imported before root is given up: the checkout may be root's alone.
COMPUTE = """
import json, os, pwd, sys
import nova.conf
from oslo_privsep import priv_context
from nova import exception
from novacontainer.virt import networkops
from tests import networkinfo

netns, *root_helper = json.loads(sys.argv[1])
nova.conf.CONF(['--config-file', '/etc/nova/nova.conf'], project='nova')
priv_context.init(root_helper=root_helper)
ops = networkops.NetworkOps(None)
user = pwd.getpwnam('nobody')
os.setgroups([])
os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
os.environ['TMPDIR'] = '/tmp'
ops.start_helpers()
vif = networkinfo.vif(networkinfo.subnet(
    '10.0.0.0/24', '10.0.0.5', gateway='10.0.0.1'))
instance = networkinfo.instance()
try:
    ops.plug(None, instance, [vif], netns)
except exception.VirtualInterfacePlugException as error:
    print(json.dumps(str(error)), flush=True)
    sys.exit(3)
print('plugged', flush=True)
sys.stdin.readline()
ops.unplug(instance, [vif])
print('unplugged', flush=True)
"""


class Configuration(networkhost.fixtures.Fixture):
    """/etc as an installed compute host has it, in our mount namespace."""

    def __init__(self, sudoers, nova):
        super().__init__()
        self._sudoers = sudoers
        self._nova = nova

    def _setUp(self):
        for name in ('upper', 'work'):
            os.mkdir(f'/run/etc-{name}')
        networkhost.run(
            'mount', '-t', 'overlay', 'overlay', '-o',
            'lowerdir=/etc,upperdir=/run/etc-upper,workdir=/run/etc-work',
            '/etc')
        self.addCleanup(networkhost.run, 'umount', '-l', '/etc')
        filters = pathlib.Path('/etc/nova/rootwrap.d')
        filters.mkdir(parents=True)
        (filters / FILTERS.name).write_text(FILTERS.read_text())
        for path, mode, text in (
                ('/etc/nova/nova.conf', 0o644, '[DEFAULT]\n' + self._nova),
                ('/etc/nova/rootwrap.conf', 0o644,
                 f'[DEFAULT]\nfilters_path={filters}\n'
                 f'exec_dirs={BINARIES}\n'),
                (SUDOERS, 0o440, self._sudoers)):
            pathlib.Path(path).write_text(text)
            os.chmod(path, mode)


class UnprivilegedTestCase(base.BaseTestCase):

    sudoers = SUDOERS_ROOTWRAP
    nova = ''

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        networkhost.use_for_class(cls, networkhost.Host())
        networkhost.use_for_class(
            cls, Configuration(cls.sudoers, cls.nova))
        cls.switch = networkhost.use_for_class(
            cls, networkhost.OpenVSwitch())

    def as_user(self, *command):
        return subprocess.run(
            ['setpriv', f'--reuid={USER}', '--clear-groups',
             f'--regid={pwd.getpwnam(USER).pw_gid}', '--', *command],
            capture_output=True, text=True, timeout=60, cwd='/', check=False)

    def compute(self, sandbox):
        """Start what stands in for nova-compute; it begins as root."""
        process = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-c', COMPUTE,
             json.dumps([sandbox.path, 'sudo', *ROOTWRAP])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            cwd=pathlib.Path(__file__).parents[2])
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def helpers(self):
        """Process status of each running helper of this host, by context."""
        found = {}
        ours = os.readlink('/proc/thread-self/ns/net')
        for path in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                command = (path / 'cmdline').read_text().split('\0')
                namespace = os.readlink(path / 'ns/net')
                status = (path / 'status').read_text()
            except OSError:
                continue
            if namespace == ours and '--privsep_context' in command:
                context = command[command.index('--privsep_context') + 1]
                found[context] = dict(
                    line.split(':\t', 1) for line in status.splitlines())
        return found

    def plug_and_unplug(self):
        sandbox = self.useFixture(networkhost.Sandbox())
        process = self.compute(sandbox)
        line = process.stdout.readline()
        if line != 'plugged\n':
            self.fail(line + process.stderr.read())
        self.assertIn('inet 10.0.0.5/24',
                      sandbox.run('ip', '-o', 'address'))
        self.assertEqual(1, len(self.switch.ports()))
        self.assert_capabilities()
        process.stdin.write('\n')
        process.stdin.flush()
        self.assertEqual('unplugged\n', process.stdout.readline())
        self.assertEqual(0, process.wait(20))
        self.assertEqual([], self.switch.ports())
        self.assertNotIn('eth0', sandbox.run('ip', '-o', 'link'))

    def assert_capabilities(self):
        helpers = self.helpers()
        self.assertEqual(set(CONTEXTS), set(helpers))
        kept = (1 << capabilities.CAP_NET_ADMIN
                | 1 << capabilities.CAP_SYS_ADMIN)
        status = helpers[CONTEXTS[0]]
        for name in ('CapEff', 'CapPrm'):
            self.assertEqual(kept, int(status[name], 16), status[name])


class TestRootwrap(UnprivilegedTestCase):

    def test_plug_and_unplug(self):
        self.plug_and_unplug()

    def test_sudo_refuses(self):
        sandbox = self.useFixture(networkhost.Sandbox())
        self.addCleanup(pathlib.Path(SUDOERS).write_text, self.sudoers)
        pathlib.Path(SUDOERS).write_text('')
        process = self.compute(sandbox)
        message = json.loads(process.stdout.readline())
        self.assertIn('may run nova-rootwrap through sudo', message)
        self.assertEqual(3, process.wait(20))

    def test_other_commands(self):
        for command in (['id'], ['ip', 'netns', 'list'],
                        ['ln', '-s', '/tmp', '/tmp/x']):
            result = self.as_user('sudo', '-n', *ROOTWRAP, *command)
            self.assertEqual(UNAUTHORIZED, result.returncode, result.stderr)
            self.assertIn('Unauthorized command', result.stderr)


class TestSudoOnly(UnprivilegedTestCase):

    sudoers = SUDOERS_STRICT
    nova = NOVA_STRICT

    def test_plug_and_unplug(self):
        self.plug_and_unplug()

    def test_other_commands(self):
        good = ['--config-file', '/etc/nova/nova.conf', '--privsep_context',
                CONTEXTS[0], '--privsep_sock_path',
                '/tmp/tmpabc/privsep.sock']
        for command in (
                ['id'], [*ROOTWRAP, 'privsep-helper', *good],
                [HELPER, '--config-file', '/tmp/nova.conf', *good[2:]],
                [HELPER, *good[:3], 'nova.privsep.sys_admin_pctxt',
                 *good[4:]],
                [HELPER, *good, '--debug'],
                [HELPER, '--log-config-append', '/tmp/x', *good],
                [HELPER, *good[:2], *good]):
            result = self.as_user('sudo', '-n', *command)
            self.assertEqual(1, result.returncode, command)
            self.assertIn('a password is required', result.stderr)
        # The rule is there: with good arguments only the socket is missing.
        result = self.as_user('sudo', '-n', HELPER, *good)
        self.assertNotIn('a password is required', result.stderr)
