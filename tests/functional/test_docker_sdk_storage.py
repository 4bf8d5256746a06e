"""Root disks of a limited size, as clients ask for them."""

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
