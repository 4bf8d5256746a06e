import asyncio
import os
import socket

from oslotest import base

from novacontainer.runtime.api import relay
from novacontainer.runtime import models

TIMEOUT_S = 20
ALL = frozenset({'stdin', 'stdout', 'stderr'})


class Client:
    """A client that is told what to do."""

    def __init__(self):
        self.gone = asyncio.Event()
        self.input = asyncio.Queue()
        self.taken = b''
        self.backlog = 0
        self.slow = False

    async def read(self):
        data = await self.input.get()
        if isinstance(data, Exception):
            raise data
        return data

    def write(self, data):
        if self.slow:
            self.backlog += len(data)
        self.taken += data

    async def drain(self):
        await asyncio.get_running_loop().create_future()


class RelayTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.process, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.process.close)
        self.process.settimeout(TIMEOUT_S)
        life, self.death = os.pipe()
        self.attachment = models.Attachment(theirs, life)
        self.addCleanup(self.attachment.close)
        self.addCleanup(self.die)

    def die(self):
        """Let the process end; its monitor may go on."""
        if self.death is not None:
            os.close(self.death)
            self.death = None

    def run_relay(self, play, streams=ALL, raw=False, **wishes):
        """Run a relay while ``play(client)`` does things."""
        async def run():
            client = Client()
            running = asyncio.ensure_future(relay.Relay(
                client, self.attachment,
                relay.Wishes(streams, raw, **wishes)).run())
            await play(client)
            async with asyncio.timeout(TIMEOUT_S):
                outcome = await running
            return outcome, client.taken

        return asyncio.run(run())

    async def end(self, _client=None):
        self.process.shutdown(socket.SHUT_RDWR)

    async def received(self, count=1):
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(None, self.process.recv, 65536)
                for _ in range(count)]

    def test_frames(self):
        self.process.send(b'\2out')
        self.process.send(b'\3err')
        self.assertEqual(
            (relay.Outcome.ENDED,
             b'\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err'),
            self.run_relay(self.end))

    def test_raw(self):
        self.process.send(b'\2out')
        self.assertEqual((relay.Outcome.ENDED, b'out'),
                         self.run_relay(self.end, raw=True))

    def test_one_stream(self):
        for _ in range(50):
            self.process.send(b'\3err')
        self.process.send(b'\2out')
        self.assertEqual(
            (relay.Outcome.ENDED, b'out'),
            self.run_relay(self.end, {'stdout'}, raw=True))

    def test_much(self):
        async def play(_client):
            def write():
                for _ in range(1000):
                    self.process.send(b'\2' + b'x' * 8192)
                self.process.shutdown(socket.SHUT_RDWR)

            await asyncio.get_running_loop().run_in_executor(None, write)

        outcome, taken = self.run_relay(play, raw=True)
        self.assertEqual((relay.Outcome.ENDED, 8192000),
                         (outcome, len(taken)))

    def test_input_in_packets_and_its_end(self):
        async def play(client):
            client.input.put_nowait(b'x' * 10000)
            client.input.put_nowait(b'')
            packets = await self.received(3)
            self.assertEqual([8192, 1808, 0], list(map(len, packets)))
            await self.end()

        self.assertEqual(
            relay.Outcome.ENDED, self.run_relay(play, ends_input=True)[0])

    def test_end_of_input_that_is_not_the_processs(self):
        async def play(client):
            client.input.put_nowait(b'')

        self.assertEqual(relay.Outcome.LEFT, self.run_relay(play)[0])

    def test_input_that_is_not_wanted(self):
        async def play(client):
            client.input.put_nowait(b'text')
            self.process.setblocking(False)
            await asyncio.sleep(0.05)
            self.assertRaises(BlockingIOError, self.process.recv, 10)
            await self.end()

        self.run_relay(play, {'stdout'})

    def test_process_that_reads_no_more(self):
        async def play(client):
            self.process.shutdown(socket.SHUT_RD)
            client.input.put_nowait(b'text')
            client.input.put_nowait(b'')
            await asyncio.sleep(0.05)
            self.process.send(b'\2last')
            await self.end()

        self.assertEqual((relay.Outcome.ENDED, b'last'), self.run_relay(
            play, raw=True, ends_input=True))

    def test_detach_keys(self):
        async def play(client):
            client.input.put_nowait(b'a\x10')
            client.input.put_nowait(b'\x11b')

        outcome, _ = self.run_relay(play, detach_keys=b'\x10\x11')
        self.assertEqual(relay.Outcome.DETACHED, outcome)
        self.assertEqual(b'a', self.process.recv(10))

    def test_client_that_goes(self):
        async def vanish(client):
            client.gone.set()

        async def break_off(client):
            client.input.put_nowait(ConnectionResetError())

        for play in (vanish, break_off):
            self.assertEqual(relay.Outcome.GONE, self.run_relay(play)[0])

    def test_monitor_that_is_killed(self):
        async def play(_client):
            self.process.close()

        self.assertEqual(relay.Outcome.ENDED, self.run_relay(play)[0])

    def test_slow_client_slows_the_process_down(self):
        async def play(client):
            client.slow = True
            self.process.setblocking(False)
            for _ in range(20):
                await self.fill()
            self.assertLess(len(client.taken), 500000)
            client.gone.set()

        self.run_relay(play)

    def test_slow_client_does_not_hold_up_the_end(self):
        async def play(client):
            client.slow = True
            self.process.setblocking(False)
            for _ in range(5):
                await self.fill()
            self.die()
            for _ in range(5):
                await self.fill()
            await self.end()

        outcome, taken = self.run_relay(play)
        self.assertEqual(relay.Outcome.ENDED, outcome)
        self.assertGreater(len(taken), 100000)

    def test_client_too_slow_for_what_is_left(self):
        self.patch(relay, 'REST_BYTES', 50000)

        async def play(client):
            client.slow = True
            self.die()
            self.process.setblocking(False)
            for _ in range(20):
                await self.fill()

        self.assertEqual(relay.Outcome.GONE, self.run_relay(play)[0])

    def test_process_that_ended_before(self):
        self.attachment = models.Attachment(
            self.attachment.connection, None)
        self.process.send(b'\2out')
        self.assertEqual((relay.Outcome.ENDED, b'out'),
                         self.run_relay(self.end, raw=True))

    def test_drain(self):
        self.process.send(b'\2text')

        async def run():
            copy = self.attachment.connection.dup()
            draining = asyncio.ensure_future(relay.drain(copy))
            await asyncio.sleep(0.01)
            self.assertFalse(draining.done())
            await self.end()
            await draining
            self.assertEqual(-1, copy.fileno())

        asyncio.run(run())

    async def fill(self):
        """Write as a process does that is in a hurry."""
        for _ in range(10):
            try:
                self.process.send(b'\2' + b'x' * 8192)
            except (BlockingIOError, BrokenPipeError):
                break
        await asyncio.sleep(0.005)
