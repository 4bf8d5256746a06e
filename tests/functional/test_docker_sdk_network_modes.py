"""Whose network a container uses: its own, the host's, another one's."""

import socket
import subprocess
import threading
import uuid

import docker

from tests import archives
from tests.functional import daemon
from tests.functional import sdk


class NetworkModesTest(sdk.SdkTestCase):

    options = {'containers': {'allow_host_namespaces': 'true',
                              'allow_host_userns': 'true'}}

    def output(self, command, **options):
        return self.docker.containers.run(
            sdk.IMAGE, ['sh', '-c', command], remove=True, **options).decode()

    def namespace(self):
        """Make a network namespace, as an operator does."""
        name = f't-{uuid.uuid4().hex[:8]}'
        subprocess.run(['ip', 'netns', 'add', name], check=True)
        self.addCleanup(subprocess.run, ['ip', 'netns', 'delete', name],
                        check=True)
        subprocess.run(['ip', '-n', name, 'link', 'set', 'lo', 'up'],
                       check=True)
        return name

    def test_none(self):
        self.assertEqual('lo', self.output(
            'ls /sys/class/net', network_mode='none').strip())
        container = self.create_container(network_mode='none')
        self.assertEqual('none', container.attrs['HostConfig'][
            'NetworkMode'])

    def test_host(self):
        server = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(server.close)
        port = server.getsockname()[1]

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b'from the host')

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.assertEqual('from the host', self.output(
            f'nc 127.0.0.1 {port} </dev/null', network_mode='host'))
        thread.join(60)
        self.assertEqual(socket.gethostname(), self.output(
            'hostname', network_mode='host').strip())
        self.assertEqual('mine', self.output(
            'hostname', network_mode='host', hostname='mine').strip())

    def test_host_stays_out_of_reach(self):
        for options in ({}, {'userns_mode': 'host'}):
            self.assertEqual('no\n', self.output(
                'ip link set lo down 2>/dev/null || echo no',
                network_mode='host', **options))
        self.assertEqual('no\n', self.output(
            'ip link set lo down 2>/dev/null || echo no',
            network_mode='host', cap_add=['NET_ADMIN']))

    def test_host_needs_permission(self):
        other = daemon.Daemon()
        self.useFixture(other)
        other.load(archives.busybox_image(sdk.IMAGE))
        status, answer = other.request('POST', '/containers/create', {
            'Image': sdk.IMAGE, 'Cmd': ['true'],
            'HostConfig': {'NetworkMode': 'host'}})
        self.assertEqual(403, status)
        self.assertIn(b'allow_host_namespaces', answer)

    def test_host_discards_ports(self):
        answer = self.daemon.json('POST', '/containers/create', {
            'Image': sdk.IMAGE, 'Cmd': ['true'], 'HostConfig': {
                'NetworkMode': 'host',
                'PortBindings': {'80/tcp': [{'HostPort': '80'}]}}})
        self.assertIn('Published ports are discarded when using host '
                      'network mode', answer['Warnings'])

    def test_of_another_container(self):
        web = self.run_container(
            'sh', '-c', 'echo hello >/tmp/x; while :; do '
            'nc -l -p 8080 </tmp/x; done', name='web', hostname='webhost')
        joined = self.create_container(
            'sh', '-c', 'until nc 127.0.0.1 8080 </dev/null; do :; done;'
            'hostname; cat /etc/hosts', network_mode='container:web')
        self.assertEqual(f'container:{web.id}', joined.attrs['HostConfig'][
            'NetworkMode'])
        joined.start()
        self.assertEqual(0, joined.wait()['StatusCode'])
        words = joined.logs().decode().split()
        self.assertEqual(['hello', 'webhost'], words[:2])
        self.assertIn('127.0.1.1', words)
        joined.reload()
        web.reload()
        self.assertEqual(web.attrs['NetworkSettings']['SandboxKey'],
                         joined.attrs['NetworkSettings']['SandboxKey'])
        self.assertEqual(web.attrs['HostsPath'], joined.attrs['HostsPath'])
        self.assertEqual((0, b'ok\n'), web.exec_run(['echo', 'ok']))

    def test_exec_in_a_shared_network(self):
        self.run_container(name='holder')
        joined = self.run_container(network_mode='container:holder')
        code, output = joined.exec_run(['readlink', '/proc/self/ns/net'])
        self.assertEqual(0, code)
        code, other = self.docker.containers.get('holder').exec_run(
            ['readlink', '/proc/self/ns/net'])
        self.assertEqual(other, output)

    def test_the_other_has_to_run(self):
        other = self.create_container(name='sleeper')
        joined = self.create_container(network_mode='container:sleeper')
        error = self.assertRaises(docker.errors.APIError, joined.start)
        self.assertEqual(409, error.status_code)
        self.assertIn('cannot join network of a non running container',
                      error.explanation)
        other.start()
        joined.start()
        self.remove(other)
        self.assertEqual(0, joined.exec_run(['true'])[0])
        joined.reload()
        self.assertEqual('', joined.attrs['NetworkSettings']['SandboxKey'])
        joined.kill()
        error = self.assertRaises(docker.errors.APIError, joined.start)
        self.assertEqual(404, error.status_code)
        self.assertRaises(
            docker.errors.NotFound, self.create_container,
            network_mode='container:nosuchcontainer')

    def test_a_named_namespace(self):
        name = self.namespace()
        subprocess.run(['ip', '-n', name, 'address', 'add', '192.0.2.77/32',
                        'dev', 'lo'], check=True)
        self.assertIn('192.0.2.77', self.output(
            'ip address', network_mode=f'ns:/run/netns/{name}'))
        for path, status in (('/run/netns/no-such', 400),
                             ('/etc/passwd', 403)):
            error = self.assertRaises(
                docker.errors.APIError, self.create_container,
                network_mode=f'ns:{path}')
            self.assertEqual(status, error.status_code)

    def test_conflicts(self):
        self.create_container(name='one')
        for options in ({'hostname': 'x'}, {'dns': ['192.0.2.1']},
                        {'extra_hosts': {'a': '192.0.2.1'}},
                        {'ports': {'80/tcp': 8080}}):
            error = self.assertRaises(
                docker.errors.APIError, self.create_container,
                network_mode='container:one', **options)
            self.assertEqual(400, error.status_code)
            self.assertIn('conflicting options', error.explanation)
