import threading
import time

from oslotest import base

from novacontainer.runtime.service import locks


class LocksTest(base.BaseTestCase):

    def test_one_at_a_time(self):
        held = locks.Locks()
        inside, most = [], []

        def work():
            for _ in range(20):
                with held.hold('a'):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.0002)
                    inside.pop()

        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(1, max(most))
        self.assertEqual(0, len(held))

    def test_another_container_is_free(self):
        held = locks.Locks()
        with held.hold('a'):
            done = threading.Event()

            def other():
                with held.hold('b'):
                    done.set()

            thread = threading.Thread(target=other)
            thread.start()
            self.assertTrue(done.wait(10))
            thread.join()

    def test_an_error_lets_go(self):
        held = locks.Locks()

        def fail():
            with held.hold('a'):
                raise ValueError

        self.assertRaises(ValueError, fail)
        self.assertEqual(0, len(held))
        with held.hold('a'):
            self.assertEqual(1, len(held))
