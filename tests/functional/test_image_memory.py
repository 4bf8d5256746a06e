"""Memory does not grow with an image.

One passes that is larger than all the memory that the daemon and the driver
may have more than before.  (The process that unpacks has a limit always.)
"""

import os
import subprocess
import sys

from oslotest import base

from tests.functional import bigimages
from tests.functional import daemon

SIZE_MB = 384
#: Threads come and go, and each has a stack of 8 MB.
MORE_MB = 96


class ImageMemoryTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.daemon = self.useFixture(daemon.Daemon())

    def transfer(self, size_mb, more_mb=MORE_MB):
        return subprocess.run(
            [sys.executable, '-W', 'ignore', '-m',
             'tests.functional.bigimages', str(self.daemon.socket_path),
             str(size_mb), str(more_mb)], cwd=daemon.ROOT,
            env={**os.environ, 'PYTHONPATH': str(daemon.ROOT)},
            capture_output=True, text=True, check=False)

    def remove(self):
        [image] = self.daemon.json('GET', '/images/json')
        self.daemon.request('DELETE', f'/images/{image["Id"]}?force=1')

    def test_load_and_save(self):
        # Everything that is made once is there then.
        self.assertEqual(0, self.transfer(1).returncode)
        self.remove()
        bigimages.limit(self.daemon.process.pid, MORE_MB)
        done = self.transfer(SIZE_MB)
        self.assertEqual(0, done.returncode, done.stderr + self.daemon.log)
        self.assertLess(SIZE_MB << 20, int(done.stdout))
        self.remove()

    def test_that_the_limit_is_one(self):
        """A driver that would keep the image could not."""
        script = (
            'import os; from tests.functional import bigimages; '
            f'bigimages.limit(os.getpid(), {MORE_MB}); '
            f'b"".join(bigimages.pieces({SIZE_MB}))')
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', script],
            cwd=daemon.ROOT,
            env={**os.environ, 'PYTHONPATH': str(daemon.ROOT)},
            capture_output=True, text=True, check=False)
        self.assertIn('MemoryError', done.stderr)
