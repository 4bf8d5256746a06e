"""What a container's process can and cannot do, under crun and under runc."""

import os
import re
import socket
import stat
import subprocess

from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import select
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime import models
from tests.contract import containers
from tests.contract import engine

MIB = 1 << 20


class IsolationCase(containers.Containers):
    runtime = ''

    eventually = engine.EngineContract.eventually

    def setUp(self):
        super().setUp()
        self.engine = select.choose(
            run_root=self.run_root, runtime=self.runtime)

    def start(self, bundle):
        self.addCleanup(self.engine.forget, bundle.id)
        self.addCleanup(self.engine.delete, bundle.id, force=True)
        self.engine.create(bundle)
        self.engine.start(bundle.id)
        return bundle

    def run_shell(self, script, **given):
        """Run a script to its end; return exit code and output."""
        bundle = self.start(self.make_bundle('/bin/sh', '-c', script,
                                             **given))
        code = self.eventually(lambda: self.engine.exit_code(bundle.id))
        return code, self.logged(bundle)

    def output(self, script, **given):
        code, text = self.run_shell(script, **given)
        self.assertEqual(0, code, text)
        return text

    def test_identity(self):
        text = self.output('id -u; cat /proc/self/uid_map; hostname; env')
        self.assertEqual('0', text.splitlines()[0])
        self.assertEqual(['0', str(containers.ID_MAP.host_base), '65536'],
                         text.splitlines()[1].split())
        self.assertIn('\nbox\n', text)
        self.assertIn('HOSTNAME=box', text)
        self.assertIn('PATH=/usr/local/sbin', text)

    def test_user_and_groups(self):
        user = models.User(1000, 1001, (1002, 1003))
        text = self.output('id -u; id -g; id -G; grep CapEff '
                           '/proc/self/status', user=user)
        self.assertEqual(['1000', '1001', '1001 1002 1003'],
                         text.splitlines()[:3])
        self.assertIn('0000000000000000', text)

    def test_confinement_of_root(self):
        text = self.output('cat /proc/self/status')
        # Docker's fourteen capabilities, bit by bit (capabilities(7)).
        self.assertRegex(text, r'CapEff:\s+00000000a80425fb')
        self.assertRegex(text, r'CapBnd:\s+00000000a80425fb')
        self.assertRegex(text, r'CapInh:\s+0000000000000000')
        self.assertRegex(text, r'Seccomp:\s+2')
        self.assertRegex(text, r'NoNewPrivs:\s+0')

    def test_refused_to_root(self):
        for command in ('unshare -U true', 'unshare -m true',
                        'mount -t tmpfs none /tmp',
                        'echo 1 > /proc/sys/kernel/panic',
                        'echo b > /proc/sysrq-trigger',
                        'mknod /tmp/null c 1 3',
                        'mkdir /sys/fs/cgroup/pids/x',
                        'echo 0 > /sys/fs/cgroup/freezer/cgroup.procs',
                        'chmod 600 /dev/null', 'chown 0 /dev/null',
                        'test -n "$(head -c 1 /proc/kcore)"',
                        'test -n "$(cat /proc/keys)"'):
            code, text = self.run_shell(command)
            self.assertNotEqual(0, code, f'{command}: {text}')

    def test_null_device_of_the_host_stays(self):
        self.output('cat; ls -l /dev/null; echo > /dev/null')
        # Another container on this host may be between create and start.
        self.eventually(lambda: os.stat('/dev/null').st_uid == 0)
        self.assertEqual(0o666, stat.S_IMODE(os.stat('/dev/null').st_mode))

    def test_standard_input_is_at_its_end(self):
        self.assertEqual('', self.output('cat'))

    def test_network_of_the_sandbox(self):
        spec = self.make_spec('/bin/sh', '-c',
                              'stat -L -c %i /proc/self/ns/net; ip link')
        subprocess.run(['nsenter', f'--net={spec.sandbox.netns}', 'ip',
                        'link', 'add', 'mark', 'type', 'bridge'], check=True)
        bundle = self.start(self.bundle_of(spec))
        self.assertEqual(0, self.eventually(
            lambda: self.engine.exit_code(bundle.id)))
        text = self.logged(bundle)
        self.assertEqual(str(spec.sandbox.netns.stat().st_ino),
                         text.splitlines()[0])
        self.assertIn('mark', text)
        # And again, with a new process: the network is still there.
        self.engine.delete(bundle.id)
        self.engine.create(bundle)
        self.engine.start(bundle.id)
        self.eventually(lambda: self.engine.exit_code(bundle.id))
        self.assertEqual(2, self.logged(bundle).count('mark'))

    def test_low_ports_and_pings_for_everyone(self):
        text = self.output(
            'cat /proc/sys/net/ipv4/ip_unprivileged_port_start '
            '/proc/sys/net/ipv4/ping_group_range',
            user=models.User(1000, 1000))
        self.assertEqual(['0', '0', '65535'], text.split())

    def test_root_may_ping(self):
        self.assertIn('1 packets received',
                      self.output('ping -c 1 127.0.0.1'))

    def test_working_directory_is_made(self):
        text = self.output('pwd; stat -c %u .', cwd='/srv/app')
        self.assertEqual(['/srv/app', '0'], text.splitlines())

    def test_read_only_root(self):
        code, _ = self.run_shell('echo > /file', readonly_rootfs=True)
        self.assertNotEqual(0, code)

    def test_no_new_privileges(self):
        self.assertRegex(self.output('cat /proc/self/status',
                                     no_new_privileges=True),
                         r'NoNewPrivs:\s+1')

    def test_limits_reach_the_kernel(self):
        resources = limit_models.Resources(
            memory_bytes=64 * MIB, pids=42, cpu_shares=512,
            cpu_quota_us=50_000, cpu_period_us=100_000)
        bundle = self.start(self.make_bundle(
            *engine.FOREVER, resources=resources))
        path = bundle.spec['linux']['cgroupsPath']
        found = {}
        for directory in cgroups.directories(path):
            for name in ('memory.limit_in_bytes', 'memory.max', 'pids.max',
                         'cpu.shares', 'cpu.cfs_quota_us'):
                if (directory / name).exists():
                    found[name] = (directory / name).read_text().strip()
        memory = found.get('memory.limit_in_bytes', found.get('memory.max'))
        self.assertEqual(str(64 * MIB), memory)
        self.assertEqual('42', found['pids.max'])
        if 'cpu.shares' in found:
            self.assertEqual('512', found['cpu.shares'])
            self.assertEqual('50000', found['cpu.cfs_quota_us'])

    def test_out_of_memory(self):
        resources = limit_models.Resources(memory_bytes=16 * MIB,
                                     memory_swap_bytes=16 * MIB)
        bundle = self.start(self.make_bundle(
            'tail', '/dev/zero', resources=resources))
        code = self.eventually(lambda: self.engine.exit_code(bundle.id))
        self.assertEqual(137, code)
        path = bundle.spec['linux']['cgroupsPath']
        self.assertTrue(cgroups.oom_killed(path))
        self.engine.delete(bundle.id)
        self.assertEqual([], cgroups.directories(path))
        self.assertFalse(cgroups.oom_killed(path))

    def test_end_without_out_of_memory(self):
        bundle = self.start(self.make_bundle('/bin/true'))
        self.eventually(lambda: self.engine.exit_code(bundle.id))
        self.assertFalse(
            cgroups.oom_killed(bundle.spec['linux']['cgroupsPath']))

    def test_privileged(self):
        text = self.output('cat /proc/self/status; unshare -m true',
                           privileged=True, id_map=None)
        self.assertRegex(text, r'Seccomp:\s+0')

    def test_without_user_namespace(self):
        text = self.output('cat /proc/self/uid_map', id_map=None)
        self.assertEqual(['0', '0', '4294967295'], text.split())

    def test_terminal(self):
        spec = self.make_spec('/bin/sh', '-c',
                              'test -t 0 && test -t 1 && echo $TERM',
                              terminal=True)
        bundle = self.start(self.bundle_of(spec, terminal=True))
        self.assertEqual(0, self.eventually(
            lambda: self.engine.exit_code(bundle.id)))
        self.assertIn('xterm', self.logged(bundle))

    def test_standard_input_over_the_attach_socket(self):
        spec = self.make_spec('/bin/sh', '-c', 'read line; echo got $line')
        bundle = self.start(self.bundle_of(spec, stdin_open=True))
        with socket.socket(socket.AF_UNIX,
                           socket.SOCK_SEQPACKET) as client:
            client.connect(f'/proc/self/fd/{self.opened(bundle)}/attach')
            client.send(b'words\n')
            self.assertEqual(0, self.eventually(
                lambda: self.engine.exit_code(bundle.id)))
        self.assertIn('got words', self.logged(bundle))

    def opened(self, bundle):
        """Return a descriptor: socket paths are at most 107 bytes."""
        fd = os.open(bundle.directory, os.O_PATH)
        self.addCleanup(os.close, fd)
        return fd

    def test_log_is_bounded(self):
        spec = self.make_spec('/bin/sh', '-c',
                              'for i in 1 2 3 4 5 6 7 8; do '
                              'head -c 50000 /dev/zero; echo; done')
        bundle = self.start(self.bundle_of(
            spec, log_size_max_bytes=100_000))
        self.eventually(lambda: self.engine.exit_code(bundle.id))
        self.assertLess(bundle.log_path.stat().st_size, 200_000)

    def test_monitor_inherits_nothing(self):
        secret = os.open('/etc/hostname', os.O_RDONLY)
        self.addCleanup(os.close, secret)
        os.set_inheritable(secret, True)
        bundle = self.make_bundle(*engine.FOREVER)
        self.addCleanup(self.engine.forget, bundle.id)
        self.addCleanup(self.engine.delete, bundle.id, force=True)
        pid = self.engine.create(bundle).conmon_pid
        targets = [os.readlink(f'/proc/{pid}/fd/{fd}')
                   for fd in os.listdir(f'/proc/{pid}/fd')]
        foreign = [target for target in targets if not re.match(
            r'/dev/null|pipe:|socket:|anon_inode:|/sys/fs/cgroup/'
            rf'|{self.root}', target)]
        self.assertEqual([], foreign)
        self.assertEqual('/', os.readlink(f'/proc/{pid}/cwd'))
        self.assertNotEqual(os.getsid(0), os.getsid(pid))
        with open(f'/proc/{pid}/environ') as file:
            names = {entry.partition('=')[0]
                     for entry in file.read().split('\0') if entry}
        self.assertEqual({'PATH', '_OCI_SYNCPIPE', '_OCI_STARTPIPE'}, names)
        with open(f'/proc/{pid}/cgroup') as file:
            self.assertIn(f'{containers.CGROUP_PARENT}/conmon', file.read())


class TestCrun(IsolationCase, base.BaseTestCase):
    runtime = 'crun'


class TestRunc(IsolationCase, base.BaseTestCase):
    runtime = 'runc'
