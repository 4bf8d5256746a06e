"""The engines, and plugging, on a host with cgroup version 2 only.

A mount namespace in which /sys/fs/cgroup is the version 2 hierarchy is such
a host, as far as the OCI runtimes look; limits are left out, because their
controllers may well be in version 1 hierarchies here.
"""

import subprocess
import sys

from oslotest import base

from novacontainer.runtime.host import capabilities

_SCRIPT = """
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec "$@"
"""


class TestContract(base.BaseTestCase):
    def run_there(self, runtime):
        result = subprocess.run(
            ['unshare', '--mount', '--propagation', 'private',
             'sh', '-e', '-c', _SCRIPT, 'sh',
             sys.executable, '-m', 'testtools.run',
             f'tests.integration.test_engine.{runtime}',
             f'tests.integration.test_engine_crash.{runtime}',
             f'tests.integration.test_plugs.{runtime}'],
            capture_output=True, text=True, check=False)
        self.assertEqual(0, result.returncode,
                         result.stdout + result.stderr)

    def test_crun(self):
        if 'CAP_SYS_RESOURCE' not in capabilities.bounding():
            self.skipTest('crun has to raise RLIMIT_MEMLOCK to load the '
                          'filter of devices, and may not on this host')
        self.run_there('TestCrun')

    def test_runc(self):
        self.run_there('TestRunc')
