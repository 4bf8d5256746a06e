"""What containers have of the host: init, groups, devices, privileges."""

import json
import os
import time

import docker
from oslotest import base

from tests import archives
from tests.functional import daemon
from tests.functional import sdk


class HostTest(sdk.SdkTestCase):

    def output(self, command, **options):
        return self.docker.containers.run(
            sdk.IMAGE, ['sh', '-c', command], remove=True, **options)

    def test_init_reaps_and_forwards(self):
        container = self.run_container(
            'sh', '-c', 'trap "exit 9" TERM; echo ready;'
            'while :; do sleep 0.05; done', init=True)
        code, output = container.exec_run(
            ['cat', '/proc/1/cmdline'])
        self.assertEqual((0, True), (
            code, output.startswith(b'/sbin/docker-init\0--\0sh\0')))
        next(line for line in container.logs(stream=True, follow=True)
             if b'ready' in line)
        container.kill('TERM')
        self.assertEqual(9, container.wait()['StatusCode'])

    def test_groups(self):
        self.assertIn(b'1234', self.output(
            'id -G', group_add=['1234']).split())
        container = self.create_container(group_add=['nosuchgroup'])
        error = self.assertRaises(docker.errors.APIError, container.start)
        self.assertEqual(400, error.status_code)
        self.assertIn('nosuchgroup', error.explanation)

    def test_no_shared_memory(self):
        self.assertEqual(b'no\n', self.output(
            'grep -q /dev/shm /proc/mounts || echo no', ipc_mode='none'))

    def test_paths_stay_masked(self):
        status, body = self.daemon.request('POST', '/containers/create', {
            'Image': sdk.IMAGE, 'Cmd': ['true'],
            'HostConfig': {'MaskedPaths': []}})
        self.assertEqual(403, status, body)
        self.assertIn(b'allow_privileged', body)

    def test_own_filter(self):
        profile = json.dumps({
            'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
                {'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO',
                 'errnoRet': 28}]})
        self.assertIn(b'No space left', self.output(
            'mkdir /x 2>&1; true', security_opt=[f'seccomp={profile}']))

    def test_filters_that_make_no_sense(self):
        for profile in ('{', '{"defaultAction": "SCMP_ACT_TEA"}',
                        '{"defaultAction": "SCMP_ACT_ALLOW", '
                        '"architectures": ["SCMP_ARCH_TEA"]}'):
            error = self.assertRaises(
                docker.errors.APIError, self.output, 'true',
                security_opt=[f'seccomp={profile}'])
            self.assertEqual(400, error.status_code, error.explanation)

    def test_what_is_not_allowed(self):
        for options, name in (
                ({'privileged': True}, 'allow_privileged'),
                ({'devices': ['/dev/fuse']}, 'allowed_devices'),
                ({'uts_mode': 'host'}, 'allow_host_namespaces')):
            error = self.assertRaises(
                docker.errors.APIError, self.create_container, **options)
            self.assertEqual(403, error.status_code)
            self.assertIn(name, error.explanation)


class AllowedTest(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = daemon.Daemon({'containers': {
            'allow_privileged': 'true', 'allow_host_namespaces': 'true',
            'allow_host_userns': 'true',
            'allowed_devices': '/dev/full'}})
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        cls.daemon.load(archives.busybox_image(sdk.IMAGE))
        cls.docker = docker.DockerClient(base_url=cls.daemon.url)
        cls.addClassCleanup(cls.docker.close)

    output = HostTest.output

    def test_device(self):
        self.assertEqual(b'1 7 crw-rw-rw-\nfull\n', self.output(
            'stat -c "%t %T %A" /dev/mine;'
            'echo x 2>/dev/null >/dev/mine || echo full',
            devices=['/dev/full:/dev/mine:rw']))

    def test_privileged(self):
        output = self.output(
            'grep -E "^(CapEff|Seccomp):" /proc/self/status;'
            'cat /proc/self/uid_map; ls /dev/fuse; test -w /proc/sys &&'
            'grep " /sys sysfs rw" /proc/mounts', privileged=True).split()
        self.assertIn(b'/dev/fuse', output)
        self.assertIn(b'4294967295', output)
        self.assertEqual(b'0', output[output.index(b'Seccomp:') + 1])
        self.assertIn(b'sysfs', output)

    def test_host_name(self):
        with open('/proc/sys/kernel/hostname', 'rb') as file:
            self.assertEqual(file.read(), self.output(
                'cat /proc/sys/kernel/hostname', uts_mode='host'))

    def test_processes_of_the_host(self):
        container = self.docker.containers.run(
            sdk.IMAGE, ['sh', '-c', 'sleep 986 & sleep 1000'], detach=True,
            pid_mode='host', userns_mode='host')
        self.addCleanup(HostTest.remove, container)
        code, output = container.exec_run(['cat', '/proc/1/comm'])
        with open('/proc/1/comm', 'rb') as own:
            self.assertEqual((0, own.read()), (code, output))
        pids = [int(row[1]) for row in container.top()['Processes']]
        self.assertGreaterEqual(len(pids), 2)
        # Nothing but its cgroup holds them together.
        container.kill()
        container.wait()
        deadline = time.monotonic() + 60
        while any(os.path.exists(f'/proc/{pid}') for pid in pids):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_privileged_exec(self):
        container = self.docker.containers.run(
            sdk.IMAGE, ['sleep', '1000'], detach=True)
        self.addCleanup(HostTest.remove, container)
        grep = ['grep', 'CapBnd', '/proc/self/status']
        self.assertIn(b'a80425fb', container.exec_run(grep).output)
        self.assertNotIn(b'a80425fb', container.exec_run(
            grep, privileged=True).output)
