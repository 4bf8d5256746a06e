"""Which events a client asked for.

Called by: ``api.routes.events``.  Calls: nothing.
"""

from collections.abc import Callable, Mapping

from novacontainer.runtime.api import query
from novacontainer.runtime import models


class EventFilter:
    """All filters must match; of one filter's values, any (API 1.44).

    Of labels, all must be there.
    """

    def __init__(self, filters: query.Filters) -> None:
        self._filters = filters

    def matches(self, event: models.Event) -> bool:
        """Say whether the client wants this event."""
        return all(
            (all if name == 'label' else any)(
                _MATCHERS[name](event, value) for value in values)
            for name, values in self._filters.items()
            if values
        )


def _type(event: models.Event, value: str) -> bool:
    return event.type == value


def _action(event: models.Event, value: str) -> bool:
    # "exec_create: ls" is the action exec_create.
    return value in (event.action, event.action.partition(':')[0])


def _scope(_event: models.Event, value: str) -> bool:
    return value == 'local'


def _container(event: models.Event, value: str) -> bool:
    return event.type == 'container' and _is_named(event, value)


def _image(event: models.Event, value: str) -> bool:
    """Match events of an image, and of containers made from it."""
    names: tuple[str, ...]
    if event.type == 'image':
        names = (event.actor_id, event.attributes.get('name', ''))
    else:
        names = (event.attributes.get('image', ''),)
    return any(
        value in (name, _without_tag(name)) for name in names if name
    )


def _volume(event: models.Event, value: str) -> bool:
    return event.type == 'volume' and event.actor_id.startswith(value)


def _network(event: models.Event, value: str) -> bool:
    return event.type == 'network' and _is_named(event, value)


def _label(event: models.Event, value: str) -> bool:
    key, equals, wanted = value.partition('=')
    if key not in event.attributes:
        return False
    return not equals or event.attributes[key] == wanted


def _is_named(event: models.Event, value: str) -> bool:
    name = event.attributes.get('name', '')
    return bool(value) and (
        event.actor_id.startswith(value) or name == value.removeprefix('/')
    )


def _without_tag(name: str) -> str:
    """Cut a tag off, not a registry's port."""
    head, _, tag = name.rpartition(':')
    return head if head and '/' not in tag else name


def _foreign(_event: models.Event, _value: str) -> bool:
    """Match nothing: we have no such objects, and so no such events."""
    return False


_MATCHERS: Mapping[str, Callable[[models.Event, str], bool]] = {
    'type': _type,
    'event': _action,
    'scope': _scope,
    'container': _container,
    'image': _image,
    'network': _network,
    'volume': _volume,
    'label': _label,
    **dict.fromkeys(
        (
            'config',
            'daemon',
            'node',
            'plugin',
            'secret',
            'service',
        ),
        _foreign,
    ),
}

FILTERS = frozenset(_MATCHERS)
