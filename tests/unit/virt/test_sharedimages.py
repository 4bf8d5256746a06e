from oslotest import base

from novacontainer.virt import sharedimages

IMAGE = '4d0ffc9e-6dcb-4b14-8b9f-2b1f6a1c5c55'
OTHER = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
THEIRS = '/var/lib/glance/images'


class SharedImagesTestCase(base.BaseTestCase):

    def find(self, *urls, directories=(THEIRS,), **fields):
        return sharedimages.find({
            'id': IMAGE, 'checksum': 'c0ffee',
            'locations': [{'url': url, 'metadata': {}} for url in urls],
            **fields}, directories)

    def test_found(self):
        url = f'file://{THEIRS}/{IMAGE}'
        for urls in ((url,), ('http://glance/x', url), (url, 'rbd://a/b/c')):
            self.assertEqual(
                sharedimages.SharedImage(f'{THEIRS}/{IMAGE}', 'md5:c0ffee'),
                self.find(*urls))

    def test_where_it_is_mounted_elsewhere(self):
        for directories in (
                [f'{THEIRS}:/mnt/glance'],
                ['/other:/mnt/other', f'{THEIRS}/:/mnt/glance/']):
            self.assertEqual(f'/mnt/glance/{IMAGE}', self.find(
                f'file://{THEIRS}/{IMAGE}', directories=directories).path)

    def test_the_better_checksum(self):
        url = f'file://{THEIRS}/{IMAGE}'
        found = self.find(url, os_hash_algo='sha512', os_hash_value='abc')
        self.assertEqual('sha512:abc', found.checksum)
        found = self.find(url, os_hash_algo='sha512', os_hash_value=None)
        self.assertEqual('md5:c0ffee', found.checksum)

    def test_no_checksum(self):
        self.assertIsNone(self.find(
            f'file://{THEIRS}/{IMAGE}', checksum=None))

    def test_no_location(self):
        self.assertIsNone(self.find())
        self.assertIsNone(self.find(locations=None))
        self.assertIsNone(self.find(locations=[{}]))

    def test_hostile_locations(self):
        for url in (
                f'file://{THEIRS}/{OTHER}',
                f'file:///etc/{IMAGE}',
                'file:///etc/shadow',
                f'file://{THEIRS}/../../../../etc/{IMAGE}',
                f'file://{THEIRS}/%2e%2e/{IMAGE}',
                f'file://{THEIRS}/{IMAGE}/../{OTHER}',
                f'file://{THEIRS}/sub/{IMAGE}',
                f'file://{THEIRS}/{IMAGE}?x',
                f'file://{THEIRS}/{IMAGE}#x',
                f'file://{THEIRS}/{IMAGE}%00',
                f'file://elsewhere{THEIRS}/{IMAGE}',
                f'{THEIRS}/{IMAGE}', f'filesystem://{THEIRS}/{IMAGE}',
                f'http://{THEIRS}/{IMAGE}', 'file://[/', ''):
            self.assertIsNone(self.find(url), url)
