"""Serial consoles: the streams of containers, on TCP ports of this host.

Called by ``virt.driver``; calls ``virt.serialport`` and the client.  Each
instance that is asked for gets a port of ``[serial_console] port_range``, to
which nova-serialproxy connects.  The port stays the instance's until that is
destroyed, because the compute manager compares it with the one that a token
was made for (``ComputeManager.validate_console_port``).
"""

from collections.abc import Iterator
import contextlib
import threading

from nova.console import type as console_type
from nova import exception
from nova.objects import instance as instance_objects

from novacontainer import client as runtime
from novacontainer.virt import conf
from novacontainer.virt import containerspec
from novacontainer.virt import errors
from novacontainer.virt import serialport

CONF = conf.CONF


class SerialOps:
    """Operations on serial consoles.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        #: By uuid of the instance.
        self._ports: dict[str, serialport.SerialPort] = {}

    def get_serial_console(self, instance: instance_objects.Instance,
                           ) -> console_type.ConsoleSerial:
        """Where the instance's console listens; it does from now on.

        :raises: exception.ConsoleTypeUnavailable where they are disabled, or
            cannot listen on ``[serial_console] proxyclient_address``
        :raises: exception.InstanceNotReady when the instance does not run,
            or is paused
        :raises: exception.InstanceNotFound
        :raises: exception.SocketPortRangeExhaustedException
        """
        if not CONF.serial_console.enabled:
            raise exception.ConsoleTypeUnavailable(console_type='serial')
        self._require_running(instance)
        with self._lock:
            port = self._ports.get(instance.uuid)
            fresh = port is None or port.ended
            if fresh:
                port = serialport.SerialPort(
                    self._client, containerspec.container_name(instance),
                    CONF.serial_console.proxyclient_address)
                self._ports[instance.uuid] = port
        if fresh:
            # An instance that was destroyed meanwhile will not be again, and
            # nobody would close this.
            with contextlib.ExitStack() as undo:
                undo.callback(self.close, instance)
                self._require_running(instance)
                undo.pop_all()
        return console_type.ConsoleSerial(host=port.host, port=port.port)

    def _require_running(self, instance: instance_objects.Instance) -> None:
        with errors.translated(errors.Operation.INSPECT, instance):
            container = self._client.containers.inspect(
                containerspec.container_name(instance))
        # The runtime, as Docker, lets nobody join what is paused.
        if container.status != 'running':
            raise exception.InstanceNotReady(instance_id=instance.uuid)

    @contextlib.contextmanager
    def ending(self, instance: instance_objects.Instance) -> Iterator[None]:
        """Hang up before the instance is destroyed, and for good after it.
        """
        self.close(instance)
        try:
            yield
        finally:
            # Whoever has asked meanwhile was told of one that is gone.
            self.close(instance)

    def close(self, instance: instance_objects.Instance) -> None:
        """Give the instance's port back; without one, do nothing."""
        with self._lock:
            port = self._ports.pop(instance.uuid, None)
        if port is not None:
            port.close()

    def close_all(self) -> None:
        """Give all ports back."""
        with self._lock:
            ports = list(self._ports.values())
            self._ports.clear()
        for port in ports:
            port.close()
