"""Serial consoles: the streams of containers, on TCP ports of this host.

Called by ``virt.driver``; calls the client.  Each instance that is asked for
gets a port of ``[serial_console] port_range``, to which nova-serialproxy
connects.  The port stays the instance's until that is destroyed, because
the compute manager compares it with the one that a token was made for
(``ComputeManager.validate_console_port``).
"""

import contextlib
import select
import socket
import threading

from nova.console import serial
from nova.console import type as console_type
from nova import exception
from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.client import framing
from novacontainer.client import hijack
from novacontainer.virt import conf
from novacontainer.virt import containerspec
from novacontainer.virt import errors

CONF = conf.CONF
LOG = logging.getLogger(__name__)

_CHUNK_BYTES = 64 * 1024


class SerialOps:
    """Operations on serial consoles.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        #: By uuid of the instance.
        self._consoles: dict[str, _Console] = {}

    def get_serial_console(self, instance: instance_objects.Instance,
                           ) -> console_type.ConsoleSerial:
        """Where the instance's console listens; it does from now on.

        :raises: exception.ConsoleTypeUnavailable where they are disabled
        :raises: exception.InstanceNotReady when the instance does not run
        :raises: exception.InstanceNotFound
        :raises: exception.SocketPortRangeExhaustedException
        """
        if not CONF.serial_console.enabled:
            raise exception.ConsoleTypeUnavailable(console_type='serial')
        name = containerspec.container_name(instance)
        with errors.translated(errors.Operation.INSPECT, instance):
            container = self._client.containers.inspect(name)
        if container.status not in ('running', 'paused'):
            raise exception.InstanceNotReady(instance_id=instance.uuid)
        with self._lock:
            console = self._consoles.get(instance.uuid)
            if console is None or console.ended:
                console = _Console(
                    self._client, name,
                    CONF.serial_console.proxyclient_address)
                self._consoles[instance.uuid] = console
        return console_type.ConsoleSerial(
            host=console.host, port=console.port)

    def close(self, instance: instance_objects.Instance) -> None:
        """Give the instance's port back; without one, do nothing."""
        with self._lock:
            console = self._consoles.pop(instance.uuid, None)
        if console is not None:
            console.close()

    def close_all(self) -> None:
        """Give all ports back."""
        with self._lock:
            consoles = list(self._consoles.values())
            self._consoles.clear()
        for console in consoles:
            console.close()


class _Console:
    """One container's port, and the thread that serves it."""

    def __init__(self, client: runtime.Client, name: str, host: str) -> None:
        self._client = client
        self._name = name
        self.host = host
        self.port = serial.acquire_port(host)
        try:
            self._listener = socket.create_server(
                (host, self.port), backlog=1)
        except OSError as error:
            serial.release_port(host, self.port)
            raise exception.SocketPortInUseException(
                host=host, port=self.port, error=error) from error
        self._lock = threading.Lock()
        self._closed = False
        #: Its port is, or is about to be, somebody else's.
        self.ended = False
        self._caller: socket.socket | None = None
        threading.Thread(target=self._serve, name='novacontainer-serial',
                         daemon=True).start()

    def close(self) -> None:
        """Hang up; the thread ends and gives the port back."""
        with self._lock:
            self._closed = True
            # This wakes the thread, which a close would not.
            for wire in (self._listener, self._caller):
                if wire is not None:
                    with contextlib.suppress(OSError):
                        wire.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        """Take one caller after the other until it is closed."""
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
                with caller:
                    self._answer(caller)

    def _note_end(self) -> None:
        self.ended = True

    def _answer(self, caller: socket.socket) -> None:
        with self._lock:
            if self._closed:
                return
            self._caller = caller
        try:
            with self._client.containers.attach(
                    self._name, stdin=True) as streams:
                _relay(caller, streams)
        # ValueError: select takes no descriptor from 1024 on.
        except (OSError, ValueError, exceptions.ClientError) as error:
            LOG.info('A session on the serial console of %s ended: %s',
                     self._name, error)
        finally:
            with self._lock:
                self._caller = None


def _relay(caller: socket.socket, streams: hijack.Connection) -> None:
    """Carry bytes both ways until one side ends."""
    splitter = (framing.Splitter()
                if streams.media_type == framing.MULTIPLEXED else None)
    typed = b''
    while True:
        # What is typed is read only when the last of it has been taken, but
        # output always is: else a full terminal would stop both ways.
        readable, writable, _ = select.select(
            [streams] if typed else [streams, caller],
            [streams] if typed else [], [], 0 if streams.pending else None)
        if streams in readable or streams.pending:
            output = streams.receive()
            if not output:
                return
            if splitter is not None:
                output = b''.join(
                    payload for _, payload in splitter.feed(output))
            caller.sendall(output)
        if writable:
            typed = typed[streams.send(typed):]
        if caller in readable:
            typed = caller.recv(_CHUNK_BYTES)
            if not typed:
                return
