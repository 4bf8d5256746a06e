"""Root disks of a limited size, as clients ask for them."""

import subprocess
import time

import docker

from tests.functional import sdk


class StorageTest(sdk.SdkTestCase):

    def test_a_limited_root_disk(self):
        container = self.run_container(
            'sh', '-c', 'dd if=/dev/zero of=/big bs=64k',
            storage_opt={'size': '32M'})
        self.assertEqual(1, container.wait()['StatusCode'])
        self.assertIn(b'No space left on device', container.logs())
        container.reload()
        self.assertEqual({'size': '32M'},
                         container.attrs['HostConfig']['StorageOpt'])
        image = container.commit('full')
        self.addCleanup(self.docker.images.remove, image.id, force=True)
        self.assertIn(b'/big', self.docker.containers.run(
            image.id, 'ls /big', remove=True))

    def test_what_cannot_be_met_is_refused(self):
        for options, status, said in (
                ({'size': '1k'}, 400, '16M'), ({'size': 'big'}, 400, 'big'),
                ({'dm.basesize': '1G'}, 501, 'dm.basesize')):
            error = self.assertRaises(
                docker.errors.APIError, self.create_container, 'true',
                storage_opt=options)
            self.assertEqual(status, error.status_code)
            self.assertIn(said, error.explanation)

    def test_info_says_what_there_is(self):
        info = self.docker.info()
        self.assertEqual('overlay', info['Driver'])
        told = dict(info['DriverStatus'])
        self.assertIn('loop', told['Root Disk Limit'])
        self.assertTrue(told['Backing Filesystem'])

    def test_changes(self):
        container = self.run_container(
            'sh', '-c', 'echo x > /tmp/new; rm /bin/vi; sleep 1000',
            tmpfs={'/srv/cache': ''})
        shown = []
        deadline = time.monotonic() + 60
        while not any(one['Path'] == '/bin/vi' for one in shown):
            self.assertLess(time.monotonic(), deadline)
            shown = container.diff() or []
        expected = {('/bin', 0), ('/bin/vi', 2), ('/tmp', 0),
                    ('/tmp/new', 1)}
        self.assertEqual(expected, {
            (one['Path'], one['Kind']) for one in shown})
        container.kill()
        listed = subprocess.run(
            ['docker', '-H', self.daemon.url, 'diff', container.id],
            check=True, capture_output=True, text=True).stdout.splitlines()
        self.assertIn('D /bin/vi', listed)
        untouched = self.create_container('true')
        self.assertIsNone(untouched.diff())
