"""The real daemon, on a socket and in directories of its own.

Used by: the functional tests.  Nothing of it is left behind: the fixture
removes the containers through the API, stops the daemon, and then looks for
mounts, namespaces, cgroups and processes.  What it finds it cleans up, and
fails.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import fixtures

ROOT = pathlib.Path(__file__).resolve().parents[2]

START_S = 30
STOP_S = 60

_CGROUPS = pathlib.Path('/sys/fs/cgroup')


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket, as plain as it gets."""

    def __init__(self, path, timeout_s=60):
        super().__init__('localhost', timeout=timeout_s)
        self._path = str(path)

    def connect(self):
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Daemon(fixtures.Fixture):
    """``novacontainerd`` with a temporary world around it.

    ``socket_path`` is where it listens, ``url`` the same for Docker's
    clients, ``log`` what it said.

    :param options: more lines for the configuration file, as
        ``{section: {option: value}}``.
    """

    def __init__(self, options=None):
        super().__init__()
        self._options = options or {}
        self.process = None
        self._containers = set()

    def _setUp(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest(
                'The daemon needs root: run this gate as root.')
        # Short, because sockets below it may have 107 bytes of path.
        self.directory = pathlib.Path(tempfile.mkdtemp(
            prefix='nc', dir='/tmp'))
        self.directory.chmod(0o711)
        self.data_root = self.directory / 'data'
        self.run_root = self.directory / 'run'
        self.socket_path = self.directory / 's'
        self.url = f'unix://{self.socket_path}'
        self.cgroup_parent = self.directory.name
        self.log_path = self.directory / 'log'
        self.config_path = self.directory / 'conf'
        self.config_path.write_text(self._config())
        self.addCleanup(self._clean)
        self.start()

    def _config(self):
        sections = {
            'DEFAULT': {
                'data_root': self.data_root,
                'run_root': self.run_root,
                'socket': self.socket_path,
                'debug': 'true',
            },
            'engine': {'cgroup_parent': self.cgroup_parent},
            # A bridge would be the host's, and shared with other tests.
            'networks': {'default': 'none'},
        }
        for name, values in self._options.items():
            sections.setdefault(name, {}).update(values)
        return '\n'.join(
            f'[{name}]\n' + '\n'.join(
                f'{option} = {value}' for option, value in values.items())
            for name, values in sections.items()) + '\n'

    @property
    def log(self):
        """Everything that the daemon has said."""
        return self.log_path.read_text(errors='replace')

    def start(self):
        """Start the daemon and wait until it answers."""
        with self.log_path.open('ab') as log:
            self.process = subprocess.Popen(
                [*self.command, '--config-file', str(self.config_path)],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None:
                raise AssertionError(
                    f'The daemon ended with {self.process.returncode}:\n'
                    f'{self.log}')
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f'The daemon is silent:\n{self.log}')
            time.sleep(0.02)

    @property
    def command(self):
        """Words of the command line before its switches."""
        return [sys.executable, '-m', 'novacontainer.cmd.daemon']

    def stop(self):
        """Ask the daemon to end, as an init system does."""
        self._note_containers()
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(STOP_S) != 0:
            raise AssertionError(
                f'The daemon ended with {self.process.returncode}:\n'
                f'{self.log}')

    def kill(self):
        """End the daemon as the OOM killer would."""
        self._note_containers()
        self.process.kill()
        self.process.wait()

    def descriptors(self):
        """Count the daemon's open descriptors."""
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def request(self, method, path, body=None, headers=None):
        """Make a call; returns (status, body)."""
        connection = Connection(self.socket_path)
        try:
            if isinstance(body, dict):
                body = json.dumps(body)
                headers = {'Content-Type': 'application/json'}
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def json(self, method, path, body=None):
        """Make a call that must succeed; returns its parsed answer."""
        status, answer = self.request(method, path, body)
        if status >= 400:
            raise AssertionError(f'{method} {path}: {status} {answer}')
        return json.loads(answer) if answer else None

    def load(self, archive):
        """Load an image archive."""
        status, answer = self.request('POST', '/images/load', archive)
        if status != 200:
            raise AssertionError(f'load: {status} {answer}')

    def _answers(self):
        try:
            return self.request('GET', '/_ping') == (200, b'OK')
        except OSError:
            return False

    def _note_containers(self):
        """Remember every container there was, to look for what it left."""
        status, body = self.request(
            'GET', f'/events?since=1&until={time.time():.6f}')
        if status != 200:
            raise AssertionError(f'events: {status} {body}')
        for line in body.splitlines():
            event = json.loads(line)
            if event['Type'] == 'container':
                self._containers.add(event['Actor']['ID'])
        for container in self.json('GET', '/containers/json?all=1'):
            self._containers.add(container['Id'])

    def _clean(self):
        """Leave nothing; say what had to be cleaned up by force."""
        problems = []
        try:
            if self.process.poll() is None:
                problems += self._remove_containers()
                self.stop()
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            problems.append(str(error))
            self.process.kill()
            self.process.wait()
        problems += self._leftovers()
        log = '\n'.join(self.log.splitlines()[-200:])
        self._force()
        if problems:
            raise AssertionError('\n'.join([*problems, log]))

    def _remove_containers(self):
        problems = []
        for container in self.json('GET', '/containers/json?all=1'):
            status, body = self.request(
                'DELETE', f'/containers/{container["Id"]}?force=1')
            if status not in (204, 404):
                problems.append(f'remove: {status} {body}')
        return problems

    def _leftovers(self):
        """Describe what is still there after everything was removed."""
        found = [f'mount left: {path}' for path in self._mounts()]
        found += [f'process left: {pid} {command}'
                  for pid, command in self._processes()]
        found += [f'cgroup left: {path}' for path in self._cgroups()]
        found += [f'netns left: {path}' for path in self._netns()]
        return found

    def _mounts(self):
        lines = pathlib.Path('/proc/self/mountinfo').read_text().splitlines()
        points = [line.split()[4] for line in lines]
        return [point for point in points
                if point.startswith(f'{self.directory}/')]

    def _processes(self):
        found = []
        for entry in pathlib.Path('/proc').iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / 'cmdline').read_bytes()
            except OSError:
                continue
            if f'{self.directory}/'.encode() in command:
                found.append((int(entry.name), command))
        return found

    def _cgroups(self):
        """Find cgroups below the daemon's own and its monitors'."""
        return [path for parent in self._cgroup_parents()
                for path in parent.rglob('*')
                if path.is_dir() and path != parent / 'conmon']

    def _cgroup_parents(self):
        return [path for pattern in ('', '*/')
                for path in _CGROUPS.glob(pattern + self.cgroup_parent)]

    def _netns(self):
        paths = [pathlib.Path('/run/netns') / f'nc-{ident[:12]}'
                 for ident in self._containers]
        return [path for path in paths if path.exists()]

    def _force(self):
        pids = {pid for pid, _command in self._processes()}
        for parent in self._cgroup_parents():
            for path in parent.rglob('freezer.state'):
                # A frozen process does not die before it is thawed.
                path.write_text('THAWED')
            for path in parent.rglob('cgroup.procs'):
                pids.update(map(int, path.read_text().split()))
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for path in [*reversed(self._mounts()), *self._netns()]:
            subprocess.run(['umount', '-l', str(path)], check=False)
        for path in self._netns():
            path.unlink()
        for parent in self._cgroup_parents():
            below = [path for path in parent.rglob('*') if path.is_dir()]
            for path in sorted(below, reverse=True):
                _remove_cgroup(path)
            _remove_cgroup(parent)
        shutil.rmtree(self.directory)


def _remove_cgroup(path):
    """Remove a cgroup, whose processes may need a moment to be gone."""
    for _ in range(100):
        try:
            path.rmdir()
        except OSError:
            time.sleep(0.02)
        else:
            return


def find_docker():
    """Return the docker CLI's path; skips the test when there is none."""
    path = shutil.which('docker')
    if path is None:
        raise unittest.SkipTest(
            'There is no docker CLI: install one (docker-cli, or a static '
            'binary) in PATH to run this test.')
    return path
