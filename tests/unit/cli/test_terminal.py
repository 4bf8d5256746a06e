import os
import pty
import signal
import termios

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import terminal


class TerminalTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.master, self.slave = pty.openpty()
        self.addCleanup(os.close, self.master)

    def test_raw_and_back(self):
        self.addCleanup(os.close, self.slave)
        before = termios.tcgetattr(self.slave)
        with terminal.raw(self.slave):
            local = termios.tcgetattr(self.slave)[3]
            self.assertEqual(0, local & (termios.ECHO | termios.ICANON |
                                         termios.ISIG))
        self.assertEqual(before, termios.tcgetattr(self.slave))

    def test_back_after_a_fault(self):
        self.addCleanup(os.close, self.slave)
        before = termios.tcgetattr(self.slave)

        def fail():
            with terminal.raw(self.slave):
                raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, fail)
        self.assertEqual(before, termios.tcgetattr(self.slave))

    def test_back_after_a_signal(self):
        self.addCleanup(os.close, self.slave)
        before = termios.tcgetattr(self.slave)
        handler = signal.getsignal(signal.SIGTERM)

        def end():
            with terminal.raw(self.slave):
                signal.raise_signal(signal.SIGTERM)

        error = self.assertRaises(failure.CommandFailed, end)
        self.assertEqual(128 + signal.SIGTERM, error.exit_code)
        self.assertEqual(before, termios.tcgetattr(self.slave))
        self.assertEqual(handler, signal.getsignal(signal.SIGTERM))

    def test_a_terminal_that_was_closed(self):
        with terminal.raw(self.slave):
            os.close(self.slave)

    def test_size(self):
        self.addCleanup(os.close, self.slave)
        self.assertIsNone(terminal.size(self.slave))
        termios.tcsetwinsize(self.master, (30, 100))
        self.assertEqual((30, 100), terminal.size(self.slave))
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        self.assertIsNone(terminal.size(reading))

    def test_followed(self):
        self.addCleanup(os.close, self.slave)
        seen = []
        with terminal.followed(self.slave, lambda *size: seen.append(size)):
            signal.raise_signal(signal.SIGWINCH)
            termios.tcsetwinsize(self.master, (31, 99))
            signal.raise_signal(signal.SIGWINCH)
        self.assertEqual([(31, 99)], seen)
