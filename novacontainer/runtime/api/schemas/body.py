"""JSON bodies: read, parsed and held against a schema.

Called by: ``api.routes`` through the other schemas.  Calls: ``api.patience``.
"""

import json
import typing

from aiohttp import web
import jsonschema
import jsonschema.exceptions

from novacontainer.runtime.api import patience
from novacontainer.runtime import exception
from novacontainer.runtime import models

#: Longest piece of the client's own words that an error repeats.
_QUOTE_MAX = 200

Schema = dict[str, typing.Any]

# JSON Schema takes 1.0 for an integer; Go, and so Docker, does not.
_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    'integer',
    lambda _checker, value: isinstance(value, int)
    and not isinstance(value, bool),
)
_Validator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, type_checker=_TYPES
)


def validator(schema: Schema) -> typing.Any:
    """Compile a schema once, at import."""
    return _Validator(schema)


async def read(request: web.Request) -> bytes:
    """Read a JSON request's body.

    :raises InvalidRequest: it has another content type.
    :raises TimedOut: it did not come.
    """
    raw = await patience.body(request)
    # Docker insists, so that a browser's form cannot reach a daemon.
    if raw and request.content_type != 'application/json':
        raise exception.InvalidRequest(
            f'unsupported Content-Type header ({request.content_type}): '
            "must be 'application/json'",
            code='body.content_type',
        )
    return raw


def parse(raw: bytes, checked: typing.Any) -> models.Json:
    """Parse a body and check it; runs in a worker thread.

    Members that are null count as absent, as they do in Go.

    :param checked: what :func:`validator` returned.
    :raises InvalidRequest: names the member that is wrong.
    """
    return check(_loads(raw), checked)


def check(document: typing.Any, checked: typing.Any) -> models.Json:
    """Check a parsed body; see :func:`parse`."""
    if not isinstance(document, dict):
        raise exception.InvalidRequest(
            'The body must be a JSON object.', code='body.not_json'
        )
    try:
        document = _without_nulls(document)
        error = jsonschema.exceptions.best_match(
            checked.iter_errors(document)
        )
    except RecursionError:
        raise exception.InvalidRequest(
            'The body is nested too deeply.', code='body.not_json'
        ) from None
    if error is not None:
        raise exception.InvalidRequest(
            _explain(error), code='body.invalid_field'
        )
    return typing.cast(models.Json, document)


def _loads(raw: bytes) -> typing.Any:
    if not raw.strip():
        raise exception.InvalidRequest(
            'invalid JSON: the request has no body.', code='body.not_json'
        )
    try:
        document = json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError:
        reason = 'it is nested too deeply'
    except ValueError as error:
        reason = str(error)
    else:
        # A lone \ud800 is valid JSON and no text: nothing below us could
        # write it down.
        if b'\\ud' not in raw.lower() or _encodable(document):
            return document
        reason = 'it has half of a surrogate pair'
    raise exception.InvalidRequest(
        f'invalid JSON: {reason}.', code='body.not_json'
    )


def _refuse_constant(name: str) -> typing.NoReturn:
    raise ValueError(f'{name} is no JSON number')


def _encodable(document: typing.Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_nulls(value: typing.Any) -> typing.Any:
    if isinstance(value, dict):
        return {
            key: _without_nulls(member)
            for key, member in value.items()
            if member is not None
        }
    if isinstance(value, list):
        return [_without_nulls(member) for member in value]
    return value


def _explain(error: jsonschema.exceptions.ValidationError) -> str:
    where = error.json_path.removeprefix('$').removeprefix('.')
    what = error.message
    if len(what) > _QUOTE_MAX:
        what = what[:_QUOTE_MAX] + '…'
    return f'invalid value for {where[:_QUOTE_MAX]}: {what}'
