"""The API as an OpenAPI 3.1 document.

Called by: ``routes.document``, and by hand: ``python -m
novacontainer.runtime.api.openapi`` prints it.  Calls: ``api.operations``,
``routes.unserved``.

Bodies are described by the schemas that validate them.  A unit test holds
``api.operations`` against the table of routes, so that nothing is served
without a description.
"""

from collections.abc import Mapping
import json
import re
import sys
import typing

from novacontainer.runtime.api.operations import containers
from novacontainer.runtime.api.operations import files
from novacontainer.runtime.api.operations import housekeeping
from novacontainer.runtime.api.operations import images
from novacontainer.runtime.api.operations import networks
from novacontainer.runtime.api.operations import operation
from novacontainer.runtime.api.operations import streams
from novacontainer.runtime.api.operations import system
from novacontainer.runtime.api.operations import volumes
from novacontainer.runtime.api.routes import unserved
from novacontainer.runtime.api import version
from novacontainer.runtime import models

#: Everything that is served, by (method, path).
OPERATIONS: operation.Operations = {
    **system.OPERATIONS,
    **housekeeping.OPERATIONS,
    **images.OPERATIONS,
    **containers.OPERATIONS,
    **files.OPERATIONS,
    **streams.OPERATIONS,
    **networks.OPERATIONS,
    **volumes.OPERATIONS,
}

_PATTERN = re.compile(r'{(\w+):[^}]*}')
_VARIABLE = re.compile(r'{(\w+)}')
#: What ``*`` in the table of what is not served stands for here.
_ANY = ('GET', 'POST', 'PUT', 'DELETE')

_ERROR: models.Json = {
    'description': 'An error.',
    'content': {
        operation.JSON: {'schema': {'$ref': '#/components/schemas/Error'}}
    },
}
_ERROR_SCHEMA: models.Json = {
    'type': 'object',
    'required': ['message', 'code'],
    'properties': {
        'message': {'type': 'string', 'description': 'A sentence.'},
        'code': {'type': 'string', 'description': 'Never changes.'},
    },
}
#: A list, or Docker's older set.
_FILTER: models.Json = {
    'type': ['array', 'object'],
    'items': operation.TEXT,
    'additionalProperties': {'type': 'boolean'},
}


def document() -> models.Json:
    """Make the document (OpenAPI 3.1.0)."""
    paths: dict[str, models.Json] = {}
    for (method, path), one in OPERATIONS.items():
        place = paths.setdefault(template(path), {})
        place[method.lower()] = _served(path, one)
    for method, path, what in unserved.PATHS:
        place = paths.setdefault(template(path), {})
        for each in _ANY if method == '*' else (method,):
            place.setdefault(each.lower(), _refused(path, what))
    return {
        'openapi': '3.1.0',
        'info': {
            'title': 'novacontainerd',
            'version': version.API_VERSION,
            'description': 'The part of the Docker Engine API that '
            'novacontainerd serves.  Names of images may hold slashes.',
        },
        'servers': [{'url': '/'}, {'url': f'/v{version.API_VERSION}'}],
        'paths': paths,
        'components': {'schemas': {'Error': _ERROR_SCHEMA}},
    }


def template(path: str) -> str:
    """Write a path of the table of routes as OpenAPI wants it."""
    return _PATTERN.sub(r'{\1}', path)


def _served(path: str, one: operation.Operation) -> models.Json:
    shown: models.Json = {
        'operationId': one.name,
        'summary': one.summary + '.',
        'parameters': [*_variables(path), *_query(one)],
        'responses': _responses(one),
    }
    if one.body is not None:
        shown['requestBody'] = {
            'content': {operation.JSON: {'schema': _plain(one.body.schema)}}
        }
    elif one.upload is not None:
        shown['requestBody'] = {
            'required': True,
            'content': {one.upload: {'schema': {}}},
        }
    return shown


def _refused(path: str, what: str) -> models.Json:
    return {
        'summary': unserved.sentence(what),
        'tags': ['not served'],
        'parameters': _variables(path),
        'responses': {'501': _ERROR},
    }


def _variables(path: str) -> list[models.Json]:
    return [
        {
            'name': name,
            'in': 'path',
            'required': True,
            'schema': {'type': 'string', 'minLength': 1},
        }
        for name in _VARIABLE.findall(template(path))
    ]


def _query(one: operation.Operation) -> list[models.Json]:
    found: list[models.Json] = [
        {
            'name': name,
            'in': 'query',
            'required': name in one.required,
            'schema': schema,
        }
        for name, schema in one.query.items()
    ]
    if one.filters:
        found.append(
            {
                'name': 'filters',
                'in': 'query',
                'content': {operation.JSON: {'schema': _filters(one)}},
            }
        )
    return found


def _filters(one: operation.Operation) -> models.Json:
    return {
        'type': 'object',
        'properties': dict.fromkeys(sorted(one.filters), _FILTER),
        'additionalProperties': False,
    }


def _responses(one: operation.Operation) -> models.Json:
    good: models.Json = {'description': one.summary + ': done.'}
    if one.answer is not None:
        good['content'] = {
            kind: {'schema': one.answer} for kind in one.content
        }
    return {
        str(one.status): good,
        **{
            str(status): {'description': why}
            for status, why in one.also.items()
        },
        'default': _ERROR,
    }


def _plain(schema: typing.Any) -> typing.Any:
    r"""Copy a schema; Python's ``\Z`` is ``$`` to everybody else."""
    if isinstance(schema, Mapping):
        return {key: _plain(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if isinstance(schema, str):
        return schema.replace(r'\Z', '$')
    return schema


def main() -> None:
    """Print the document."""
    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write('\n')


if __name__ == '__main__':
    main()
