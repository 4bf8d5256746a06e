"""The daemon's own life: restart, crash, a second one, its socket."""

import json
import pathlib
import socket
import stat
import subprocess
import sys
import time

from oslotest import base

from tests import archives
from tests.functional import daemon


class DaemonTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.daemon = self.useFixture(daemon.Daemon())

    def start_container(self, *command):
        """Create and start a container; returns its id."""
        ident = self.daemon.json('POST', '/containers/create', {
            'Image': 'busybox:test', 'Cmd': list(command)})['Id']
        self.daemon.json('POST', f'/containers/{ident}/start')
        return ident

    def inspect(self, ident):
        return self.daemon.json('GET', f'/containers/{ident}/json')

    def logs(self, ident):
        status, body = self.daemon.request(
            'GET', f'/containers/{ident}/logs?stdout=1')
        self.assertEqual(200, status)
        return body

    def check_survival(self, end):
        """End the daemon in some way, and look what a new one knows."""
        self.daemon.load(archives.busybox_image())
        runs = self.start_container(
            'sh', '-c', 'echo before; sleep 1; echo after; sleep 1000')
        ends = self.start_container('sh', '-c', 'sleep 1; exit 9')
        before = self.inspect(runs)
        end()
        # Meanwhile one container ends and the other goes on to write.
        time.sleep(1.5)
        self.daemon.start()
        after = self.inspect(runs)
        for key in ('Id', 'Name', 'Config', 'HostConfig', 'Image', 'Created',
                    'NetworkSettings'):
            self.assertEqual(before[key], after[key])
        for key in ('Pid', 'Status', 'StartedAt'):
            self.assertEqual(before['State'][key], after['State'][key])
        self.assertIn(b'before\n', self.logs(runs))
        self.assertIn(b'after\n', self.logs(runs))
        state = self.inspect(ends)['State']
        self.assertEqual(('exited', 9), (state['Status'], state['ExitCode']))
        self.assertEqual(9, self.daemon.json(
            'POST', f'/containers/{ends}/wait')['StatusCode'])
        self.daemon.json('POST', f'/containers/{runs}/stop?t=0')
        self.assertEqual(137, self.inspect(runs)['State']['ExitCode'])

    def test_restart(self):
        self.check_survival(self.daemon.stop)

    def test_crash(self):
        self.check_survival(self.daemon.kill)

    def test_second_daemon_is_refused(self):
        ended = subprocess.run(
            [sys.executable, '-m', 'novacontainer.cmd.daemon',
             '--config-file', str(self.daemon.config_path)],
            cwd=daemon.ROOT, capture_output=True, text=True, timeout=60,
            check=False)
        self.assertNotEqual(0, ended.returncode)
        self.assertNotIn('Traceback', ended.stderr)
        self.assertEqual((200, b'OK'), self.daemon.request('GET', '/_ping'))

    def test_socket(self):
        mode = self.daemon.socket_path.stat().st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(0o660, stat.S_IMODE(mode))
        self.daemon.stop()
        self.assertFalse(self.daemon.socket_path.exists())

    def test_stale_socket(self):
        self.daemon.kill()
        self.assertTrue(self.daemon.socket_path.exists())
        self.daemon.start()

    def test_stop_does_not_wait_for_followers(self):
        self.daemon.load(archives.busybox_image())
        ident = self.start_container('sleep', '1000')
        following = []
        for path in ('GET /events', f'POST /containers/{ident}/wait',
                     f'GET /containers/{ident}/logs?stdout=1&follow=1'):
            sock = socket.socket(socket.AF_UNIX)
            self.addCleanup(sock.close)
            sock.settimeout(20)
            sock.connect(str(self.daemon.socket_path))
            sock.sendall(f'{path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            self.assertIn(b' 200 ', sock.recv(65536))
            following.append(sock)
        began = time.monotonic()
        self.daemon.stop()
        self.assertLess(time.monotonic() - began, 5)
        self.daemon.start()


class MemoryTest(base.BaseTestCase):

    def test_memory_is_flat_while_a_large_image_is_loaded(self):
        own = self.useFixture(daemon.Daemon())
        small = archives.docker_archive({'small': b'x'}, cmd=['/x'])
        own.load(small)
        before = _rss_peak(own.process.pid)
        size = 256 * 1024 * 1024
        archive = archives.docker_archive(
            {'large': bytes(1024) * (size // 1024)}, cmd=['/x'], tag='l:1')
        own.load(archive)
        grown = _rss_peak(own.process.pid) - before
        self.assertLess(grown, 64 * 1024 * 1024)
        shown = own.json('GET', '/images/l:1/json')
        self.assertGreaterEqual(shown['Size'], size)


def _rss_peak(pid):
    """Return the most bytes of memory that a process has had."""
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmHWM:'):
            return int(line.split()[1]) * 1024
    raise AssertionError('the daemon is gone')


class LogTest(base.BaseTestCase):

    def test_lines_of_json(self):
        served = self.useFixture(daemon.Daemon(
            {'DEFAULT': {'use_json': 'true'}}))
        ident = 'req-12345678-1234-1234-1234-123456789abc'
        status, _ = served.request(
            'POST', '/containers/x/start',
            headers={'X-Openstack-Request-Id': ident})
        self.assertEqual(404, status)
        lines = [json.loads(line) for line in served.log.splitlines()]
        ours, = (line['message'] for line in lines
                 if line['context'].get('request_id') == ident
                 and line['levelname'] == 'INFO')
        self.assertRegex(
            ours, r'^POST /containers/x/start -> 404 in \d+ ms: No such ')
