"""Attach through a web socket."""

import base64
import os
import socket
import time

import websocket

from tests.functional import sdk

TIMEOUT_S = 60
BINARY = websocket.ABNF.OPCODE_BINARY


class WebSocketTest(sdk.SdkTestCase):

    def join(self, container, **parameters):
        """Open a web socket to a container."""
        stream = socket.socket(socket.AF_UNIX)
        self.addCleanup(stream.close)
        stream.settimeout(TIMEOUT_S)
        stream.connect(str(self.daemon.socket_path))
        asked = '&'.join(f'{name}={value}' for name, value
                         in {'stream': 1, 'stdout': 1, 'stderr': 1,
                             **parameters}.items())
        client = websocket.create_connection(
            f'ws://daemon/v1.44/containers/{container.id}/attach/ws?{asked}',
            socket=stream, timeout=TIMEOUT_S)
        self.addCleanup(client.shutdown)
        return client

    def expect(self, client, text):
        """Receive until a text has come; return all of it."""
        found = b''
        while text not in found:
            opcode, data = client.recv_data()
            self.assertEqual(BINARY, opcode, found)
            found += data
        return found

    def test_output_and_end(self):
        container = self.create_container(
            'sh', '-c', 'echo out; echo err >&2')
        client = self.join(container)
        container.start()
        found = b''
        while True:
            opcode, data = client.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                break
            found += data
        self.assertEqual({b'out', b'err'}, set(found.split()))

    def test_input(self):
        container = self.run_container('cat', stdin_open=True)
        client = self.join(container, stdin=1)
        client.send('hello\n')
        self.expect(client, b'hello\n')
        client.send_binary(b'again\n')
        self.expect(client, b'again\n')
        # Who leaves ends nothing.
        client.close()
        other = self.join(container, stdin=1, logs=1)
        self.expect(other, b'again\n')
        other.send('more\n')
        self.expect(other, b'more\n')

    def test_terminal_and_detach_keys(self):
        container = self.run_container('cat', stdin_open=True, tty=True)
        client = self.join(container, stdin=1, detachKeys='ctrl-x')
        client.send('hello\n')
        # What the terminal echoes, and what the process answers.
        self.expect(client, b'hello\r\nhello\r\n')
        client.send_binary(b'\x18')
        opcode, _ = client.recv_data()
        self.assertEqual(websocket.ABNF.OPCODE_CLOSE, opcode)
        container.reload()
        self.assertEqual('running', container.status)

    def test_much_output(self):
        container = self.create_container(
            'head', '-c', '3000000', '/dev/zero')
        client = self.join(container)
        container.start()
        size = 0
        while True:
            opcode, data = client.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                break
            size += len(data)
        self.assertEqual(3000000, size)

    def test_a_client_that_vanishes(self):
        container = self.run_container(
            'sh', '-c', 'while :; do echo x; sleep 0.01; done')
        before = self.daemon.descriptors()
        clients = [self.join(container) for _ in range(5)]
        for client in clients:
            self.expect(client, b'x')
            client.sock.close()
        deadline = time.monotonic() + TIMEOUT_S
        while self.daemon.descriptors() > before + 1:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_without_an_upgrade(self):
        container = self.run_container()
        status, body = self.daemon.request(
            'GET', f'/containers/{container.id}/attach/ws?stream=1')
        self.assertEqual(400, status, body)
        self.assertIn(b'websocket', body)
        key = base64.b64encode(os.urandom(16)).decode()
        status, _ = self.daemon.request(
            'GET', '/containers/nosuch/attach/ws', headers={
                'Connection': 'Upgrade', 'Upgrade': 'websocket',
                'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key})
        self.assertEqual(404, status)
