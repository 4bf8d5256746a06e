"""What the rules for the devices of a cgroup must do, in both versions.

Run on the real kernel by ``tests/integration/test_device_rules.py``.  A
subclass makes a cgroup as an OCI runtime leaves it.
"""

import pathlib
import subprocess
import sys

import fixtures

from novacontainer.runtime.engine import devicerules
from novacontainer.runtime.host import devices
from novacontainer.runtime.host import loopdevices

#: Opens what may always be opened, and what never may, until its standard
#: input ends; prints the first thing that was not as it should be.
_WATCH = """
import os, select, sys
procs, allowed, refused = sys.argv[1:]
open(procs, 'w').write(str(os.getpid()))
def opens(path):
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return False
    return True
print('ready', flush=True)
while not select.select([0], [], [], 0)[0]:
    for path, wanted in (allowed, True), (refused, False):
        if opens(path) is not wanted:
            sys.exit(f'{path}: {not wanted}')
"""


class DeviceRulesContract:
    """Mix into a test case that defines the three members below."""

    def make_cgroup(self):
        """Make the cgroup ``/nc-test`` with the standard devices only."""
        raise NotImplementedError

    #: Of the cgroup file systems, and of the file that takes pids.
    root: pathlib.Path
    procs: pathlib.Path

    def setUp(self):
        super().setUp()
        self.make_cgroup()
        self.rules = devicerules.of('/nc-test', self.root)
        self.disks = [self.make_disk() for _ in range(2)]

    def make_disk(self):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        image = directory / 'disk.img'
        image.write_bytes(bytes(1 << 16))
        device = loopdevices.attached(image)
        path = device.__enter__()
        self.addCleanup(device.__exit__, None, None, None)
        return path

    def rule(self, path, access='rwm'):
        node = devices.inspect(path)
        return {'allow': True, 'type': node.kind, 'major': node.major,
                'minor': node.minor, 'access': access}

    def opens(self, redirection):
        """Say whether a shell in the cgroup can open something."""
        done = subprocess.run(
            ['sh', '-c', f'echo $$ >{self.procs} && (: {redirection})'],
            capture_output=True, text=True, check=False)
        if done.returncode:
            self.assertIn('Operation not permitted', done.stderr)
        return not done.returncode

    def test_standard_devices(self):
        for _ in range(2):
            self.assertTrue(self.opens('<>/dev/null'))
            self.assertTrue(self.opens('</dev/urandom'))
            self.assertFalse(self.opens('</dev/kmsg'))
            self.assertFalse(self.opens(f'<{self.disks[0]}'))
            self.rules.apply([])

    def test_access(self):
        disk, other = self.disks
        self.rules.apply([self.rule(disk, 'r')])
        self.assertTrue(self.opens(f'<{disk}'))
        self.assertFalse(self.opens(f'>{disk}'))
        self.assertFalse(self.opens(f'<>{disk}'))
        self.assertFalse(self.opens(f'<{other}'))
        # Two names in the container, one device.
        self.rules.apply([self.rule(disk, 'r'), self.rule(disk, 'w')])
        self.assertTrue(self.opens(f'<>{disk}'))
        self.rules.apply([self.rule(disk, 'w'), self.rule(other)])
        self.assertFalse(self.opens(f'<{disk}'))
        self.assertTrue(self.opens(f'>{disk}'))
        self.assertTrue(self.opens(f'<>{other}'))
        self.rules.apply([])
        self.assertFalse(self.opens(f'>{disk}'))
        self.assertFalse(self.opens(f'<{other}'))
        self.assertTrue(self.opens('<>/dev/null'))

    def test_what_is_open_stays_open(self):
        disk = self.disks[0]
        self.rules.apply([self.rule(disk)])
        process = subprocess.Popen(
            ['sh', '-c', f'echo $$ >{self.procs} && exec 3<{disk} && '
             f'echo open && read _ && head -c 1 <&3 | wc -c'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with process:
            self.assertEqual('open\n', process.stdout.readline())
            self.rules.apply([])
            self.assertEqual('1\n', process.communicate('\n')[0])

    def test_settling(self):
        disk, other = self.disks
        self.rules.settle([])
        self.assertFalse(self.opens(f'<{disk}'))
        self.rules.apply([self.rule(disk), self.rule(other, 'r')])
        self.rules.settle([self.rule(other, 'r')])
        self.assertFalse(self.opens(f'<{disk}'))
        self.assertTrue(self.opens(f'<{other}'))

    def test_never_everything_and_never_nothing(self):
        disk, other = self.disks
        self.rules.apply([self.rule(disk)])
        watcher = subprocess.Popen(
            [sys.executable, '-c', _WATCH, str(self.procs), disk,
             '/dev/kmsg'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        with watcher:
            self.assertEqual('ready\n', watcher.stdout.readline())
            for _ in range(100):
                self.rules.apply([self.rule(disk), self.rule(other)])
                self.rules.apply([self.rule(disk)])
            _, said = watcher.communicate('')
        self.assertEqual((0, ''), (watcher.returncode, said))
