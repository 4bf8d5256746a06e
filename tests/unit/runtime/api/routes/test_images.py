import dataclasses
import json
import time

import fixtures

from novacontainer.runtime.api import transfers
from novacontainer.runtime import exception
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served


def chunks(total, size=100000):
    """Yield total bytes in pieces."""
    while total > 0:
        yield b'x' * min(size, total)
        total -= size


class ImageRoutesTest(served.ServedTestCase):

    def test_names_hold_slashes(self):
        for path, name in (
                ('/images/shop/json', 'shop'),
                ('/v1.44/images/glance/a-b:1/json', 'glance/a-b:1'),
                ('/images/glance%2Fa/json', 'glance/a'),
                ('/images/reg:5000/a/json/json', 'reg:5000/a/json')):
            self.assertEqual(200, self.call('GET', path).status)
            self.assertIn(('get', (name,), {}), self.images.calls)

    def test_inspect(self):
        shown = self.call('GET', '/images/shop/json').json
        self.assertEqual(fakes.IMAGE.id, shown['Id'])
        self.assertEqual(['glance/x:1', 'shop:latest'], shown['RepoTags'])
        self.assertEqual(4096, shown['Size'])
        self.assertEqual('overlay', shown['GraphDriver']['Name'])
        self.assertEqual(['sha256:' + '2' * 64], shown['RootFS']['Layers'])
        self.assertEqual(['/bin/sh'], shown['Config']['Cmd'])

    def test_unknown_image(self):
        self.images.give('get', exception.NotFound(
            'No such image: x', code='image.not_found'))
        self.assert_refused(404, 'image.not_found',
                            self.call('GET', '/images/x/json'))

    def test_list_passes_filters(self):
        filters = json.dumps({'label': {'a': True, 'b': False},
                              'reference': ['x']})
        answer = self.call('GET', '/images/json?filters=' +
                           filters.replace('"', '%22').replace(' ', ''))
        self.assertEqual([fakes.IMAGE.id], [i['Id'] for i in answer.json])
        self.assertEqual(
            ('list', (), {'filters': {'label': ('a',),
                                      'reference': ('x',)}}),
            self.images.calls[-1])

    def test_list_as_older_clients_know_it(self):
        nameless = dataclasses.replace(fakes.IMAGE, references=())
        self.images.give('list', [nameless])
        answer = self.call('GET', '/v1.40/images/json?filter=shop')
        self.assertEqual({'filters': {'reference': ('shop',)}},
                         self.images.calls[-1][2])
        self.assertEqual(['<none>:<none>'], answer.json[0]['RepoTags'])
        answer = self.call('GET', '/v1.43/images/json')
        self.assertEqual([], answer.json[0]['RepoTags'])

    def test_bad_filters(self):
        for filters in ('%7B', '[]', '1', '%7B%22x%22:[]%7D',
                        '%7B%22label%22:1%7D', '%7B%22label%22:[1]%7D',
                        '[' * 3000):
            self.assert_refused(
                400, 'filter.invalid',
                self.call('GET', '/images/json?filters=' + filters))

    def test_history_is_newest_first(self):
        steps = self.call('GET', '/images/shop/history').json
        self.assertEqual(['CMD sh', 'ADD /'],
                         [step['CreatedBy'] for step in steps])
        self.assertEqual([0, 4096], [step['Size'] for step in steps])
        self.assertEqual(fakes.IMAGE.id, steps[0]['Id'])

    def test_tag(self):
        answer = self.call('POST', '/images/a/b/tag?repo=glance/c&tag=7')
        self.assertEqual(201, answer.status)
        self.assertEqual(('tag', ('a/b', 'glance/c', '7'), {}),
                         self.images.calls[-1])
        self.call('POST', '/images/a/tag?repo=c')
        self.assertEqual(('a', 'c', ''), self.images.calls[-1][1])
        self.assert_refused(400, 'invalid_request',
                            self.call('POST', '/images/a/tag'))

    def test_remove(self):
        answer = self.call('DELETE', '/images/a/b:1?force=1&noprune=0')
        self.assertEqual([{'Untagged': 'shop:latest'}], answer.json)
        self.assertEqual(
            ('remove', ('a/b:1',), {'force': True, 'noprune': False}),
            self.images.calls[-1])

    def test_names_with_nul(self):
        for path in ('/images/a%00b/json', '/images/a/tag?repo=%00'):
            method = 'POST' if 'tag' in path else 'GET'
            self.assert_refused(400, 'invalid_request',
                                self.call(method, path))

    def test_import(self):
        answer = self.call(
            'POST', '/images/create?fromSrc=-&repo=shop&tag=2&message=why'
            '&changes=USER%20x&changes=CMD%20y%0AEXPOSE%208', b'tar')
        self.assertEqual({'status': fakes.IMAGE.id}, answer.json)
        self.assertEqual(
            ('import_root', (b'tar',), {
                'reference': 'shop:2', 'message': 'why',
                'changes': ['USER x', 'CMD y', 'EXPOSE 8']}),
            self.images.calls[-1])

    def test_import_from_elsewhere(self):
        self.assert_refused(
            501, 'image.pull_not_supported', self.call(
                'POST', '/images/create?fromSrc=http://a/b.tar'))

    def test_pull_says_what_to_do_instead(self):
        self.images.give('get', exception.NotFound('no', 'image.not_found'))
        message = self.assert_refused(
            501, 'image.pull_not_supported',
            self.call('POST', '/images/create?fromImage=x'))
        self.assertIn('docker load', message)

    def test_pull_of_what_is_here(self):
        self.images.give('get', fakes.IMAGE)
        for query, name in (
                ('fromImage=shop', 'shop'),
                ('fromImage=shop&tag=2&platform=linux/amd64', 'shop:2'),
                ('fromImage=shop&tag=sha256:12', 'shop@sha256:12')):
            answer = self.call('POST', f'/images/create?{query}')
            self.assertEqual(200, answer.status)
            self.assertIn(name, answer.json['status'])
            self.assertEqual(('get', (name,), {}), self.images.calls[-1])

    def test_pull_for_another_platform(self):
        self.images.give('get', fakes.IMAGE)
        self.assert_refused(
            501, 'image.pull_not_supported', self.call(
                'POST', '/images/create?fromImage=x&platform=windows'))
        self.assert_refused(
            400, 'container.invalid_platform', self.call(
                'POST', '/images/create?fromImage=x&platform=a!b'))


