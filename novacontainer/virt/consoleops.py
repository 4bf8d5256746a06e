"""What an instance's container has written: its console.

Called by ``virt.driver`` and ``virt.containerops``; calls the client.
"""

from nova.objects import instance as instance_objects

from novacontainer import client as runtime
from novacontainer.virt import containerspec
from novacontainer.virt import errors

#: As much as other drivers hand out (nova.virt.libvirt, MAX_CONSOLE_BYTES).
MAX_BYTES = 100 * 1024

#: How far back to read for that much; most lines are longer than this.
_MAX_LINES = MAX_BYTES // 32


class ConsoleOps:
    """Operations on the console.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client

    def get_console_output(self, instance: instance_objects.Instance) -> str:
        """The end of the output, at most 100 KiB.

        :returns: text in ASCII only, because the compute manager encodes it
            in latin-1; other characters have become question marks.
        :raises: exception.InstanceNotFound
        """
        with errors.translated(errors.Operation.INSPECT, instance):
            return self.tail(instance, MAX_BYTES, _MAX_LINES)

    def tail(self, instance: instance_objects.Instance, max_bytes: int,
             max_lines: int) -> str:
        """The last lines of the output; raises the client's errors."""
        kept = bytearray()
        with self._client.containers.logs(
                containerspec.container_name(instance),
                tail_lines=max_lines) as pieces:
            for piece in pieces:
                kept += piece
                del kept[:-max_bytes]
        text = kept.decode('utf-8', 'replace')
        return text.encode('ascii', 'replace').decode('ascii')
