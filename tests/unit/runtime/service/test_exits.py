import os
import queue
import threading
import time

import fixtures
from oslotest import base

from novacontainer.runtime.service import exits


class ExitMonitorTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.seen = queue.Queue()
        self.monitor = exits.ExitMonitor(self.seen.put)
        self.stopped = False
        self.addCleanup(self.stop)

    def stop(self):
        if not self.stopped:
            self.stopped = True
            self.monitor.stop()

    def pipe(self):
        """Return (watched end, other end): closing that ends the watch."""
        read, write = os.pipe2(os.O_CLOEXEC)
        return read, write

    def test_an_end_is_told_once(self):
        self.monitor.start()
        read, write = self.pipe()
        self.monitor.watch('a', read)
        self.assertEqual(1, len(self.monitor))
        os.close(write)
        self.assertEqual('a', self.seen.get(timeout=10))
        self.assertRaises(queue.Empty, self.seen.get, timeout=0.05)
        self.assertEqual(0, len(self.monitor))
        self.assertRaises(OSError, os.fstat, read)

    def test_what_ended_before_the_start(self):
        read, write = self.pipe()
        os.close(write)
        self.monitor.watch('a', read)
        self.monitor.start()
        self.assertEqual('a', self.seen.get(timeout=10))

    def test_forgotten(self):
        self.monitor.start()
        read, write = self.pipe()
        self.monitor.watch('a', read)
        self.monitor.forget('a')
        self.monitor.forget('a')
        os.close(write)
        self.assertRaises(queue.Empty, self.seen.get, timeout=0.05)

    def test_watched_again_under_the_same_key(self):
        self.monitor.start()
        first, first_end = self.pipe()
        second, second_end = self.pipe()
        self.monitor.watch('a', first)
        self.monitor.watch('a', second)
        os.close(first_end)
        self.assertRaises(queue.Empty, self.seen.get, timeout=0.05)
        os.close(second_end)
        self.assertEqual('a', self.seen.get(timeout=10))

    def test_a_number_that_is_used_again_is_not_mistaken(self):
        read, write = self.pipe()
        self.addCleanup(os.close, write)
        self.monitor.watch('a', read)
        # As if the poll had reported an earlier owner of the number.
        self.monitor._ended(read)
        self.assertEqual(1, len(self.monitor))
        self.assertTrue(self.seen.empty())

    def test_an_end_does_not_wait_for_another(self):
        block, entered = threading.Event(), threading.Event()
        self.addCleanup(block.set)

        def on_exit(key):
            if key == 'slow':
                entered.set()
                block.wait(10)
            self.seen.put(key)

        monitor = exits.ExitMonitor(on_exit)
        monitor.start()
        self.addCleanup(monitor.stop)
        self.addCleanup(block.set)
        for key in ('slow', 'quick'):
            read, write = self.pipe()
            monitor.watch(key, read)
            os.close(write)
            if key == 'slow':
                entered.wait(10)
        self.assertEqual('quick', self.seen.get(timeout=10))

    def test_a_failure_is_logged_and_the_rest_goes_on(self):
        log = self.useFixture(fixtures.FakeLogger())

        def on_exit(key):
            if key == 'bad':
                raise ValueError('that went wrong')
            self.seen.put(key)

        monitor = exits.ExitMonitor(on_exit)
        monitor.start()
        self.addCleanup(monitor.stop)
        for key in ('bad', 'good'):
            read, write = self.pipe()
            monitor.watch(key, read)
            os.close(write)
        self.assertEqual('good', self.seen.get(timeout=10))
        deadline = time.monotonic() + 10
        while 'that went wrong' not in log.output:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)

    def test_stop_closes_everything(self):
        self.monitor.start()
        read, write = self.pipe()
        self.addCleanup(os.close, write)
        self.monitor.watch('a', read)
        self.stop()
        self.assertRaises(OSError, os.fstat, read)
