"""Query parameters, parsed as Docker parses them, refused as it refuses.

Called by: ``api.routes``.  Calls: nothing.  Every function raises
InvalidRequest that names the parameter.
"""

from collections.abc import Collection, Mapping, Sequence
import json
import re

from aiohttp import web

from novacontainer.runtime import exception

Filters = Mapping[str, tuple[str, ...]]

#: Docker takes anything else for true (daemon/server/httputils/form.go).
_FALSE = frozenset({'', '0', 'no', 'false', 'none'})
_INTEGER = re.compile(r'[+-]?[0-9]{1,18}')
_TIME = re.compile(r'([0-9]{1,11})(?:\.([0-9]{0,18}))?')


def flag(request: web.Request, name: str, default: bool = False) -> bool:
    """Parse a boolean."""
    value = request.query.get(name)
    if value is None:
        return default
    return value.strip().lower() not in _FALSE


def integer(request: web.Request, name: str) -> int | None:
    """Parse a decimal integer; None when absent or empty."""
    value = request.query.get(name, '')
    if not value:
        return None
    if not _INTEGER.fullmatch(value):
        raise exception.InvalidRequest(
            f'invalid value {_quote(value)} for {name}: it must be an integer'
        )
    return int(value)


def size(request: web.Request) -> tuple[int, int]:
    """Parse ``h`` and ``w``, the rows and columns of a terminal."""
    rows, columns = integer(request, 'h'), integer(request, 'w')
    if rows is None or columns is None:
        raise exception.InvalidRequest(
            'the size of the terminal is missing: say ?h=ROWS&w=COLUMNS'
        )
    return rows, columns


def text(request: web.Request, name: str) -> str | None:
    """Return a string; None when absent or empty."""
    return clean(name, request.query.get(name, '')) or None


def clean(name: str, value: str) -> str:
    """Refuse what no name can hold: NUL bytes and broken UTF-8."""
    if '\0' in value or _broken(value):
        raise exception.InvalidRequest(
            f'invalid value {_quote(value)} for {name}: it has characters '
            'that are not text'
        )
    return value


def timestamp(request: web.Request, name: str) -> int:
    """Parse ``seconds[.fraction]`` since the epoch into nanoseconds.

    Absent, empty and 0 are 0: no bound.
    """
    value = request.query.get(name, '')
    if not value:
        return 0
    match = _TIME.fullmatch(value)
    if match is None:
        raise exception.InvalidRequest(
            f'invalid value {_quote(value)} for {name}: it must be seconds '
            'since 1970, such as 1700000000.5'
        )
    seconds, fraction = match.groups(default='')
    return int(seconds) * 10**9 + int((fraction + '0' * 9)[:9])


def instructions(request: web.Request) -> Sequence[str]:
    """Return the Dockerfile instructions in ``changes``.

    One a parameter, or one a line.
    """
    return [
        line.strip()
        for given in request.query.getall('changes', [])
        for line in clean('changes', given).splitlines()
        if line.strip()
    ]


def filters(request: web.Request, known: Collection[str]) -> Filters:
    """Parse ``filters``: JSON, with lists or Docker's older sets.

    ``{"status": ["exited"]}`` and ``{"status": {"exited": true}}`` say the
    same.

    :param known: the filters that this path understands.
    """
    value = request.query.get('filters', '')
    if not value:
        return {}
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise exception.InvalidRequest(
            'invalid filters: they must be a JSON object such as '
            '{"name": ["web"]}',
            code='filter.invalid',
        )
    return {
        key: _filter_values(key, values, known)
        for key, values in parsed.items()
    }


def _filter_values(
    key: str, values: object, known: Collection[str]
) -> tuple[str, ...]:
    if key not in known:
        raise exception.InvalidRequest(
            f'invalid filter {_quote(key)}; known here: '
            + ', '.join(sorted(known)),
            code='filter.invalid',
        )
    if isinstance(values, dict):
        values = [name for name, wanted in values.items() if wanted]
    if not isinstance(values, list) or not all(
        isinstance(item, str) for item in values
    ):
        raise exception.InvalidRequest(
            f'invalid filter {_quote(key)}: its values must be a list of '
            'strings',
            code='filter.invalid',
        )
    return tuple(clean(f'filter {key}', item) for item in values)


def _broken(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _quote(value: str) -> str:
    return json.dumps(value[:80])
