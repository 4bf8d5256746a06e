"""Serial consoles through Nova's own proxy, and the console log."""

from nova.tests.functional.api import client as api_client
import websocket

from tests.functional import consoleproxy
from tests.functional import novaservers
from tests import terminals

#: A shell at the terminal, and a first process that heeds a stop.
SHELL = ['sh', '-c', 'trap "exit 0" TERM; sh <&1 & wait']


class ConsolesTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False

    def setUp(self):
        self.proxy = consoleproxy.ConsoleProxy()
        super().setUp()
        self.shell = self.image(SHELL)

    def _setup_compute_service(self):
        self.useFixture(self.proxy)
        self.flags(enabled=True, base_url=self.proxy.base_url,
                   proxyclient_address='127.0.0.1', group='serial_console')
        return super()._setup_compute_service()

    def url(self, server):
        """The address of a serial console, with a token."""
        return self.api.api_post(
            f'/servers/{server["id"]}/remote-consoles',
            {'remote_console': {'protocol': 'serial', 'type': 'serial'}},
        ).body['remote_console']['url']

    def join(self, url):
        """A client at a console, until the test's end."""
        terminal = terminals.Terminal(url)
        self.addCleanup(terminal.__exit__)
        return terminal

    def assertRefused(self, url):
        self.assertRaises(websocket.WebSocketException,
                          lambda: self.join(url).run('true'))

    def assertAsking(self, status, server):
        """Ask in vain for a console."""
        error = self.assertRaises(
            api_client.OpenStackApiException, self.url, server)
        self.assertEqual(status, error.response.status_code)

    def assertShell(self, url):
        self.assertEqual('42', self.join(url).run('echo $((6*7))'))


class SerialTestCase(ConsolesTestCase):

    def test_session(self):
        server = self.boot(self.shell)
        url = self.url(server)
        self.assertRefused(f'{url}x')
        self.assertRefused(url.partition('?')[0])
        terminal = self.join(url)
        self.assertEqual('42', terminal.run('echo $((6*7))'))
        # Every key reaches the process at once; the terminal shows it.
        terminal.type("echo ready''now; cat\n")
        terminal.expect('readynow')
        terminal.type('o\x10')
        terminal.expect(r'o\^P')
        terminal.type('\n\x04')
        self.assertEqual('43', terminal.run('echo $((6*7+1))'))
        terminal.type('exit\n')
        self.assertTrue(terminal.ended())

    def test_another_instances_port(self):
        """A token is of no use when the port is not the instance's."""
        server = self.boot(self.shell)
        url = self.url(server)
        self.compute.manager.driver._serials.close_all()
        self.flags(port_range='20000:20001', group='serial_console')
        self.assertRefused(url)
        self.assertShell(self.url(server))

    def test_stop_start_reboot_and_pause(self):
        server = self.boot(self.shell)
        url = self.url(server)
        terminal = self.join(url)
        terminal.run('true')
        self._stop_server(server)
        self.assertTrue(terminal.ended())
        self.assertRefused(url)
        self.assertAsking(409, server)
        self._start_server(server)
        self.assertShell(url)
        for kind in ('SOFT', 'HARD'):
            self.act(server, 'reboot', 'ACTIVE', {'type': kind})
            self.assertShell(url)
        terminal = self.join(url)
        terminal.run('true')
        self.act(server, 'pause', 'PAUSED')
        self.assertAsking(409, server)
        terminal.type("echo '<'tho''ught'>'\n")
        self.act(server, 'unpause', 'ACTIVE')
        terminal.expect('<thought>')

    def test_rescue(self):
        server = self.boot(self.shell)
        inside = self.join(self.url(server))
        inside.run('echo mine > /note')
        self.act(server, 'rescue', 'RESCUE',
                 {'rescue_image_ref': self.shell})
        self.assertTrue(inside.ended())
        rescue = self.join(self.url(server))
        self.assertEqual('mine', rescue.run('cat /mnt/note'))
        self.act(server, 'unrescue', 'ACTIVE')
        self.assertTrue(rescue.ended())
        self.assertEqual(
            'mine', self.join(self.url(server)).run('cat /note'))

    def test_rebuild_and_shelve(self):
        self.flags(shelved_offload_time=0)
        server = self.boot(self.shell)
        before = self.join(self.url(server))
        before.run('true')
        self._rebuild_server(server, self.image(SHELL))
        self.assertTrue(before.ended())
        before = self.join(self.url(server))
        before.run('true')
        self.act(server, 'shelve', 'SHELVED_OFFLOADED')
        self.assertTrue(before.ended())
        self.act(server, 'unshelve', 'ACTIVE')
        self.assertShell(self.url(server))

    def test_resize(self):
        self.flags(allow_resize_to_same_host=True)
        small, large = (
            self._create_flavor(name=name, memory_mb=memory, vcpu=1, disk=1,
                                ephemeral=0)
            for name, memory in (('small', 64), ('large', 96)))
        server = self.boot(self.shell, flavorRef=small)
        self.act(server, 'resize', 'VERIFY_RESIZE', {'flavorRef': large})
        self.assertShell(self.url(server))
        self.act(server, 'revertResize', 'ACTIVE')
        self.assertShell(self.url(server))

    def test_compute_service_restarts_and_delete(self):
        server = self.boot(self.shell)
        terminal = self.join(self.url(server))
        terminal.run('true')
        self.compute = self.restart_compute_service(self.compute)
        self.assertTrue(terminal.ended())
        terminal = self.join(self.url(server))
        self.assertEqual('42', terminal.run('echo $((6*7))'))
        self._delete_server(server)
        self.assertTrue(terminal.ended())
        self.assertEqual({}, self.compute.manager.driver._serials._ports)
        self.assertNothingLeft()

    def test_removed_by_hand(self):
        server = self.boot(self.shell)
        url = self.url(server)
        terminal = self.join(url)
        terminal.run('true')
        self.host.daemon.request(
            'DELETE', f'/containers/nova-{server["id"]}?force=1')
        self.assertTrue(terminal.ended())
        self.assertAsking(404, server)
        self.assertRefused(url)
        self._delete_server(server)

    def test_made_without_a_terminal(self):
        """It can be watched, and what is typed goes nowhere."""
        self.flags(enabled=False, group='serial_console')
        server = self.boot(self.image(
            ['sh', '-c', 'trap "exit 0" TERM; '
             'while true; do echo tick; sleep 0.2; done']))
        self.assertAsking(400, server)
        self.flags(enabled=True, group='serial_console')
        terminal = self.join(self.url(server))
        terminal.type('nonsense\n')
        terminal.expect('tick\n(.|\n)*tick\n')

    def test_nowhere_to_listen(self):
        server = self.boot(self.shell)
        self.flags(port_range='20000:20001', group='serial_console')
        with terminals.taken('127.0.0.1', 20000):
            self.assertAsking(400, server)
        self.flags(proxyclient_address='198.51.100.1',
                   group='serial_console')
        self.assertAsking(400, server)

