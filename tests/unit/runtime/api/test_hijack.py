import asyncio
import socket
import time

from oslotest import base

from novacontainer.runtime.api import hijack
from tests.unit.runtime.api import served


class HijackTest(served.ServedTestCase):
    """Through the attach route, which adds nothing to a connection."""

    def attach(self, version='', upgrade='tcp', query='stream=1&stdout=1'):
        sock, head = self.hijack(
            f'{version}/containers/web/attach?{query}', upgrade=upgrade)
        return sock, head

    def connections(self):
        return len(self.server._runner.server.connections)

    def eventually(self, condition):
        deadline = time.monotonic() + served.TIMEOUT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_upgrade(self):
        _, head = self.attach()
        self.assertTrue(head.startswith('HTTP/1.1 101 UPGRADED\r\n'))
        for line in ('Connection: Upgrade', 'Upgrade: tcp',
                     f'Content-Type: {hijack.MULTIPLEXED}',
                     'Api-Version: 1.44'):
            self.assertIn(f'{line}\r\n', head)
        self.assertNotIn('Content-Length', head)

    def test_no_upgrade(self):
        _, head = self.attach(upgrade='')
        self.assertTrue(head.startswith('HTTP/1.1 200 OK\r\n'))
        self.assertIn(f'Content-Type: {hijack.RAW}\r\n', head)

    def test_old_clients_know_one_type(self):
        _, head = self.attach(version='/v1.41')
        self.assertIn(f'Content-Type: {hijack.RAW}\r\n', head)

    def test_bytes_both_ways_and_close(self):
        sock, _ = self.attach()
        self.attachments.join()
        self.attachments.process.send(b'\2text')
        self.attachments.end()
        self.assertEqual(b'\1\0\0\0\0\0\0\4text', sock.recv(100))
        self.assertEqual(b'', sock.recv(100))
        sock.close()
        self.eventually(lambda: not self.connections())

    def test_client_that_vanishes(self):
        sock, _ = self.attach()
        sock.close()
        self.eventually(lambda: not self.connections())
        self.assertTrue(self.attachments.joined.cancelled())

    def test_half_closed_client_that_vanishes(self):
        sock, _ = self.attach()
        sock.shutdown(socket.SHUT_WR)
        self.attachments.join()
        self.attachments.process.send(b'\2text')
        self.assertEqual(b'\1\0\0\0\0\0\0\4text', sock.recv(100))
        sock.close()
        # Nothing is written that could fail: the hang-up itself is seen.
        self.eventually(lambda: not self.connections())
        self.assertEqual(b'', self.attachments.process.recv(10))

    def test_a_client_that_takes_its_time_gets_everything(self):
        sock, _ = self.attach()
        self.attachments.join()
        for _ in range(31):
            self.attachments.process.send(b'\2' + b'x' * 8000)
        self.attachments.end()
        time.sleep(0.1)
        found = b''
        while data := sock.recv(65536):
            found += data
        self.assertEqual(31 * 8008, len(found))

    def test_client_that_never_reads_is_given_up(self):
        self.patch(hijack, 'LINGER_S', 0.2)
        self.attach()
        self.attachments.join()
        self.attachments.process.settimeout(0.5)

        def fill():
            while True:
                self.attachments.process.send(b'\2' + b'x' * 8000)

        # The client slows the process down, until that ends.
        self.assertRaises(TimeoutError, fill)
        self.attachments.end()
        self.eventually(lambda: not self.connections())

    def test_shutdown_ends_it(self):
        sock, _ = self.attach()
        self.run_in_loop(self.server.stop())
        self.assertEqual(b'', sock.recv(10))


class CaughtUpTest(base.BaseTestCase):

    def test_waits_until_the_client_has_read(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)

        async def run():
            reader, writer = await asyncio.open_connection(sock=ours)
            client = hijack.Client(reader, writer)
            client.write(b'head')
            waiting = asyncio.ensure_future(client.caught_up())
            await asyncio.sleep(0.05)
            self.assertFalse(waiting.done())
            theirs.recv(10)
            await asyncio.wait_for(waiting, 10)
            client.close()
            client.close()

        asyncio.run(run())

    def test_but_not_for_ever(self):
        self.patch(hijack, 'HEAD_S', 0.02)
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)

        async def run():
            reader, writer = await asyncio.open_connection(sock=ours)
            client = hijack.Client(reader, writer)
            client.write(b'head')
            await client.caught_up()
            client.close()

        asyncio.run(run())
