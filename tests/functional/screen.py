"""A command on a terminal, and somebody who types and looks.

Used by: the tests of command lines.
"""

import os
import pty
import select
import subprocess
import termios
import time

TIMEOUT_S = 60


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, words, environment):
        self.master, slave = pty.openpty()
        self.resize(25, 90)
        # A controlling terminal tells of its size and of ctrl-c; whoever
        # runs the tests in the background has that ignored.
        self.process = subprocess.Popen(
            ['env', '--default-signal=INT,QUIT', 'setsid', '--ctty', *words],
            env=environment, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)

    def resize(self, rows, columns):
        """Be a window that was drawn larger or smaller."""
        termios.tcsetwinsize(self.master, (rows, columns))

    def modes(self):
        """Return how it passes keys on (termios(3))."""
        return termios.tcgetattr(self.master)

    def type(self, data):
        """Type on the keyboard."""
        os.write(self.master, data)

    def expect(self, text):
        """Read until a text is on the screen; return all that came."""
        found = b''
        deadline = time.monotonic() + TIMEOUT_S
        while text not in found:
            left = deadline - time.monotonic()
            if not select.select([self.master], [], [], max(0, left))[0]:
                raise AssertionError(f'{text!r} not in {found!r}')
            try:
                found += os.read(self.master, 65536)
            except OSError as error:
                raise AssertionError(
                    f'{text!r} not in {found!r}') from error
        return found

    def wait(self):
        """Wait for the CLI to end; return its exit code."""
        return self.process.wait(TIMEOUT_S)

    def close(self):
        """Leave nothing."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)
