import io
import tarfile

import docker
import testtools

from tests import archives
from tests.functional import sdk


class ImagesTest(sdk.SdkTestCase):

    def add(self, tag, layout='new', **files):
        """Load a small image of its own."""
        archive = archives.docker_archive(
            {f'etc/{name}': text for name, text in files.items()},
            cmd=['/bin/sh'], tag=tag, layout=layout)
        images = self.load(archive)
        self.addCleanup(self.discard, images[0].id)
        return images

    def discard(self, ident):
        try:
            self.docker.images.remove(ident, force=True)
        except docker.errors.ImageNotFound:
            pass

    def test_load_every_layout(self):
        for layout in ('new', 'old', 'oci'):
            images = self.add(f'layout-{layout}:1', layout,
                              motd=layout.encode())
            self.assertEqual([[f'layout-{layout}:1']],
                             [image.tags for image in images])

    def test_get(self):
        image = self.add('shop/get:1', motd=b'get')[0]
        for name in ('shop/get:1', image.id, image.id[7:19]):
            found = self.docker.images.get(name)
            self.assertEqual(image.id, found.id)
        self.assertEqual(['/bin/sh'], found.attrs['Config']['Cmd'])
        self.assertEqual('linux', found.attrs['Os'])
        self.assertEqual(1, len(found.attrs['RootFS']['Layers']))

    def test_tag_in_one_word(self):
        image = self.add('shop/word:1', motd=b'word')[0]
        self.assertTrue(image.tag('localhost:5000/shop/word:2'))
        image.reload()
        self.assertIn('localhost:5000/shop/word:2', image.tags)

    def test_not_found(self):
        for name in ('nothing', 'sha256:' + '0' * 64):
            error = self.assertRaises(
                docker.errors.ImageNotFound, self.docker.images.get, name)
            self.assertIn('No such image: ', error.explanation)

    def test_list(self):
        image = self.add('shop/list:1', motd=b'list')[0]
        self.assertIn(image.id, [i.id for i in self.docker.images.list()])
        self.assertEqual([image.id], [
            i.id for i in self.docker.images.list(name='shop/list')])
        self.assertEqual([], self.docker.images.list(
            filters={'dangling': True}))
        error = self.assertRaises(
            docker.errors.APIError, self.docker.images.list,
            filters={'nonsense': 'x'})
        self.assertEqual(400, error.status_code)

    def test_tag_and_remove(self):
        image = self.add('shop/tag:1', motd=b'tag')[0]
        self.assertTrue(image.tag('glance/abc', 'def'))
        image.reload()
        self.assertEqual(['glance/abc:def', 'shop/tag:1'],
                         sorted(image.tags))
        self.docker.images.remove('shop/tag:1')
        self.assertEqual(image.id,
                         self.docker.images.get('glance/abc:def').id)
        self.docker.images.remove('glance/abc:def')
        self.assertRaises(docker.errors.ImageNotFound,
                          self.docker.images.get, image.id)

    def test_bad_tag(self):
        image = self.add('shop/badtag:1', motd=b'badtag')[0]
        error = self.assertRaises(docker.errors.APIError, image.tag,
                                  'UPPER CASE')
        self.assertEqual(400, error.status_code)

    def test_image_in_use(self):
        container = self.create_container()
        error = self.assertRaises(docker.errors.APIError,
                                  self.docker.images.remove,
                                  container.image.id)
        self.assertEqual(409, error.status_code)

    def test_save_and_load_again(self):
        image = self.add('shop/save:1', motd=b'hello')[0]
        data = b''.join(image.save(named='shop/save:1'))
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            self.assertIn('manifest.json', tar.getnames())
        self.docker.images.remove('shop/save:1')
        again = self.load(data)[0]
        self.assertEqual((image.id, ['shop/save:1']),
                         (again.id, again.tags))

    def test_save_of_nothing(self):
        error = self.assertRaises(
            docker.errors.ImageNotFound,
            lambda: list(self.docker.api.get_image('nothing')))
        self.assertEqual(404, error.status_code)

    def test_history(self):
        self.assertIsInstance(
            self.docker.images.get(sdk.IMAGE).history(), list)

    def test_pull_is_refused(self):
        error = self.assertRaises(docker.errors.APIError,
                                  self.docker.images.pull, 'debian', 'x')
        self.assertEqual(501, error.status_code)
        self.assertIn('docker load', error.explanation)

    def test_pull_of_what_is_here(self):
        name, tag = sdk.IMAGE.split(':')
        self.assertEqual(self.docker.images.get(sdk.IMAGE).id,
                         self.docker.images.pull(name, tag).id)

    def test_list_by_name(self):
        image = self.docker.images.get(sdk.IMAGE)
        image.tag('another', 'name')
        self.addCleanup(self.docker.images.remove, 'another:name')
        found, = self.docker.api.images(name='another')
        self.assertEqual(['another:name'], found['RepoTags'])

    def test_bad_archives(self):
        good = archives.docker_archive({'a': b'x' * 100000}, cmd=['/a'])
        before = {image.id for image in self.docker.images.list()}
        for archive in (b'', b'hello', b'\0' * 10240, good[:5000],
                        good.replace(b'x' * 1000, b'y' * 1000)):
            with testtools.ExpectedException(docker.errors.ImageLoadError):
                self.load(archive)
        self.assertEqual(before,
                         {image.id for image in self.docker.images.list()})
