from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import waiters


class WaitersTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.waiters = waiters.Waiters()
        self.futures = {condition: self.waiters.add('a', condition)
                        for condition in waiters.CONDITIONS}
        self.other = self.waiters.add('b', waiters.NEXT_EXIT)

    def test_exited(self):
        self.waiters.exited('a', 3)
        self.assertEqual(3, self.futures['not-running'].result(0))
        self.assertEqual(3, self.futures['next-exit'].result(0))
        self.assertFalse(self.futures['removed'].done())
        self.assertFalse(self.other.done())
        self.waiters.removed('a', 3)
        self.assertEqual(3, self.futures['removed'].result(0))
        self.assertEqual(1, len(self.waiters))

    def test_removed_tells_everyone(self):
        self.waiters.removed('a', 4)
        for future in self.futures.values():
            self.assertEqual(4, future.result(0))

    def test_cancelled_is_forgotten(self):
        self.futures['next-exit'].cancel()
        self.assertEqual(3, len(self.waiters))
        self.waiters.exited('a', 3)
        self.assertTrue(self.futures['next-exit'].cancelled())

    def test_abandon(self):
        self.waiters.abandon()
        for future in (*self.futures.values(), self.other):
            self.assertRaises(exception.Unavailable, future.result, 0)
        self.assertEqual(0, len(self.waiters))

    def test_settle_twice(self):
        waiters.settle(self.other, 1)
        waiters.settle(self.other, 2)
        self.assertEqual(1, self.other.result(0))

    def test_unknown_condition(self):
        self.assertRaises(exception.InvalidRequest, self.waiters.add,
                          'a', 'sometime')
        self.assertEqual(4, len(self.waiters))
