"""What containers do right now: ``/containers/…/top`` and ``stats``.

Called by the CLI through :class:`novacontainer.client.Client`; calls
transport.
"""

from novacontainer.client import transport


class Usage:
    """What the containers of one runtime use.

    ``name`` is a container's name or id.  Every method raises
    :class:`~novacontainer.client.exceptions.ClientError` subclasses by
    status.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def processes(self, name: str, ps_args: str = '',
                  ) -> tuple[list[str], list[list[str]]]:
        """List the processes of a container.

        :param ps_args: options of ps(1); '' for the runtime's own.
        :returns: titles of the columns, and a row for each process.
        :raises Conflict: when it does not run.
        """
        answer = self._transport.json(
            'GET', f'/containers/{name}/top',
            params={'ps_args': ps_args or None})
        return list(answer['Titles']), list(answer['Processes'] or ())

    def sample(self, name: str) -> transport.Json:
        """Measure at once; rates need two samples (ContainerStats).

        :returns: ``cpu_stats``, ``memory_stats``, ``networks``…
        """
        document: transport.Json = self._transport.json(
            'GET', f'/containers/{name}/stats',
            params={'stream': False, 'one-shot': True})
        return document
