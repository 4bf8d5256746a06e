import asyncio
import unittest

import aiohttp

from novacontainer.runtime.api import websocket


class Connection:
    """An end of a web socket; it takes messages while ``open`` is set."""

    def __init__(self):
        self.open = asyncio.Event()
        self.messages = asyncio.Queue()
        self.sent = []
        self.closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        message = await self.messages.get()
        if message is None:
            raise StopAsyncIteration
        return message

    async def send_bytes(self, data):
        await self.open.wait()
        if self.closed:
            raise aiohttp.ClientConnectionResetError('gone')
        self.sent.append(data)

    async def close(self):
        self.closed = True

    def say(self, kind, data):
        """Let the client send a message."""
        self.messages.put_nowait(aiohttp.WSMessage(kind, data, None))


class ClientTest(unittest.IsolatedAsyncioTestCase):

    def client(self, takes_input=True):
        self.connection = Connection()
        client = websocket.Client(self.connection, takes_input)
        self.addCleanup(client.close)
        return client

    async def test_input(self):
        client = self.client()
        self.connection.say(aiohttp.WSMsgType.TEXT, 'é')
        self.connection.say(aiohttp.WSMsgType.BINARY, b'\xff')
        self.assertEqual('é'.encode(), await client.read())
        self.assertEqual(b'\xff', await client.read())
        self.connection.messages.put_nowait(None)
        self.assertEqual(b'', await client.read())
        self.assertTrue(client.gone.is_set())

    async def test_input_that_nobody_wants(self):
        client = self.client(takes_input=False)
        for _ in range(100):
            self.connection.say(aiohttp.WSMsgType.BINARY, b'x')
        self.connection.messages.put_nowait(None)
        await client.gone.wait()
        self.assertEqual(b'', await client.read())

    async def test_a_slow_client(self):
        client = self.client()
        client.write(b'x' * 100_000)
        draining = asyncio.ensure_future(client.drain())
        await asyncio.sleep(0)
        self.assertFalse(draining.done())
        self.assertEqual(100_000, client.backlog)
        self.connection.open.set()
        await draining
        self.assertEqual(0, client.backlog)

    async def test_gone_meanwhile(self):
        client = self.client()
        client.write(b'x' * 100_000)
        draining = asyncio.ensure_future(client.drain())
        await asyncio.sleep(0)
        await self.connection.close()
        self.connection.open.set()
        with self.assertRaises(ConnectionResetError):
            await draining

    async def test_finish_sends_the_rest(self):
        client = self.client()
        client.write(b'rest')
        self.connection.open.set()
        await client.finish()
        self.assertEqual([b'rest'], self.connection.sent)
        self.assertTrue(self.connection.closed)
