"""One object for one runtime: groups the resources over one transport.

Called by the driver and the CLI.  Imports neither Nova nor oslo, and works
in native threads and under eventlet, of which it imports neither.
"""

from collections.abc import Callable

from novacontainer.client import containers
from novacontainer.client import devices
from novacontainer.client import events
from novacontainer.client import execs
from novacontainer.client import files
from novacontainer.client import housekeeping
from novacontainer.client import images
from novacontainer.client import networks
from novacontainer.client import system
from novacontainer.client import transport
from novacontainer.client import usage
from novacontainer.client import volumes


class Client:
    """The runtime behind a unix socket; safe to share between threads.

    Making one does no input or output.

    :param socket_path: absolute path of the socket.
    :param timeout_s: longest silence a call bears; bulk transfers and waits
        may be given their own.
    :param request_id: returns the id of the request that the calling thread
        serves, ``req-`` and a UUID, or ''; it goes into the runtime's log.
    """

    def __init__(self, socket_path: str, timeout_s: float = 60.0,
                 request_id: Callable[[], str] = str) -> None:
        connection = transport.Transport(socket_path, timeout_s, request_id)
        self.containers = containers.Containers(connection)
        self.devices = devices.Devices(connection)
        self.events = events.Events(connection)
        self.execs = execs.Execs(connection)
        self.files = files.Files(connection)
        self.housekeeping = housekeeping.Housekeeping(connection)
        self.images = images.Images(connection)
        self.networks = networks.Networks(connection)
        self.system = system.System(connection)
        self.usage = usage.Usage(connection)
        self.volumes = volumes.Volumes(connection)
