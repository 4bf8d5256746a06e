import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

from oslotest import base

from tests import archives
from tests.functional import daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLEEP = {'Image': 'busybox:test', 'Cmd': ['sleep', '1000']}


def run(*args, env=None, program=None):
    """Run a daemon that is to end by itself; return (code, stderr)."""
    done = subprocess.run(
        [*(program or ()), sys.executable, '-m', 'novacontainer.cmd.daemon',
         *args],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **(env or {})})
    return done.returncode, done.stderr


class TestDaemon(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.daemon = self.useFixture(daemon.Daemon())

    def start_container(self):
        made = self.daemon.json('POST', '/containers/create', SLEEP)
        self.daemon.json('POST', f'/containers/{made["Id"]}/start')
        return made['Id']

    def state(self, container_id):
        return self.daemon.json(
            'GET', f'/containers/{container_id}/json')['State']

    def test_containers_outlive_a_stop_and_a_kill(self):
        self.daemon.load(archives.busybox_image())
        container_id = self.start_container()
        before = self.state(container_id)
        for end in (self.daemon.stop, self.daemon.kill):
            end()
            self.daemon.start()
            self.assertEqual(before, self.state(container_id))
        self.daemon.json('POST', f'/containers/{container_id}/stop?t=0')
        self.assertEqual(137, self.state(container_id)['ExitCode'])

    def test_a_long_stop_does_not_delay_the_daemons_end(self):
        self.daemon.load(archives.busybox_image())
        container_id = self.start_container()
        waiting = daemon.Connection(self.daemon.socket_path)
        self.addCleanup(waiting.close)
        # sleep as pid 1 ignores TERM: this would take an hour.
        waiting.request('POST', f'/containers/{container_id}/stop?t=3600')
        time.sleep(0.5)
        began = time.monotonic()
        self.daemon.stop()
        self.assertLess(time.monotonic() - began, 40)
        self.daemon.start()
        self.assertTrue(self.state(container_id)['Running'])

    def test_sockets_mode(self):
        mode = self.daemon.socket_path.stat().st_mode
        self.assertEqual(0o660, stat.S_IMODE(mode))

    def test_a_second_daemon_is_refused(self):
        for kept, other in (('data_root', 'run_root'),
                            ('run_root', 'data_root')):
            code, said = run(
                '--' + kept.replace('_', '-'),
                str(getattr(self.daemon, kept)),
                '--' + other.replace('_', '-'),
                str(self.daemon.directory / 'other'),
                '--socket', str(self.daemon.directory / 'other.sock'))
            self.assertEqual(78, code, said)
            self.assertIn(f'(pid {self.daemon.process.pid}) uses', said)
            self.assertIn('--data-root', said)
        self.assertEqual((200, b'OK'), self.daemon.request('GET', '/_ping'))

    def test_interrupt_is_a_clean_end_too(self):
        self.daemon.process.send_signal(signal.SIGINT)
        self.assertEqual(0, self.daemon.process.wait(30))
        self.assertFalse(self.daemon.socket_path.exists())
        self.daemon.start()

    def test_log_has_a_line_per_change(self):
        self.daemon.load(archives.busybox_image())
        container_id = self.start_container()
        self.daemon.json('DELETE', f'/containers/{container_id}?force=1')
        lines = [line for line in self.daemon.log.splitlines()
                 if container_id in line and ' INFO ' in line
                 and '.service.' in line]
        for number, word in enumerate((
                'created from busybox:test', 'start', 'exited with 137',
                'removed')):
            self.assertIn(word, lines[number])


class TestNotify(base.BaseTestCase):

    def test_the_service_manager_is_told(self):
        directory = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(directory.cleanup)
        root = pathlib.Path(directory.name)
        root.chmod(0o711)
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(channel.close)
        channel.bind(str(root / 'notify'))
        channel.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, '-m', 'novacontainer.cmd.daemon',
             '--data-root', str(root / 'data'),
             '--run-root', str(root / 'run'), '--socket', str(root / 's')],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, 'NOTIFY_SOCKET': str(root / 'notify')})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual('READY=1', self._state(channel))
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(root / 's'))
        process.terminate()
        self.assertEqual('STOPPING=1', self._state(channel))
        self.assertEqual(0, process.wait(30))

    @staticmethod
    def _state(channel):
        """The next change of state, sd_notify(3), without words on it."""
        while True:
            for line in channel.recv(1000).decode().splitlines():
                if not line.startswith('STATUS='):
                    return line


class TestUnfitHosts(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.root.chmod(0o711)
        self.arguments = [
            '--data-root', str(self.root / 'data'),
            '--run-root', str(self.root / 'run'),
            '--socket', str(self.root / 's')]

    def refused(self, *said, arguments=None, **given):
        code, stderr = run(*(arguments or self.arguments), **given)
        self.assertEqual(78, code, stderr)
        last = stderr.strip().splitlines()[-1]
        for word in ('novacontainerd: ', *said):
            self.assertIn(word, last)
        self.assertNotIn('Traceback', stderr)

    def with_options(self, text):
        path = self.root / 'conf'
        path.write_text(text)
        return [*self.arguments, '--config-file', str(path)]

    def test_not_root(self):
        self.refused('must run as root', program=[
            'setpriv', '--reuid', '65534', '--clear-groups', '--'])

    def test_conmon_is_missing(self):
        self.refused(
            'conmon-of-ours not found', 'apt install',
            arguments=self.with_options(
                '[engine]\nconmon_path = conmon-of-ours\n'))

    def test_the_oci_runtime_is_missing(self):
        self.refused('kata not found', arguments=self.with_options(
            '[engine]\nruntime = kata\n'))

    def test_data_root_on_overlayfs(self):
        for name in ('lower', 'upper', 'work', 'data'):
            (self.root / name).mkdir()
        subprocess.run(
            ['mount', '-t', 'overlay', 'overlay', '-o',
             f'lowerdir={self.root}/lower,upperdir={self.root}/upper,'
             f'workdir={self.root}/work', str(self.root / 'data')],
            check=True)
        self.addCleanup(subprocess.run,
                        ['umount', str(self.root / 'data')], check=True)
        self.refused(
            'lies on overlay', '--data-root', arguments=self.with_options(
                '[storage]\ndriver = overlay\n'))

    def test_data_root_that_containers_cannot_reach(self):
        closed = self.root / 'closed'
        closed.mkdir(mode=0o700)
        self.refused('chmod o+x', str(closed), arguments=[
            '--data-root', str(closed / 'data'),
            '--run-root', str(self.root / 'run'),
            '--socket', str(self.root / 's')])

    def test_data_root_is_a_file(self):
        (self.root / 'data').write_text('')
        self.refused('Cannot make')

    def test_bad_option(self):
        self.refused('userns_base', arguments=self.with_options(
            '[containers]\nuserns_base = 65537\n'))
        self.refused('workers', arguments=self.with_options(
            '[api]\nworkers = many\n'))

    def test_database_of_a_newer_version(self):
        (self.root / 'data').mkdir(mode=0o711)
        script = ('import sqlite3, sys; sqlite3.connect(sys.argv[1])'
                  '.execute("PRAGMA user_version = 999")')
        subprocess.run(
            [sys.executable, '-c', script,
             str(self.root / 'data' / 'novacontainer.sqlite')], check=True)
        self.refused('schema 999')
