"""The daemons that are compared, each started by us in directories of its own.

Called by: ``lifecycle``, ``load``.  Calls ``unixhttp``.  A daemon that is not
installed is left out; none of the host's own daemons is touched.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

from benchmarks import cgroups
from benchmarks import unixhttp

#: Seconds that a daemon gets to answer its first ping.
START_TIMEOUT_S = 60
CGROUP_PARENT = 'novacontainer-bench'


class Daemon:
    """A daemon that speaks the Docker Engine API.

    :param name: as the tables show it.
    :param root: directory for everything it writes.
    """

    name = ''
    program = ''

    def __init__(self, root):
        self.root = pathlib.Path(root) / self.name.split()[0]
        self.socket = self.root / 'api.sock'
        self.process = None
        self.api = None

    @classmethod
    def installed(cls):
        """Tell whether the program is on this host."""
        return shutil.which(cls.program) is not None

    def command(self):
        """Return the argument list that starts the daemon."""
        raise NotImplementedError

    @contextlib.contextmanager
    def running(self):
        """Start the daemon, wait until it answers, end it at exit."""
        self.root.mkdir(mode=0o711)
        log = self.root / 'log'
        with log.open('wb') as output:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output)
        try:
            self._wait(log)
            yield self
        finally:
            self.api.close()
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.clean()

    def clean(self):
        """Undo mounts that outlive the daemon, innermost first.

        podman's monitors start one more podman when a container has ended,
        which mounts its storage again: that one is waited for.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        mounts = [line.split()[4] for line in pathlib.Path(
            '/proc/self/mountinfo').read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith(f'{self.root}/'):
                subprocess.run(['umount', '-l', mount], check=False)

    def _processes(self):
        """Return the ids of processes that work in our directory."""
        found = []
        for process in pathlib.Path('/proc').glob('[0-9]*'):
            with contextlib.suppress(OSError):
                if os.fsencode(f'{self.root}/') in (
                        process / 'cmdline').read_bytes():
                    found.append(int(process.name))
        return found

    def _wait(self, log):
        self.api = unixhttp.Connection(self.socket)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self.api.call('GET', '/_ping')
                return
            except OSError:
                self.api.close()
            if self.process.poll() is not None or (
                    time.monotonic() > deadline):
                raise SystemExit(f'{self.name} does not answer:\n'
                                 + log.read_text(errors='replace')[-2000:])
            time.sleep(0.05)

    def load(self, archive, query='quiet=1'):
        """Load an image archive."""
        with open(archive, 'rb') as body:
            self.api.call('POST', f'/images/load?{query}', body,
                          'application/x-tar')

    def remove_image(self, tag):
        """Remove an image."""
        self.api.call('DELETE', f'/images/{tag}?force=1')

    def create(self, image):
        """Create a container that runs ``true``; return its id."""
        return self.api.call('POST', '/containers/create', {
            'Image': image, 'Cmd': ['true'],
            'HostConfig': {'NetworkMode': 'none'}})['Id']

    def life(self, image):
        """Take one container through its life.

        :returns: {'running': …, 'whole life': …}, milliseconds from the
            request to create.
        """
        began = time.perf_counter()
        path = '/containers/' + self.create(image)
        try:
            self.api.call('POST', path + '/start')
            running = time.perf_counter()
            code = self.api.call('POST', path + '/wait')['StatusCode']
        finally:
            self.api.call('DELETE', path + '?force=1')
        gone = time.perf_counter()
        if code != 0:
            raise unixhttp.ApiError(f'{self.name}: true exited with {code}')
        return {'running': (running - began) * 1000,
                'whole life': (gone - began) * 1000}

    def peak_rss_mb(self):
        """Return the daemon's own peak resident memory so far, in MB."""
        status = pathlib.Path(f'/proc/{self.process.pid}/status')
        for line in status.read_text().splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) / 1024
        return 0.0


class Novacontainerd(Daemon):
    """The daemon of this checkout, under this interpreter."""

    name = 'novacontainerd'

    def remove_image(self, tag):
        """Remove an image, and wait until its files are deleted too.

        That goes on in the background, and would be the next one's load.
        """
        super().remove_image(tag)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and any(
                any((self.root / 'data' / name).glob('.tmp-*'))
                for name in ('layers', 'blobs/sha256')):
            time.sleep(0.02)

    @classmethod
    def installed(cls):
        """Tell that it is here: it is the one under test."""
        return True

    def command(self):
        """Return the argument list that starts the daemon."""
        config = self.root / 'config'
        config.write_text(f'[engine]\ncgroup_parent = {CGROUP_PARENT}\n')
        return [sys.executable, '-m', 'novacontainer.cmd.daemon',
                '--config-file', str(config),
                '--data-root', str(self.root / 'data'),
                '--run-root', str(self.root / 'run'),
                '--socket', str(self.socket)]

    def clean(self):
        """Undo mounts, and remove the daemon's cgroups."""
        super().clean()
        cgroups.remove(CGROUP_PARENT)


class Podman(Daemon):
    """Podman's service, with storage of its own."""

    name = 'podman'
    program = 'podman'

    def command(self):
        """Return the argument list that starts the service."""
        return ['podman', '--root', str(self.root / 'data'),
                '--runroot', str(self.root / 'run'),
                '--cgroup-manager', 'cgroupfs', '--events-backend', 'file',
                'system', 'service', '--time', '0', f'unix://{self.socket}']

    def create(self, image):
        """Create a container through podman's own API.

        Its Docker-like one asks for limits that a host may not grant
        (1048576 files and processes), whatever the request says.
        """
        limits = [{'type': name, 'soft': 1024, 'hard': 1024}
                  for name in ('nofile', 'nproc')]
        return self.api.call('POST', '/v4.0.0/libpod/containers/create', {
            'image': image, 'command': ['true'],
            'netns': {'nsmode': 'none'}, 'r_limits': limits})['Id']


class Dockerd(Daemon):
    """dockerd with its own containerd; it makes no bridge and no rule."""

    name = 'dockerd'
    program = 'dockerd'

    def command(self):
        """Return the argument list that starts the daemon."""
        return ['dockerd', '--host', f'unix://{self.socket}',
                '--data-root', str(self.root / 'data'),
                '--exec-root', str(self.root / 'run'),
                '--pidfile', str(self.root / 'pid'),
                '--bridge', 'none', '--iptables=false',
                '--ip6tables=false', '--ip-forward=false']


ALL = (Novacontainerd, Podman, Dockerd)
