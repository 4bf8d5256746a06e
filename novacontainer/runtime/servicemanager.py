"""What the daemon and systemd tell each other.

Called by ``runtime.daemon``.  Calls: the sockets and variables of sd_notify(3)
and sd_watchdog_enabled(3).  Other service managers say nothing, and are told
nothing.
"""

import os
import socket
import subprocess

from oslo_log import log as logging

LOG = logging.getLogger(__name__)

READY = 'READY=1'
STOPPING = 'STOPPING=1'
ALIVE = 'WATCHDOG=1'

_PATIENCE_S = 10


def notify(*words: str) -> None:
    """Tell the service manager, if there is one (sd_notify(3)).

    :param words: assignments such as :data:`READY` and :func:`status`.
    """
    address = os.environ.get('NOTIFY_SOCKET')
    if not address:
        return
    if address.startswith('@'):
        address = '\0' + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        try:
            channel.sendto('\n'.join(words).encode(), address)
        except OSError as error:
            LOG.warning('Could not tell the service manager %s: %s',
                        ' '.join(words), error)


def status(sentence: str) -> str:
    """Return the word that says what we are at, for ``systemctl status``."""
    return f'STATUS={" ".join(sentence.split())}'


def watchdog_s() -> float | None:
    """Return how often we are to say that we are alive, in seconds.

    Half of the time after which systemd takes us for dead, as
    sd_watchdog_enabled(3) advises; None where nobody watches.
    """
    given = os.environ.get('WATCHDOG_USEC', '')
    watched = os.environ.get('WATCHDOG_PID', str(os.getpid()))
    if not given.isdecimal() or int(given) == 0:
        return None
    if watched != str(os.getpid()):
        return None
    return int(given) / 2_000_000


def host_goes_down() -> bool:
    """Say whether we are ended because the whole host is (systemctl(1))."""
    if not os.environ.get('NOTIFY_SOCKET'):
        return False
    try:
        said = subprocess.run(
            ['systemctl', 'is-system-running'], capture_output=True,
            text=True, stdin=subprocess.DEVNULL, check=False,
            # systemctl would tell the service manager that it is ready.
            env={name: value for name, value in os.environ.items()
                 if name != 'NOTIFY_SOCKET'},
            timeout=_PATIENCE_S).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        LOG.warning('Cannot ask systemd whether the host goes down: %s',
                    error)
        return False
    return said.strip() == 'stopping'
