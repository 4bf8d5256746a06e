import os
import pty
import termios

from novacontainer.cli import foreground
from novacontainer.cli import session
from novacontainer.cli import verb
from novacontainer import client as api
from tests.unit.cli import command
from tests.unit.client import endpoint

RAW = 'application/vnd.docker.raw-stream'


class ForegroundTestCase(command.CommandTestCase):

    def context(self, *answers):
        """Make what verbs work with, in front of these answers."""
        served = self.useFixture(endpoint.Endpoint(*answers))
        self.requests = served.requests
        self.console = command.console()
        return verb.Context(api.Client(served.path, 10), self.console,
                            served.path)

    def terminal(self):
        """Have a terminal of 30 rows to type on and to look at."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        termios.tcsetwinsize(master, (30, 100))
        self.console.source = os.fdopen(slave, 'rb', buffering=0)
        self.addCleanup(self.console.source.close)
        self.console.output = os.fdopen(os.dup(slave), 'w')
        self.addCleanup(self.console.output.close)
        return master

    def test_the_order(self):
        context = self.context(
            endpoint.Answer(b'out', status=101, content_type=RAW),
            endpoint.Answer([b'{"StatusCode": 4}']), endpoint.Answer())
        self.assertEqual(4, foreground.join(
            context, 'f00', session.Wishes(stdin=False, tty=False),
            start=lambda: context.client.containers.start('f00')))
        self.assertEqual(
            ['POST /containers/f00/attach?stream=1&stdin=0&stdout=1&stderr=1',
             'POST /containers/f00/wait?condition=next-exit',
             'POST /containers/f00/start'], self.paths())

    def test_a_terminal_gets_our_size_and_is_left(self):
        context = self.context(
            endpoint.Answer(b'', status=101, content_type=RAW, listens=True),
            endpoint.Answer([b'{"StatusCode": 4}']), endpoint.Answer(),
            endpoint.Answer())
        master = self.terminal()
        before = termios.tcgetattr(master)
        os.write(master, b'xq')
        self.assertEqual(0, foreground.join(
            context, 'f00', session.Wishes(
                stdin=True, tty=True, detach_keys='q'),
            condition='not-running'))
        self.assertEqual(
            ['POST /containers/f00/attach?stream=1&stdin=1&stdout=1&stderr=1'
             '&detachKeys=q',
             'POST /containers/f00/wait?condition=not-running',
             'POST /containers/f00/resize?h=31&w=101',
             'POST /containers/f00/resize?h=30&w=100'], self.paths())
        self.assertEqual(before, termios.tcgetattr(master))
