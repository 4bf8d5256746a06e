"""The TCP port of one instance's serial console, and who is connected.

Called by ``virt.serialops``; calls ``virt.serialsession`` and the client.
Whoever connects sees what the container's process writes and types to it,
several at a time, as on a terminal that is shared.
"""

import contextlib
import socket
import threading

from nova.console import serial
from nova import exception
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.virt import serialsession

LOG = logging.getLogger(__name__)

#: How many may be connected at once; each has a thread and a connection to
#: the runtime.
MAX_CALLERS = 8

_FULL = (b'\r\nThis console has as many sessions as it can have: end one '
         b'of them, and connect again.\r\n')

#: No keys end a session: whoever types ctrl-p wants the line before.
_NO_KEYS = 'none'

# nova-serialproxy vanishes without a word when its host does.  Two minutes
# of silence are looked into (tcp(7)).
_KEEPALIVE = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
              (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
              (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
              (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
              (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))


class SerialPort:
    """One container's port, and the threads that serve it.

    :param name: of the container.
    :param host: address of this host to listen on.
    :raises: exception.ConsoleTypeUnavailable where it is none
    :raises: exception.SocketPortRangeExhaustedException
    """

    def __init__(self, client: runtime.Client, name: str, host: str) -> None:
        self._client = client
        self._name = name
        self.host = host
        self._listener = _listen(host)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._closed = False
        #: Its port is, or is about to be, somebody else's.
        self.ended = False
        self._callers: set[socket.socket] = set()
        threading.Thread(target=self._serve, name='novacontainer-serial',
                         daemon=True).start()

    def close(self) -> None:
        """Hang up; the threads end and give the port back."""
        with self._lock:
            self._closed = True
            # This wakes the threads, which a close would not.
            for wire in (self._listener, *self._callers):
                with contextlib.suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        """Take callers until it is closed."""
        with contextlib.ExitStack() as leaving:
            leaving.callback(serial.release_port, self.host, self.port)
            leaving.callback(self._listener.close)
            leaving.callback(self._note_end)
            while not self._closed:
                try:
                    caller, _ = self._listener.accept()
                except OSError as error:
                    if not self._closed:
                        LOG.warning('The serial console of %s ends: %s',
                                    self._name, error)
                    return
                if self._admit(caller):
                    threading.Thread(
                        target=self._answer, args=(caller,),
                        name='novacontainer-serial', daemon=True).start()

    def _note_end(self) -> None:
        self.ended = True

    def _admit(self, caller: socket.socket) -> bool:
        """Note a caller; or hang up, when it is not to be served."""
        with self._lock:
            if not self._closed and len(self._callers) < MAX_CALLERS:
                self._callers.add(caller)
                return True
        LOG.info('The serial console of %s takes no more sessions.',
                 self._name)
        with caller, contextlib.suppress(OSError):
            caller.send(_FULL, socket.MSG_DONTWAIT)
        return False

    def _answer(self, caller: socket.socket) -> None:
        with contextlib.ExitStack() as leaving:
            leaving.enter_context(caller)
            # Before it is closed: another may have its descriptor then.
            leaving.callback(self._dismiss, caller)
            try:
                for level, option, value in _KEEPALIVE:
                    caller.setsockopt(level, option, value)
                with self._client.containers.attach(
                        self._name, stdin=True,
                        detach_keys=_NO_KEYS) as streams:
                    serialsession.Session(caller, streams).run()
            except (OSError, serialsession.Stalled,
                    exceptions.ClientError) as error:
                LOG.info('A session on the serial console of %s ended: %s',
                         self._name, error)

    def _dismiss(self, caller: socket.socket) -> None:
        with self._lock:
            self._callers.discard(caller)


def _listen(host: str) -> socket.socket:
    """Listen on a port of ``[serial_console] port_range``."""
    try:
        # Else Nova would try, and log, every port of the range in vain.
        socket.create_server((host, 0)).close()
    except OSError as error:
        LOG.error(
            'Serial consoles cannot listen on %s: %s.  Set [serial_console] '
            'proxyclient_address to an IPv4 address of this host.',
            host, error)
        raise exception.ConsoleTypeUnavailable(
            console_type='serial') from error
    with contextlib.ExitStack() as taken:
        while True:
            port = serial.acquire_port(host)
            try:
                return socket.create_server((host, port))
            except OSError as error:
                # Somebody was faster.  It is kept until another is found,
                # since the next search would begin with it.
                taken.callback(serial.release_port, host, port)
                LOG.info('Port %s of %s is taken: %s', port, host, error)
