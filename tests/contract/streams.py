"""What a process's streams say: the engine's attachments, read in tests."""

import socket

TIMEOUT_S = 20

_NAMES = {2: 'stdout', 3: 'stderr'}


def read(attachment):
    """Read to the end; return what was written, by stream."""
    attachment.connection.settimeout(TIMEOUT_S)
    found = {'stdout': b'', 'stderr': b''}
    while packet := attachment.connection.recv(65536):
        found[_NAMES[packet[0]]] += packet[1:]
    return found


def expect(attachment, text):
    """Read until a text has come; return everything up to then."""
    attachment.connection.settimeout(TIMEOUT_S)
    found = b''
    while text not in found:
        packet = attachment.connection.recv(65536)
        if not packet:
            raise AssertionError(f'{text!r} not in {found!r}')
        found += packet[1:]
    return found


def send(attachment, data):
    """Write to standard input."""
    attachment.connection.settimeout(TIMEOUT_S)
    for start in range(0, len(data), 8192):
        attachment.connection.send(data[start:start + 8192])


def end_input(attachment):
    """Say that no more input follows."""
    attachment.connection.shutdown(socket.SHUT_WR)
