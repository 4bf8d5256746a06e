"""The filters of ``GET /containers/json``.

Called by ``service.containers``.  Calls ``service.traits`` for the rarer
ones.  Pure: words in, a query and a test out.

Docker Engine API 1.44, ContainerList: values of one filter are alternatives,
different filters must all hold, and so must all labels.
"""

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import datetime
import re

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import traits
from novacontainer.runtime.store import containers

Filters = Mapping[str, Sequence[str]]

#: Turns a name into the container or image it means.
FindContainer = Callable[[str], models.Container]
FindImage = Callable[[str], models.Image]
#: Returns the health of a container.
FindHealth = Callable[[models.Container], models.Health | None]

_NAMES = frozenset((
    'ancestor', 'before', 'exited', 'health', 'id', 'label', 'name',
    'network', 'publish', 'since', 'status')) | traits.NAMES
_LIVE = (models.Status.RUNNING, models.Status.PAUSED)


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """What the database is asked, and what is looked at afterwards."""

    criteria: containers.Criteria
    tests: tuple[Callable[[models.Container], bool], ...]
    limit: int

    def apply(self, found: Sequence[models.Container],
              ) -> list[models.Container]:
        """Return those that pass the tests, no more than the limit."""
        passed = [container for container in found
                  if all(test(container) for test in self.tests)]
        return passed[:self.limit] if self.limit > 0 else passed


def query(filters: Filters, *, all: bool, limit: int,
          find_container: FindContainer, find_image: FindImage,
          find_health: FindHealth,
          find_connections: traits.FindConnections) -> Query:
    """Read the filters.

    :param all: also containers that do not run; implied by a limit and by
        a filter that asks for some.
    :raises InvalidRequest: an unknown filter or value.
    """
    unknown = sorted(set(filters) - _NAMES)
    if unknown:
        raise _invalid(f"invalid filter '{unknown[0]}'")
    statuses = _statuses(filters.get('status') or ())
    exited = filters.get('exited') or ()
    if not (statuses or all or limit > 0 or exited):
        statuses = _LIVE
    tests = (*_by_words(filters), *_by_exit_code(exited),
             *_by_time(filters, find_container), *traits.tests(filters))
    if filters.get('health'):
        tests += (traits.by_health(filters['health'], find_health),)
    for name, make in (('network', traits.by_network),
                       ('publish', traits.by_publish)):
        if filters.get(name):
            tests += (make(filters[name], find_connections),)
    criteria = containers.Criteria(
        statuses=statuses,
        image_ids=tuple(_image_id(name, find_image)
                        for name in filters.get('ancestor') or ()),
        labels=tuple(_label(text) for text in filters.get('label') or ()),
        limit=0 if tests else max(0, limit))
    return Query(criteria, tests, limit)


def _statuses(words: Sequence[str]) -> tuple[models.Status, ...]:
    for word in words:
        if word not in list(models.Status):
            raise _invalid(f"invalid filter 'status={word}'")
    return tuple(models.Status(word) for word in words)


def _image_id(name: str, find_image: FindImage) -> str:
    try:
        return find_image(name).id
    except exception.NotFound:
        # Matches nothing, as in Docker.
        return ''


def _label(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition('=')
    return key, value if equals else None


def _by_words(filters: Filters) -> list[Callable[[models.Container], bool]]:
    tests: list[Callable[[models.Container], bool]] = []
    if filters.get('name'):
        patterns = [_pattern('name', text) for text in filters['name']]
        tests.append(lambda container: any(
            pattern.search(container.name)
            or pattern.search('/' + container.name) for pattern in patterns))
    if filters.get('id'):
        digits = [_pattern('id', text) for text in filters['id']]
        tests.append(lambda container: any(
            pattern.search(container.id) for pattern in digits))
    return tests


def _by_exit_code(
    words: Sequence[str],
) -> list[Callable[[models.Container], bool]]:
    if not words:
        return []
    for word in words:
        if not word.isascii() or not word.isdigit():
            raise _invalid(f"invalid filter 'exited={word}'")
    codes = frozenset(map(int, words))
    return [lambda container: container.exit_code in codes
            and container.status is models.Status.EXITED]


def _by_time(
    filters: Filters, find_container: FindContainer,
) -> list[Callable[[models.Container], bool]]:
    tests: list[Callable[[models.Container], bool]] = []
    for name in filters.get('before') or ():
        before = find_container(name).created
        tests.append(_older_than(before))
    for name in filters.get('since') or ():
        since = find_container(name).created
        tests.append(_younger_than(since))
    return tests


def _older_than(
    moment: datetime.datetime,
) -> Callable[[models.Container], bool]:
    return lambda container: container.created < moment


def _younger_than(
    moment: datetime.datetime,
) -> Callable[[models.Container], bool]:
    return lambda container: container.created > moment


def _pattern(name: str, text: str) -> 're.Pattern[str]':
    try:
        return re.compile(text)
    except re.error as error:
        raise _invalid(f"invalid filter '{name}={text}': {error}") from error


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'filters.invalid')
