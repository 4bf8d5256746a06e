"""What one operation of the API takes and gives, as data.

Called by: the other modules of ``api.operations``, ``api.openapi``.  Calls:
nothing.  Schemas are those of OpenAPI 3.1, which are JSON Schema 2020-12.
"""

from collections.abc import Collection, Mapping
import dataclasses
import typing

from novacontainer.runtime.api.schemas import body as body_schema

Schema = body_schema.Schema

TEXT: Schema = {'type': 'string'}
INTEGER: Schema = {'type': 'integer'}
#: Docker's booleans: all but '', 0, no, false and none is true.
FLAG: Schema = {'type': 'boolean'}
#: ``seconds[.fraction]`` since 1970.
TIME: Schema = {
    'type': 'string',
    'pattern': r'^([0-9]{1,11}(\.[0-9]{0,18})?)?$',
}
TEXTS: Schema = {'type': 'array', 'items': TEXT}
OBJECT: Schema = {'type': 'object'}
OBJECTS: Schema = {'type': 'array', 'items': OBJECT}
IDENT: Schema = {
    'type': 'object',
    'required': ['Id'],
    'properties': {'Id': TEXT},
}

JSON = 'application/json'
TAR = 'application/x-tar'
STREAM = 'application/vnd.docker.raw-stream'
FRAMES = 'application/vnd.docker.multiplexed-stream'


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    :param summary: what it does, without a full stop.
    :param name: the operation's name in Docker's reference, API 1.44, or one
        of our own for an extension.
    :param query: the parameters that it reads, by name.
    :param required: those of them that must be there.
    :param filters: the keys of its parameter ``filters``, if it has one.
    :param body: what the very validator of the body holds it against, or
        None without a JSON body.
    :param upload: content type of a body that is streamed.
    :param status: of an answer that says yes.
    :param answer: the schema of that answer's body, or of one line of it; None
        without one.
    :param content: the answer's content types.
    :param also: further answers that are no errors, such as 304 or 101.
    """

    summary: str
    name: str
    query: Mapping[str, Schema] = dataclasses.field(default_factory=dict)
    required: Collection[str] = ()
    filters: Collection[str] = ()
    body: typing.Any = None
    upload: str | None = None
    status: int = 200
    answer: Schema | None = None
    content: tuple[str, ...] = (JSON,)
    also: Mapping[int, str] = dataclasses.field(default_factory=dict)


#: (method, path as in the table of routes) → what it is.
Operations = Mapping[tuple[str, str], Operation]
