import threading
from unittest import mock

from novacontainer.runtime.api import importing
from novacontainer.runtime import exception
from tests.unit.runtime.api import served

URL = '/images/load?file=/import/one&checksum=md5:x&reference=glance/a:1'


class Archive:
    """A file of ten bytes; ``more`` has to be set for its second half."""

    size_bytes = 10

    def __init__(self):
        self.read_bytes = 0
        self.more = threading.Event()
        self.closed = threading.Event()
        self.abandoned = threading.Event()
        self.differs = False

    def read(self, size):
        if self.read_bytes == 10:
            return b''
        if self.read_bytes:
            while not self.more.wait(0.01):
                if self.abandoned.is_set():
                    raise exception.Internal('given up', 'image.file')
        self.read_bytes += 5
        return b'12345'

    def verify(self):
        if self.differs:
            raise exception.Conflict('It differs.', 'image.file_differs')

    def abandon(self):
        self.abandoned.set()

    def close(self):
        self.closed.set()


class ImportingTest(served.ServedTestCase):

    def setUp(self):
        super().setUp()
        self.archive = Archive()
        self.images.give('open_file', self.archive)

    def slowly(self):
        patcher = mock.patch.object(importing, 'TELL_S', 0.01)
        patcher.start()
        self.addCleanup(patcher.stop)

    def lines(self, answer):
        return [served.json.loads(line)
                for line in answer.body.splitlines()]

    def progressed(self):
        """Return an unread answer that has told of progress."""
        response = self.open('POST', URL)
        self.assertEqual(200, response.status)
        self.assertEqual(
            {'status': 'Importing',
             'progressDetail': {'current': 5, 'total': 10}},
            served.json.loads(response.readline()))
        return response

    def test_soon_done(self):
        self.archive.more.set()
        answer = self.call('POST', URL)
        self.assertEqual(200, answer.status)
        self.assertEqual({'stream': 'Loaded image: shop:latest\n'},
                         answer.json)
        self.assertEqual(
            [('open_file', ('/import/one', 'md5:x'), {}),
             ('load', (), {'reference': 'glance/a:1'})], self.images.calls)
        self.assertEqual(10, self.images.taken)
        self.assertTrue(self.archive.closed.is_set())

    def test_no_checksum(self):
        self.archive.more.set()
        self.call('POST', '/images/load?file=/import/one')
        self.assertEqual(('open_file', ('/import/one', ''), {}),
                         self.images.calls[0])

    def test_not_to_be_opened(self):
        self.images.give('open_file', exception.Forbidden('No.', 'image.x'))
        self.assert_refused(403, 'image.x', self.call('POST', URL))

    def test_soon_refused(self):
        self.archive.more.set()
        self.archive.differs = True
        self.assert_refused(
            409, 'image.file_differs', self.call('POST', URL))
        self.images.refuse_after = 1
        self.archive.read_bytes = 0
        self.assert_refused(400, 'image.invalid', self.call('POST', URL))
        self.assertTrue(self.archive.closed.is_set())

    def test_later_done(self):
        self.slowly()
        response = self.progressed()
        self.archive.more.set()
        lines = self.lines(served.Answer(response))
        self.assertEqual({'stream': 'Loaded image: shop:latest\n'},
                         lines[-1])

    def test_later_refused(self):
        self.slowly()
        self.archive.differs = True
        response = self.progressed()
        self.archive.more.set()
        lines = self.lines(served.Answer(response))
        self.assertEqual(
            {'errorDetail': {'code': 409, 'message': 'It differs.'},
             'error': 'It differs.', 'code': 'image.file_differs'},
            lines[-1])

    def test_a_bug_breaks_the_answer_off(self):
        self.slowly()
        self.archive.verify = lambda: 1 // 0
        response = self.progressed()
        self.archive.more.set()
        self.assertRaises(served.BROKEN, response.read)

    def test_a_client_that_goes_away(self):
        self.slowly()
        sock = self.raw()
        sock.sendall(f'POST {URL} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        self.assertIn(b' 200 ', sock.recv(65536).splitlines()[0])
        sock.close()
        self.assertTrue(self.archive.closed.wait(served.TIMEOUT_S))
        self.assertEqual('given up', self.images.error.message)
