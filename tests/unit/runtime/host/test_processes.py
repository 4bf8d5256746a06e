"""Processes by pid and start time."""

import errno
import os
import pathlib
import signal
import subprocess
import threading
import time

from oslotest import base

from novacontainer.runtime.host import processes


class TestProcesses(base.BaseTestCase):
    def started(self, *words):
        process = subprocess.Popen(words or ('sleep', '60'))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, processes.start_ticks(process.pid)

    def test_alive_until_it_ends(self):
        process, ticks = self.started()
        self.assertGreater(ticks, 0)
        self.assertTrue(processes.alive(process.pid, ticks))
        process.kill()
        process.wait()
        self.assertFalse(processes.alive(process.pid, ticks))
        self.assertEqual(0, processes.start_ticks(process.pid))

    def test_name(self):
        process, _ = self.started()
        self.assertEqual('sleep', processes.name(process.pid))
        process.kill()
        process.wait()
        self.assertEqual('', processes.name(process.pid))

    def test_name_that_is_no_text(self):
        before = pathlib.Path('/proc/thread-self/comm').read_bytes()
        with open('/proc/thread-self/comm', 'wb') as comm:
            comm.write(b'a\x1bb\xff')
        try:
            name = processes.name(threading.get_native_id())
        finally:
            pathlib.Path('/proc/thread-self/comm').write_bytes(before)
        self.assertEqual('a?b\ufffd', name)

    def test_busy(self):
        process, _ = self.started()
        # Its start takes a moment.
        deadline = time.monotonic() + 20
        while processes.is_busy(process.pid):
            self.assertLess(time.monotonic(), deadline)
        spinning, _ = self.started('sh', '-c', 'while :; do :; done')
        while not processes.is_busy(spinning.pid):
            self.assertLess(time.monotonic(), deadline)
        for one in (process, spinning):
            one.kill()
            one.wait()
            self.assertFalse(processes.is_busy(one.pid))

    def test_zombie_is_not_alive(self):
        process, ticks = self.started('true')
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.assertEqual(ticks, processes.start_ticks(process.pid))
        self.assertFalse(processes.alive(process.pid, ticks))

    def test_reused_pid_is_another_process(self):
        process, ticks = self.started()
        self.assertFalse(processes.alive(process.pid, ticks + 1))
        self.assertIsNone(processes.open_pidfd(process.pid, ticks + 1))
        self.assertFalse(processes.send_signal(
            process.pid, ticks + 1, signal.SIGKILL))
        self.assertIsNone(process.poll())

    def test_name_with_brackets(self):
        process, ticks = self.started(
            'sh', '-c', 'echo "a) Z 1 (b" > /proc/$$/comm; echo; sleep 60')
        while b'Z 1' not in pathlib.Path(
                f'/proc/{process.pid}/comm').read_bytes():
            self.assertIsNone(process.poll())
        self.assertTrue(processes.alive(process.pid, ticks))

    def test_nobody(self):
        for pid in (0, -1, 4194304):
            self.assertFalse(processes.alive(pid, 1))
            self.assertIsNone(processes.open_pidfd(pid, 1))
            self.assertTrue(processes.wait_gone(pid, 1, 0))
            self.assertFalse(processes.send_signal(pid, 1, signal.SIGTERM))

    def test_send_signal(self):
        process, ticks = self.started()
        self.assertTrue(processes.send_signal(
            process.pid, ticks, signal.SIGTERM))
        self.assertEqual(-signal.SIGTERM, process.wait(10))

    def test_no_such_signal(self):
        process, ticks = self.started()
        error = self.assertRaises(
            OSError, processes.send_signal, process.pid, ticks, 4711)
        self.assertEqual(errno.EINVAL, error.errno)

    def test_wait_gone(self):
        process, ticks = self.started()
        self.assertFalse(processes.wait_gone(process.pid, ticks, 0.01))
        timer = threading.Timer(0.05, process.kill)
        timer.start()
        self.assertTrue(processes.wait_gone(process.pid, ticks, 10))
        timer.join()

    def test_no_descriptor_is_left_open(self):
        process, ticks = self.started()
        before = len(os.listdir('/proc/self/fd'))
        processes.wait_gone(process.pid, ticks, 0)
        processes.send_signal(process.pid, ticks, 0)
        processes.open_pidfd(process.pid, ticks + 1)
        self.assertEqual(before, len(os.listdir('/proc/self/fd')))
