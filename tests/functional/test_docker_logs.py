"""Log drivers and files of logs, through the SDK and the command line."""

import subprocess
import time

import docker

from tests.functional import sdk

LINES = 'i=0; while [ $i -lt %d ]; do echo line $i; i=$((i+1)); done'


class LogDriverTest(sdk.SdkTestCase):

    def config(self, kind='json-file', **options):
        return docker.types.LogConfig(
            type=kind, config={name.replace('_', '-'): value
                               for name, value in options.items()})

    def test_several_files(self):
        container = self.run_container(
            'sh', '-c', f'{LINES % 60}; sleep 1000',
            log_config=self.config(max_size='1k', max_file='3'))
        deadline = time.monotonic() + 60
        while b'line 59\n' not in container.logs():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        # Each file holds about twenty lines of fifty bytes.  What is kept
        # has no gap, as far as the daemon was quick enough.
        lines = container.logs().decode().splitlines()
        self.assertLess(len(lines), 60)
        self.assertEqual(lines[-3:], container.logs(
            tail=3).decode().splitlines())

    def test_each_new_beginning(self):
        container = self.run_container(
            'sh', '-c', 'while read line; do echo $line; done',
            stdin_open=True,
            log_config=self.config(max_size='200', max_file='3'))
        stream = container.attach_socket(params={
            'stdin': 1, 'stream': 1, 'stdout': 1})
        self.addCleanup(stream.close)
        for number in range(12):
            stream._sock.sendall(b'%d: %s\n' % (number, b'x' * 60))
            deadline = time.monotonic() + 60
            while b'%d: ' % number not in container.logs(tail=1):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
        kept = [int(line.split(':')[0]) for line
                in container.logs().decode().splitlines()]
        self.assertEqual(list(range(kept[0], 12)), kept)
        self.assertGreater(len(kept), 2)
        self.assertGreater(kept[0], 0)

    def test_none(self):
        container = self.run_container(
            'echo', 'hello', log_config=self.config('none'))
        container.wait()
        error = self.assertRaises(docker.errors.APIError, container.logs)
        self.assertEqual(501, error.status_code)
        self.assertIn('configured logging driver does not support reading',
                      error.explanation)
        container.reload()
        self.assertEqual('', container.attrs['LogPath'])
        self.assertEqual('none', container.attrs[
            'HostConfig']['LogConfig']['Type'])

    def test_none_is_seen_all_the_same(self):
        shown = subprocess.run(
            ['docker', '-H', self.daemon.url, 'run', '--rm', '--log-driver',
             'none', sdk.IMAGE, 'echo', 'hello'],
            check=True, capture_output=True, text=True, timeout=60)
        self.assertEqual('hello\n', shown.stdout)

    def test_local(self):
        container = self.run_container(
            'echo', 'hello', log_config=self.config('local', max_size='1m'))
        container.wait()
        self.assertEqual(b'hello\n', container.logs())

    def test_unknown(self):
        for config, words in (
                (self.config('asdf'), "no log driver named 'asdf'"),
                (self.config(asdf='x'), "unknown log opt 'asdf'")):
            error = self.assertRaises(
                docker.errors.APIError, self.create_container, 'true',
                log_config=config)
            self.assertEqual(400, error.status_code)
            self.assertIn(words, error.explanation)
