"""The runtime itself: ``/_ping``, ``/version`` and ``/info``.

Called by the driver and the CLI through :class:`novacontainer.client.Client`;
calls transport.
"""

from novacontainer.client import transport


class System:
    """What one runtime says of itself."""

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def ping(self) -> None:
        """Return when the runtime answers.

        :raises Unavailable: when it does not.
        """
        self._transport.call('GET', '/_ping')

    def version(self) -> transport.Json:
        """``GET /version``: ``Version``, ``ApiVersion``, ``Components``…"""
        document: transport.Json = self._transport.json('GET', '/version')
        return document

    def info(self) -> transport.Json:
        """``GET /info``: ``DockerRootDir``, ``NCPU``, ``MemTotal``…"""
        document: transport.Json = self._transport.json('GET', '/info')
        return document
