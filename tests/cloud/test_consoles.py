"""Consoles: a shell through nova-serialproxy, and what was written."""

import openstack
import websocket

from demo import images
from tests.cloud import cloudcase
from tests import terminals

#: A shell at the terminal, and a first process that heeds a stop.
_SHELL = """sh -c 'trap "exit 0" TERM; sh <&1 & wait'"""


class ConsolesTest(cloudcase.CloudTestCase):

    def boot_shell(self):
        """Boot what has nothing but a shell on its console."""
        return self.boot(
            images.DEBIAN, metadata={'novacontainer_command': _SHELL})

    def url(self, server):
        """The address of a serial console, with a token."""
        return self.compute.create_server_remote_console(
            server, protocol='serial', type='serial').url

    def join(self, url):
        """A client at a console, until the test's end."""
        return self.enterContext(terminals.Terminal(url))

    def test_shell(self):
        server = self.boot_shell()
        url = self.url(server)
        self.assertTrue(url.startswith('ws://127.0.0.1:6083/?token='))
        first = self.join(url)
        self.assertEqual('42', first.run('echo $((6*7))'))
        self.assertEqual('/dev/console', first.run('ls /dev/console'))
        self.assertEqual(server.name.replace('_', '-'),
                         first.run('hostname'))
        with self.subTest('two at once share it'):
            second = self.join(self.url(server))
            self.assertEqual('again', second.run('echo aga''in'))
            first.expect('<again>')
        with self.subTest('one leaves'):
            second.__exit__()
            self.assertEqual('43', first.run('echo $((6*7+1))'))
        with self.subTest('after a stop and a start, with the same token'):
            self.compute.stop_server(server)
            self.wait(server, 'SHUTOFF')
            self.assertTrue(first.ended())
            with self.assertRaises(websocket.WebSocketException):
                self.join(url).run('true')
            with self.assertRaises(openstack.exceptions.ConflictException):
                self.url(server)
            self.compute.start_server(server)
            self.wait(server, 'ACTIVE')
            self.assertEqual('42', self.join(url).run('echo $((6*7))'))
        for kind in ('SOFT', 'HARD'):
            with self.subTest(f'after a reboot, {kind}'):
                self.compute.reboot_server(server, kind)
                self.wait(server, 'ACTIVE')
                self.assertEqual('42', self.join(url).run('echo $((6*7))'))
        with self.subTest('the instance goes'):
            last = self.join(url)
            last.run('true')
            self.delete(server)
            self.assertTrue(last.ended())
            with self.assertRaises(websocket.WebSocketException):
                self.join(url).run('true')

    def test_wrong_tokens(self):
        server = self.boot_shell()
        url, _, token = self.url(server).partition('token=')
        for wrong in ('', 'nonsense', token[:-1], token.upper()):
            with self.subTest(wrong), self.assertRaises(
                    websocket.WebSocketException):
                self.join(f'{url}token={wrong}').run('true')
        self.assertEqual('42', self.join(
            f'{url}token={token}').run('echo $((6*7))'))

    def test_shell_that_ends(self):
        server = self.boot_shell()
        terminal = self.join(self.url(server))
        terminal.type('exit\n')
        self.assertTrue(terminal.ended())
        self.wait(server, 'SHUTOFF')

    def test_log_is_bounded_and_text(self):
        server = self.boot_shell()
        terminal = self.join(self.url(server))
        # A megabyte without a newline, and bytes that are no text.
        terminal.run(r'head -c 1000000 /dev/zero | tr "\0" x >/dev/console')
        terminal.run(r'printf "\377\000\033 gr\303\274n\n" >/dev/console')
        terminal.run('echo the-end >/dev/console')
        text = self.until('the log has its end',
                          lambda: self.log_with(server, 'the-end'))
        self.assertTrue(text.isascii())
        self.assertLessEqual(len(text), 100 * 1024)
        self.assertGreater(text.count('x'), 90_000)
        self.assertIn(' gr?n', text)
        last = self.compute.get_server_console_output(server, length=3)
        # To Nova what follows the last newline is a line.
        self.assertEqual(3, len(last['output'].split('\n')))

    def log_with(self, server, text):
        """The console log, once it has a text."""
        log = self.compute.get_server_console_output(server)['output']
        return log if text in log else None