class LogTestCase(ConsolesTestCase):

    def write_out(self, script):
        """Boot what writes this, and then says ``the-end``."""
        return self.boot(self.image(
            ['sh', '-c', f'{script}; echo the-end; '
             'trap "exit 0" TERM; while true; do sleep 0.1; done']))

    def test_huge_without_a_newline(self):
        server = self.write_out('head -c 3000000 /dev/zero | tr "\\0" x')
        text = self.console(server, 'the-end')
        self.assertLessEqual(len(text), 100 * 1024)
        self.assertGreater(len(text), 90_000)

    def test_what_is_no_text(self):
        server = self.write_out(
            'for i in $(seq 20); do head -c 20000 /bin/busybox; done; '
            r'printf " gr\303\274n \377\000\n"')
        text = self.console(server, 'the-end')
        self.assertTrue(text.isascii())
        self.assertLessEqual(len(text), 100 * 1024)
        self.assertIn(' gr?n ?', text)
        # To Nova what follows the last newline is a line.
        text = self.api.post_server_action(
            server['id'], {'os-getConsoleOutput': {'length': 2}})['output']
        self.assertEqual(['the-end'], text.split())
        self._stop_server(server)
        self.assertIn('the-end', self.console(server))

    def test_rescue(self):
        """The rescue's own meanwhile, and what there was afterwards."""
        server = self.write_out('echo before')
        self.console(server, 'the-end')
        self.act(server, 'rescue', 'RESCUE', {'rescue_image_ref': self.image(
            ['sh', '-c', 'echo mending; trap "exit 0" TERM; '
             'while true; do sleep 0.1; done'])})
        self.assertNotIn('before', self.console(server, 'mending'))
        self.act(server, 'unrescue', 'ACTIVE')
        self.assertIn('before', self.console(server, 'the-end'))

    def test_removed_by_hand(self):
        server = self.write_out('true')
        self.host.daemon.request(
            'DELETE', f'/containers/nova-{server["id"]}?force=1')
        error = self.assertRaises(
            api_client.OpenStackApiException, self.console, server)
        self.assertEqual(404, error.response.status_code)
        self._delete_server(server)
