"""Events as the Docker Engine API 1.44 shows them (``EventMessage``).

Called by: ``api.routes.events``.  Calls: ``api.answers``.
"""

from novacontainer.runtime.api import answers
from novacontainer.runtime import models


def message(event: models.Event) -> bytes:
    """Write one event as a line of JSON.

    ``status``, ``id`` and ``from`` are old members that clients still read.
    """
    shown: models.Json = {}
    if event.type in ('container', 'image'):
        shown['status'] = event.action
        shown['id'] = event.actor_id
    if event.type == 'container' and 'image' in event.attributes:
        shown['from'] = event.attributes['image']
    shown.update(
        Type=event.type,
        Action=event.action,
        Actor={
            'ID': event.actor_id,
            'Attributes': dict(event.attributes),
        },
        scope='local',
        time=event.time_ns // 10**9,
        timeNano=event.time_ns,
    )
    return answers.line(shown)
