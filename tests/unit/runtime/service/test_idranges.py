import threading

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import idranges

SIZE = idranges.SIZE


class IdRangesTest(base.BaseTestCase):

    def test_lowest_free_first(self):
        ranges = idranges.IdRanges(SIZE, 3, [2 * SIZE])
        first, second = ranges.take(), ranges.take()
        self.assertEqual((SIZE, 3 * SIZE),
                         (first.host_base, second.host_base))
        error = self.assertRaises(exception.Unavailable, ranges.take)
        self.assertIn('userns_count', error.message)
        ranges.give_back(None)
        ranges.give_back(first)
        self.assertEqual(first, ranges.take())

    def test_what_lies_outside_the_pool_is_no_matter(self):
        ranges = idranges.IdRanges(SIZE, 1, [99 * SIZE])
        self.assertEqual(models.IdMap(SIZE, SIZE), ranges.take())

    def test_bad_pools(self):
        self.assertRaises(exception.InvalidRequest, idranges.IdRanges,
                          SIZE + 1, 1, [])
        self.assertRaises(exception.InvalidRequest, idranges.IdRanges,
                          2 ** 32 - 2 * SIZE, 2, [])

    def test_threads(self):
        ranges = idranges.IdRanges(SIZE, 400, [])
        taken = []

        def take():
            taken.extend(ranges.take().host_base for _ in range(50))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(400, len(set(taken)))
