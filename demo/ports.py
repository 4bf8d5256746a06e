"""TCP ports of the cloud, all on loopback, and who holds one.

Called by ``cloud`` before anything is started, and by readiness probes.
"""

import http.client
import os
import pathlib
import socket
import urllib.error
import urllib.request

from demo import errors

MARIADB = 3306
EPMD = 4369
KEYSTONE = 5000
RABBITMQ = 5672
NOVA_SERIALPROXY = 6083
OPENFLOW = 6633
OVSDB = 6640
NOVA = 8774
NOVA_METADATA = 8775
CINDER = 8776
PLACEMENT = 8778
GLANCE = 9292
NEUTRON = 9696
RABBITMQ_PEERS = 25672

#: port → the process of ours that listens on it.
OWNERS = {
    MARIADB: 'mariadb', EPMD: 'epmd', KEYSTONE: 'keystone',
    RABBITMQ: 'rabbitmq', OPENFLOW: 'neutron-openvswitch-agent',
    OVSDB: 'ovsdb-server', NOVA: 'nova-api', NOVA_METADATA: 'nova-metadata',
    NOVA_SERIALPROXY: 'nova-serialproxy', CINDER: 'cinder-api',
    PLACEMENT: 'placement', GLANCE: 'glance', NEUTRON: 'neutron-api',
    RABBITMQ_PEERS: 'rabbitmq'}

_LISTEN = '0A'


def listening() -> dict[int, str]:
    """Inode of the socket by TCP port that something listens on (proc(5)).
    """
    inodes = {}
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        path = pathlib.Path(table)
        if not path.exists():
            continue
        for line in path.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN:
                inodes[int(fields[1].rpartition(':')[2], 16)] = fields[9]
    return inodes


def holder(inode: str) -> str:
    """The process that has a socket open, for a person to read."""
    wanted = f'socket:[{inode}]'
    for process in pathlib.Path('/proc').iterdir():
        if not process.name.isdigit():
            continue
        try:
            for descriptor in (process / 'fd').iterdir():
                if os.readlink(descriptor) == wanted:
                    name = (process / 'comm').read_text().strip()
                    return f'{name} (pid {process.name})'
        except OSError:
            # It ended while we looked.
            continue
    return 'a process that cannot be seen from here'


def refuse_taken(ours: set[str]) -> None:
    """Check that every port is free, or held by a running process of ours.

    :param ours: names of our processes that run now.
    :raises DemoError: names each port that is taken, and by what.
    """
    busy = listening()
    taken = [f'{port} (for {owner}) is held by {holder(busy[port])}'
             for port, owner in sorted(OWNERS.items())
             if port in busy and owner not in ours]
    if taken:
        raise errors.DemoError(
            'ports of the cloud are taken: ' + '; '.join(taken)
            + '. Stop what holds them, then run "make demo" again.')


def is_open(port: int) -> bool:
    """Whether something accepts connections on loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(('127.0.0.1', port)) == 0


def answers(port: int) -> bool:
    """Whether an HTTP service answers; asking for a token counts."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f'http://127.0.0.1:{port}/', timeout=10).close()
    except urllib.error.HTTPError as error:
        return error.code in (300, 401)
    except (OSError, http.client.HTTPException):
        return False
    return True
