"""HTTP client of the runtime's REST API, over its unix socket."""

from novacontainer.client.client import Client

__all__ = ['Client']
