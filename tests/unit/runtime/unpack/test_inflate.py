import gzip

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.unpack import follow
from novacontainer.runtime.unpack import inflate
from tests import archives

PLAIN = bytes(range(256)) * 40_000


class TestInflater(base.BaseTestCase):

    def inflater(self, data, max_bytes=1 << 30):
        return inflate.Inflater('gzip', iter([data]), max_bytes)

    def test_digest_covers_what_is_not_read(self):
        with self.inflater(gzip.compress(PLAIN)) as found:
            self.assertEqual(PLAIN[:600], found.stream.take(600))
            self.assertEqual(archives.digest(PLAIN), found.finish())

    def test_left_early(self):
        with self.inflater(gzip.compress(bytes(200 << 20))) as found:
            found.stream.take(1)
        self.assertFalse(found._thread.is_alive())

    def test_faults_cross_the_thread(self):
        with self.inflater(gzip.compress(PLAIN)[:-9]) as found:
            self.assertRaises(exception.InvalidRequest, found.finish)

    def test_bounded(self):
        with self.inflater(gzip.compress(PLAIN), 1000) as found:
            error = self.assertRaises(exception.InvalidRequest, found.finish)
        self.assertEqual('image.too_large', error.code)

    def test_abandoned(self):
        def source():
            yield gzip.compress(PLAIN)[:100]
            raise follow.Abandoned
        with inflate.Inflater('gzip', source(), 1 << 30) as found:
            self.assertRaises(follow.Abandoned, found.finish)
