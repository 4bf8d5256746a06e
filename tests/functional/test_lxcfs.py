"""What a container sees in /proc of its own limits, with a real lxcfs."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from oslotest import base

from tests import archives
from tests.functional import daemon


class LxcfsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        for needed in (shutil.which('lxcfs'),
                       os.path.exists('/dev/fuse') and '/dev/fuse'):
            if not needed:
                raise unittest.SkipTest(
                    'This needs lxcfs (package lxcfs) and /dev/fuse.')
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='nclx'))
        self.directory.chmod(0o711)
        self.addCleanup(shutil.rmtree, self.directory)
        self.point = self.directory / 'fs'
        self.point.mkdir()
        self.daemon = self.useFixture(daemon.Daemon(
            {'containers': {'lxcfs_directory': self.point}}))
        self.daemon.load(archives.busybox_image(
            'box:latest', ['sleep', '1000']))

    def serve(self):
        process = subprocess.Popen(
            ['lxcfs', '-f', '-p', str(self.directory / 'pid'),
             str(self.point)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        self.wait_for((self.point / 'proc/meminfo').exists)
        return process

    def end(self, process):
        process.kill()
        process.wait()
        subprocess.run(['umount', '-l', str(self.point)], check=False,
                       stderr=subprocess.DEVNULL)

    def wait_for(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def start(self, name, **host_config):
        self.daemon.json('POST', f'/containers/create?name={name}', {
            'Image': 'box:latest',
            'HostConfig': {'NetworkMode': 'none', **host_config}})
        self.daemon.json('POST', f'/containers/{name}/start')

    def sees(self, name, path):
        """What a file in a container says; '' where it cannot be read."""
        pid = self.daemon.json(
            'GET', f'/containers/{name}/json')['State']['Pid']
        done = subprocess.run(
            ['nsenter', '-t', str(pid), '-a', '/bin/busybox', 'cat', path],
            capture_output=True, text=True, check=False)
        return done.stdout

    def status(self):
        return self.daemon.json('GET', '/info')['Lxcfs']

    def test_while_it_lives_and_after(self):
        self.assertEqual('absent', self.status())
        self.start('before', Memory=64 << 20)
        self.assertNotIn(f'{64 << 10} kB', self.sees(
            'before', '/proc/meminfo').splitlines()[0])
        process = self.serve()
        self.assertEqual('live', self.status())
        self.start('limited', Memory=64 << 20, MemorySwap=64 << 20)
        first = self.sees('limited', '/proc/meminfo').splitlines()[0]
        self.assertEqual(['MemTotal:', f'{64 << 10}', 'kB'], first.split())
        uptime_s = float(self.sees('limited', '/proc/uptime').split()[0])
        self.assertLess(uptime_s, 3600)
        self.end(process)
        self.point.mkdir(exist_ok=True)
        self.assertEqual('absent', self.status())
        # What it showed is gone; a new start brings the kernel's view.
        self.assertEqual('', self.sees('limited', '/proc/meminfo'))
        self.daemon.json('POST', '/containers/limited/restart?t=0')
        self.assertIn('MemTotal', self.sees('limited', '/proc/meminfo'))

    def test_it_is_killed(self):
        process = self.serve()
        self.start('limited', Memory=64 << 20)
        process.kill()
        process.wait()
        self.wait_for(lambda: self.status() == 'dead')
        warnings = self.daemon.json('GET', '/info')['Warnings']
        self.assertIn('lxcfs has died', ' '.join(warnings))
        self.start('later', Memory=64 << 20)
        self.assertIn('MemTotal', self.sees('later', '/proc/meminfo'))
