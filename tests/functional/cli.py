"""Our own command line in front of the daemon: what its tests share.

Used by: ``test_cli*``.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from oslotest import base

from tests import archives
from tests.functional import daemon
from tests.functional import screen

TIMEOUT_S = 60
IMAGE = 'busybox:cli'


class CliTestCase(base.BaseTestCase):
    """Has ``daemon``, an image, a directory and ways to run commands."""

    #: Of the daemon, as :class:`tests.functional.daemon.Daemon` takes them.
    OPTIONS = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = cls.make_daemon()
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        cls.daemon.load(archives.busybox_image(IMAGE))
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.environment = {
            **os.environ, 'NOVACONTAINER_HOST': str(cls.daemon.socket_path)}
        cls.program = [sys.executable, '-m', 'novacontainer.cmd.cli']

    @classmethod
    def make_daemon(cls):
        """Return the daemon, not started yet."""
        return daemon.Daemon(cls.OPTIONS)

    def call(self, *words, data=None, code=0):
        """Run a command that must end with this code; returns the result."""
        ended = subprocess.run(
            [*self.program, *words], env=self.environment, input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            cwd=daemon.ROOT, capture_output=True, timeout=TIMEOUT_S,
            check=False)
        self.assertEqual(code, ended.returncode, ended)
        return ended

    def cli(self, *words, **kwargs):
        """Run a command; returns its output."""
        return self.call(*words, **kwargs).stdout.decode().strip()

    def refused(self, *words, code=1, data=None):
        """Run a command that fails; returns its one line of error."""
        line, = self.call(
            *words, code=code, data=data).stderr.decode().splitlines()
        self.assertTrue(line.startswith('novacontainer: '), line)
        return line.removeprefix('novacontainer: ')

    def start(self, *words, **kwargs):
        """Start a command; returns the process."""
        process = subprocess.Popen(
            # Whoever runs the tests in the background may ignore SIGINT.
            ['env', '--default-signal=INT', *self.program, *words],
            env=self.environment, cwd=daemon.ROOT,
            **{'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE,
               'stderr': subprocess.STDOUT, **kwargs})
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process

    def terminal(self, *words):
        """Start a command on a terminal of its own."""
        terminal = screen.Terminal(
            [*self.program, *words],
            {**self.environment, 'PYTHONPATH': str(daemon.ROOT)})
        self.addCleanup(terminal.close)
        return terminal

    def container(self, name, *words, switches=()):
        """Start a container that the test's end removes."""
        self.cli('run', '-d', '--name', name, *switches, IMAGE,
                 *(words or ('sleep', '1000')))
        self.addCleanup(self.cli, 'rm', '-f', name)
        return name

    def state(self, name):
        """Return what ``inspect`` says of a container's state."""
        shown, = json.loads(self.cli('inspect', name))
        return shown['State']
