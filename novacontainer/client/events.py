"""What happens in the runtime: ``GET /events`` of the Docker Engine API.

Called by the driver's lifecycle thread and the CLI through
:class:`novacontainer.client.Client`; calls transport.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from novacontainer.client import transport


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    :param type: ``container`` or ``image``.
    :param action: ``create``, ``start``, ``die``, ``pause``…
    :param attributes: name, image, exitCode and the labels.
    :param time_ns: nanoseconds since the epoch.
    """

    type: str
    action: str
    actor_id: str
    attributes: Mapping[str, str]
    time_ns: int


def _seconds(time_ns: int | None) -> str | None:
    """Nanoseconds as the API writes a time: seconds with a fraction."""
    if time_ns is None:
        return None
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return f'{seconds}.{nanoseconds:09}'


def _event(document: transport.Json) -> Event:
    actor = document.get('Actor') or {}
    return Event(
        type=document.get('Type') or '',
        action=document.get('Action') or '',
        actor_id=actor.get('ID') or '',
        attributes=actor.get('Attributes') or {},
        time_ns=int(document.get('timeNano') or 0))


class Events:
    """The event stream of one runtime."""

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def stream(self, filters: Mapping[str, Sequence[str]] | None = None,
               since_ns: int | None = None,
               idle_s: float | None = None) -> Iterator[Event]:
        """Follow the events until the runtime ends the stream.

        :param since_ns: begin with what happened after this time, as far as
            the runtime still knows it; None begins now.
        :param idle_s: give up after so long a silence.
        :raises TimedOut: after such a silence.
        :raises Unavailable: when the connection breaks.
        """
        yield from map(_event, self.documents(
            filters, _seconds(since_ns), None, idle_s))

    def documents(self, filters: Mapping[str, Sequence[str]] | None = None,
                  since: str | None = None, until: str | None = None,
                  idle_s: float | None = None) -> Iterator[transport.Json]:
        """As :meth:`stream`, with all that the runtime says of each.

        :param since: seconds since the epoch, with a fraction if need be.
        :param until: end the stream at this time, in the same form.
        """
        with self._transport.stream(
                'GET', '/events',
                params={'since': since, 'until': until,
                        **transport.filter_params(filters)},
                timeout_s=idle_s) as download:
            yield from download.objects()