class LoadTest(served.ServedTestCase):

    def test_load(self):
        for body in (b'x' * 3000000, chunks(3000000)):
            self.images.taken = 0
            answer = self.call('POST', '/images/load?reference=glance/a:1',
                               body)
            self.assertEqual(200, answer.status)
            self.assertEqual({'stream': 'Loaded image: shop:latest\n'},
                             answer.json)
            self.assertEqual('chunked', answer.headers['Transfer-Encoding'])
            self.assertEqual(3000000, self.images.taken)
            self.assertEqual(('load', (), {'reference': 'glance/a:1'}),
                             self.images.calls[-1])

    def test_refused_archive_gets_its_status_after_the_upload(self):
        self.images.refuse_after = 1
        for body in (b'x' * 30_000_000, chunks(30_000_000)):
            answer = self.call('POST', '/images/load', body)
            message = self.assert_refused(400, 'image.invalid', answer)
            # What the SDK raises its ImageLoadError for.
            self.assertEqual({'message': message}, answer.json['errorDetail'])
            self.assertEqual('chunked', answer.headers['Transfer-Encoding'])

    def test_full_disk(self):
        self.images.load = lambda source, **_kw: self._full(source)
        self.assert_refused(503, 'storage.full', self.call(
            'POST', '/images/load', chunks(1000000)))

    @staticmethod
    def _full(source):
        source.read(10)
        raise exception.Unavailable('No space is left.', 'storage.full')

    def test_client_that_vanishes_fails_the_worker(self):
        for head in (b'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
                     b'Content-Length: 100\r\n\r\nabc'):
            self.images.ended.clear()
            sock = self.raw()
            sock.sendall(b'POST /images/load HTTP/1.1\r\nHost: x\r\n' + head)
            while not self.images.taken:
                time.sleep(0.01)
            sock.close()
            self.assertTrue(self.images.ended.wait(served.TIMEOUT_S))
            self.assertEqual('image.upload_aborted', self.images.error.code)
            self.images.taken = 0

    def test_malformed_chunks(self):
        sock = self.raw()
        sock.sendall(b'POST /images/load HTTP/1.1\r\nHost: x\r\n'
                     b'Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n')
        self.assertIn(b' 400 ', sock.recv(65536).splitlines()[0])

    def test_endless_upload_of_a_refused_archive_is_cut_off(self):
        self.useFixture(fixtures.MonkeyPatch(
            f'{transfers.__name__}.DRAIN_S', 0.2))
        self.images.refuse_after = 1
        sock = self.raw()
        sock.sendall(b'POST /images/load HTTP/1.1\r\nHost: x\r\n'
                     b'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
        self.assertIn(b' 400 ', sock.recv(65536).splitlines()[0])


class SaveTest(served.ServedTestCase):

    def test_save(self):
        self.images.pieces = [b'a' * 10, b'', b'b' * 20_000_000]
        answer = self.call('GET', '/images/glance/a:1/get')
        self.assertEqual('application/x-tar', answer.headers['Content-Type'])
        self.assertEqual(20_000_010, len(answer.body))
        self.assertEqual(('save', (['glance/a:1'],), {}),
                         self.images.calls[-1])

    def test_save_many(self):
        self.call('GET', '/images/get?names=a&names=b,c')
        self.assertEqual((['a', 'b', 'c'],), self.images.calls[-1][1])
        self.assert_refused(400, 'invalid_request',
                            self.call('GET', '/images/get'))

    def test_failure_before_the_first_byte_has_a_status(self):
        self.images.pieces = []
        self.images.save_error = exception.NotFound(
            'No such image: a', 'image.not_found')
        self.assert_refused(404, 'image.not_found',
                            self.call('GET', '/images/a/get'))

    def test_failure_half_way_breaks_the_body_off(self):
        self.images.pieces = [b'x' * 1000]
        self.images.save_error = exception.Internal('The disk broke.')
        response = self.open('GET', '/images/a/get')
        self.assertEqual(200, response.status)
        self.assertRaises(served.BROKEN, response.read)

    def test_client_that_vanishes_fails_the_worker(self):
        self.images.pieces = [b'x' * 1_000_000] * 1000
        sock = self.raw()
        sock.sendall(b'GET /images/a/get HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(100)
        sock.close()
        self.assertTrue(self.images.ended.wait(served.TIMEOUT_S))
        self.assertEqual('image.download_aborted', self.images.error.code)
        self.assertLess(self.images.taken, 100_000_000)
