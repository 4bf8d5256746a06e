import errno
import os
import socket
import threading

import fixtures
from oslotest import base

from novacontainer.client import exceptions
from novacontainer.client import transport
from tests.unit.client import endpoint


class ServedTestCase(base.BaseTestCase):

    def serve(self, *answers, timeout_s=5):
        self.endpoint = self.useFixture(endpoint.Endpoint(*answers))
        return transport.Transport(self.endpoint.path, timeout_s)


class TransportTestCase(ServedTestCase):

    def test_json(self):
        connection = self.serve(endpoint.Answer(b'{"a": [1]}'))
        self.assertEqual({'a': [1]}, connection.json(
            'POST', '/things/a b/c:d', body={'x': None},
            params={'yes': True, 'no': False, 'left_out': None, 'n': 3}))
        request, = self.endpoint.requests
        self.assertEqual('/v1.44/things/a%20b/c:d?yes=1&no=0&n=3',
                         request.path)
        self.assertEqual(b'{"x": null}', request.body)
        self.assertEqual('application/json', request.headers['Content-Type'])

    def test_whose_request_it_is(self):
        idents = ['', 'req-1']
        self.serve(*[endpoint.Answer(b'{}') for _ in idents])
        connection = transport.Transport(
            self.endpoint.path, request_id=idents.pop)
        connection.call('GET', '/x')
        connection.call('GET', '/x')
        self.assertEqual(['req-1', None], [
            request.headers[transport.REQUEST_ID]
            for request in self.endpoint.requests])

    def test_not_json(self):
        connection = self.serve(endpoint.Answer(b'<html>'))
        self.assertRaisesRegex(exceptions.ProtocolFailed, 'GET /x',
                               connection.json, 'GET', '/x')

    def test_not_modified_is_an_answer(self):
        connection = self.serve(endpoint.Answer(status=304))
        self.assertEqual(304, connection.call('POST', '/x').status)

    def test_refusal_carries_the_runtime_s_words(self):
        connection = self.serve(endpoint.Answer(
            b'{"message": "No such image: x", "code": "image.not_found"}',
            status=404))
        error = self.assertRaises(
            exceptions.NotFound, connection.call, 'GET', '/x')
        self.assertEqual(('No such image: x', 'image.not_found', 404),
                         (error.message, error.code, error.status))

    def test_refusal_without_json(self):
        for body, words in ((b'oh dear', 'oh dear'), (b'[1]', '[1]'),
                            (b'', 'Internal Server Error')):
            connection = self.serve(endpoint.Answer(body, status=500))
            error = self.assertRaises(
                exceptions.Failed, connection.call, 'GET', '/x')
            self.assertEqual(words, error.message)

    def test_nobody_there(self):
        directory = self.useFixture(fixtures.TempDir()).path
        connection = transport.Transport(os.path.join(directory, 'none'))
        error = self.assertRaises(
            exceptions.ConnectionFailed, connection.call, 'GET', '/x')
        self.assertIn('no such socket', error.message)
        self.assertIn('novacontainerd', error.message)

    def test_nobody_listens(self):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 's')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
        error = self.assertRaises(
            exceptions.ConnectionFailed,
            transport.Transport(path).call, 'GET', '/x')
        self.assertIn('nobody listens there', error.message)

    def test_no_answer_in_time(self):
        release = threading.Event()
        self.addCleanup(release.set)
        connection = self.serve(
            endpoint.Answer(before=lambda: release.wait(10)), timeout_s=0.1)
        self.assertRaises(
            exceptions.TimedOut, connection.call, 'GET', '/x')

    def test_any_silence_can_be_borne(self):
        waited = threading.Event()
        connection = self.serve(
            endpoint.Answer(b'x', before=lambda: waited.wait(0.3)),
            timeout_s=0.1)
        answer = connection.call(
            'GET', '/x', timeout_s=transport.FOREVER_S)
        self.assertEqual(b'x', answer.body)

    def test_silence_inside_a_body(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def body():
            yield b'begin'
            release.wait(10)

        connection = self.serve(endpoint.Answer(body()), timeout_s=0.1)
        with connection.stream('GET', '/x') as download:
            self.assertEqual(b'begin', download.read(5))
            self.assertRaises(exceptions.TimedOut, download.read)

    def test_proxies_of_the_environment_are_ignored(self):
        self.useFixture(fixtures.EnvironmentVariable(
            'ALL_PROXY', 'http://192.0.2.1:3128'))
        connection = self.serve(endpoint.Answer(b'{}'))
        self.assertEqual({}, connection.json('GET', '/x'))

    def test_many_threads_share_one(self):
        """More of them than the accept queue holds."""
        connection = self.serve(
            *[endpoint.Answer(b'{"n": 1}') for _ in range(20)])
        answers = []

        def ask():
            answers.append(connection.json('GET', '/x'))

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([{'n': 1}] * 20, answers)


    def test_accept_queue_stays_full(self):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 's')
        listener = self.enterContext(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(0)
        self.enterContext(socket.socket(socket.AF_UNIX)).connect(path)
        error = self.assertRaises(
            exceptions.ConnectionFailed,
            transport.Transport(path, 0.1).call, 'GET', '/x')
        self.assertIn('temporarily unavailable', error.message)


class UploadTestCase(ServedTestCase):

    def test_chunks_arrive_whole(self):
        connection = self.serve(endpoint.Answer())
        chunks = [b'one', b'', b'two', b'x' * 200000]
        connection.stream('POST', '/x', chunks=iter(chunks)).close()
        request, = self.endpoint.requests
        self.assertEqual(b''.join(chunks), request.body)
        self.assertEqual('application/x-tar', request.headers['Content-Type'])

    def test_source_fails_like_a_broken_pipe(self):
        """What Glance raises for a wrong checksum is not our connection's."""
        def chunks():
            yield b'some'
            raise OSError(errno.EPIPE, 'Corrupt image download.')

        connection = self.serve(endpoint.Answer())
        error = self.assertRaises(
            exceptions.SourceFailed, connection.stream, 'POST', '/x',
            chunks=chunks())
        self.assertIn('Corrupt image download.', error.message)
        self.assertIsInstance(error.__cause__, OSError)

    def test_other_errors_of_the_source_pass_unchanged(self):
        def chunks():
            yield b'some'
            raise KeyError('mine')

        connection = self.serve(endpoint.Answer())
        self.assertRaises(
            KeyError, connection.stream, 'POST', '/x', chunks=chunks())

    def test_refused_in_the_middle(self):
        """The server answers and closes while we are still sending."""
        connection = self.serve(endpoint.Answer(
            b'{"message": "not a tar"}', status=400, deaf=True))
        error = self.assertRaises(
            exceptions.InvalidRequest, connection.stream, 'POST', '/x',
            chunks=(b'x' * 65536 for _ in range(1000)))
        self.assertEqual('not a tar', error.message)


class DownloadTestCase(ServedTestCase):

    def test_read_pieces_then_iterate(self):
        connection = self.serve(endpoint.Answer([b'abcdef', b'ghi', b'jk']))
        with connection.stream('GET', '/x') as download:
            self.assertEqual(b'ab', download.read(2))
            self.assertEqual(b'cdefgh', download.read(6))
            self.assertEqual(b'ijk', b''.join(download))
            self.assertEqual(b'', download.read(5))
            self.assertEqual(b'', download.read())

    def test_connection_cut(self):
        connection = self.serve(endpoint.Answer([b'abc'], cut=True))
        with connection.stream('GET', '/x') as download:
            error = self.assertRaises(
                exceptions.ConnectionFailed, download.read)
        self.assertIn('closed the connection', error.message)

    def test_content_type(self):
        connection = self.serve(
            endpoint.Answer(content_type='Text/Plain; charset=x'))
        with connection.stream('GET', '/x') as download:
            self.assertEqual('text/plain', download.content_type)

    def test_objects(self):
        connection = self.serve(
            endpoint.Answer([b'{"a":', b' 1}\r\n\n{"b"', b': 2}\n{"c": 3}']))
        with connection.stream('GET', '/x') as download:
            self.assertEqual([{'a': 1}, {'b': 2}, {'c': 3}],
                             list(download.objects()))

    def test_objects_that_are_none(self):
        for line in (b'oops\n', b'[1]\n', b'"'):
            connection = self.serve(endpoint.Answer([line]))
            with connection.stream('GET', '/x') as download:
                self.assertRaises(exceptions.ProtocolFailed,
                                  list, download.objects())


class FilterParamsTestCase(base.BaseTestCase):

    def test_left_out(self):
        self.assertEqual({'filters': None}, transport.filter_params({}))

    def test_encoded(self):
        self.assertEqual(
            {'filters': '{"label": ["a=b", "c"]}'},
            transport.filter_params({'label': ('a=b', 'c')}))
