import json

from oslotest import base

from novacontainer import client
from novacontainer.client import exceptions
from tests.unit.client import endpoint

_IMAGE = {'Id': 'sha256:1', 'RepoTags': ['a:b'], 'Size': 7,
          'Config': {'Entrypoint': ['/init'], 'Cmd': ['x', 'y']}}


class ImagesTestCase(base.BaseTestCase):

    def serve(self, *answers):
        self.endpoint = self.useFixture(endpoint.Endpoint(*answers))
        return client.Client(self.endpoint.path, timeout_s=5).images

    def answer(self, body, **kwargs):
        return endpoint.Answer(json.dumps(body).encode(), **kwargs)

    def assertRequested(self, method, path):
        request, = self.endpoint.requests
        self.assertEqual((method, '/v1.44' + path),
                         (request.method, request.path))

    def test_load(self):
        images = self.serve(endpoint.Answer(
            [b'{"stream": "Loaded image: a:b\\n"}\n',
             b'{"status": "x"}\n{"stream": "Loaded image ID: sha256:1\\n"}']))
        self.assertEqual(
            ('a:b', 'sha256:1'), images.load([b'tar'], reference='a:b'))
        self.assertRequested('POST', '/images/load?reference=a%3Ab')
        self.assertEqual(b'tar', self.endpoint.requests[0].body)

    def test_load_fails_inside_the_stream(self):
        report = {'errorDetail': {'message': 'digest differs', 'code': 400},
                  'error': 'digest differs', 'code': 'image.digest_mismatch'}
        images = self.serve(self.answer(report))
        error = self.assertRaises(
            exceptions.InvalidRequest, images.load, [b'tar'])
        self.assertEqual(('digest differs', 'image.digest_mismatch'),
                         (error.message, error.code))

    def test_load_fails_for_want_of_space(self):
        report = {'errorDetail': {'message': 'no space', 'code': 503},
                  'error': 'no space'}
        images = self.serve(self.answer(report))
        self.assertRaises(exceptions.Unavailable, images.load, [b'tar'])

    def test_load_fails_as_docker_says_it(self):
        images = self.serve(self.answer({'error': 'archive/tar: invalid'}))
        error = self.assertRaises(
            exceptions.InvalidRequest, images.load, [b'tar'])
        self.assertEqual('archive/tar: invalid', error.message)

    def test_load_file(self):
        images = self.serve(endpoint.Answer(
            [b'{"status": "Importing", "progressDetail": {"current": 1}}\n',
             b'{"stream": "Loaded image: a:b\\n"}\n']))
        self.assertEqual(('a:b',), images.load_file(
            '/import/one', 'md5:x', 'a:b', timeout_s=5))
        self.assertRequested(
            'POST', '/images/load?reference=a%3Ab&file=%2Fimport%2Fone'
            '&checksum=md5%3Ax')

    def test_load_file_that_is_another_one(self):
        report = {'errorDetail': {'message': 'differs', 'code': 409},
                  'error': 'differs', 'code': 'image.file_differs'}
        images = self.serve(endpoint.Answer(
            [b'{"status": "Importing"}\n', json.dumps(report).encode()]))
        self.assertRaises(exceptions.Conflict, images.load_file,
                          '/import/one', 'md5:x', 'a:b')

    def test_import_root(self):
        images = self.serve(self.answer({'status': 'sha256:1'}))
        self.assertEqual('sha256:1', images.import_root(
            [b'tar'], 'a', 'b', message='m', changes=['USER x', 'ENV a=b']))
        self.assertRequested(
            'POST', '/images/create?fromSrc=-&repo=a&tag=b&message=m'
            '&changes=USER+x%0AENV+a%3Db')
        self.assertEqual(b'tar', self.endpoint.requests[0].body)

    def test_import_root_that_fails(self):
        images = self.serve(self.answer({'error': 'no tar'}))
        self.assertRaises(exceptions.InvalidRequest, images.import_root,
                          [b'x'], '', '')

    def test_save(self):
        images = self.serve(endpoint.Answer([b'ta', b'r']))
        with images.save('glance/x:y') as download:
            self.assertEqual(b'tar', download.read())
        self.assertRequested('GET', '/images/glance/x:y/get')

    def test_get(self):
        image = self.serve(self.answer(_IMAGE)).get('a:b')
        self.assertEqual('sha256:1', image.id)
        self.assertEqual(('a:b',), image.references)
        self.assertEqual(('/init', 'x', 'y'), image.command)
        self.assertEqual(7, image.size_bytes)
        self.assertRequested('GET', '/images/a:b/json')

    def test_get_of_one_without_anything(self):
        image = self.serve(self.answer(
            {'Id': 'x', 'RepoTags': None, 'Config': {'Cmd': None}})).get('x')
        self.assertEqual(((), ()), (image.references, image.command))

    def test_get_missing(self):
        images = self.serve(self.answer({'message': 'No'}, status=404))
        self.assertRaises(exceptions.NotFound, images.get, 'x')

    def test_list(self):
        images = self.serve(self.answer([_IMAGE]))
        self.assertEqual(
            'sha256:1', images.list({'reference': ['a']})[0].id)
        self.assertRequested(
            'GET', '/images/json?filters=%7B%22reference%22%3A+%5B%22a'
            '%22%5D%7D')

    def test_tag(self):
        self.serve(endpoint.Answer(status=201)).tag('x', 'repo/a', 't')
        self.assertRequested('POST', '/images/x/tag?repo=repo%2Fa&tag=t')

    def test_remove(self):
        self.serve(self.answer([])).remove('a:b', force=True)
        self.assertRequested('DELETE', '/images/a:b?force=1')

    def test_remove_in_use(self):
        images = self.serve(self.answer({'message': 'in use'}, status=409))
        self.assertRaises(exceptions.Conflict, images.remove, 'x')

    def test_remove_says_what_was_done(self):
        images = self.serve(self.answer([{'Untagged': 'a:b'}]))
        self.assertEqual(({'Untagged': 'a:b'},), images.remove('a:b'))

    def test_save_all(self):
        images = self.serve(endpoint.Answer([b'tar']))
        with images.save_all(['a:b', 'c']) as download:
            self.assertEqual(b'tar', download.read())
        self.assertRequested('GET', '/images/get?names=a%3Ab%2Cc')

    def test_document(self):
        images = self.serve(self.answer(_IMAGE))
        self.assertEqual(_IMAGE, images.document('a:b'))

    def test_documents(self):
        images = self.serve(self.answer([_IMAGE]))
        self.assertEqual((_IMAGE,), images.documents({'label': ['x']}))
        self.assertRequested(
            'GET', '/images/json?filters=%7B%22label%22%3A+%5B%22x%22%5D%7D')

    def test_history(self):
        images = self.serve(self.answer([{'Id': 'sha256:1'}]))
        self.assertEqual(({'Id': 'sha256:1'},), images.history('a:b'))
        self.assertRequested('GET', '/images/a:b/history')
