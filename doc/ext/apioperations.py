"""Sphinx directive ``api-operations``: every request of the runtime's API.

Called by Sphinx for doc/source/reference/openapi.rst; made of the OpenAPI
document that the daemon serves at ``GET /openapi.json``.
"""

import json

from docutils import nodes
from docutils.parsers import rst

from novacontainer.runtime.api import openapi


class ApiOperations(rst.Directive):
    """One section a request: what it does, its parameters, its body."""

    def run(self):
        """Return the sections."""
        return [_section(path, method, operation)
                for path, methods in openapi.document()['paths'].items()
                for method, operation in methods.items()
                if 'operationId' in operation]  # the others are refused


def _section(path, method, operation):
    section = nodes.section(
        ids=['operation-' + nodes.make_id(operation['operationId'])])
    title = f'{method.upper()} {path}'
    section += nodes.title(text=title)
    section += nodes.paragraph(text=operation['summary'])
    fields = [(parameter['name'], parameter['in'], _kind(parameter))
              for parameter in operation['parameters']]
    fields += _body(operation.get('requestBody'))
    if fields:
        section += _table(fields)
    return section


def _body(body):
    """Rows for the members of a JSON body, or one for a stream."""
    rows = []
    for kind, media in (body or {}).get('content', {}).items():
        schema = media.get('schema', {})
        members = schema.get('properties', {})
        rows += [(name, 'body', _words(member))
                 for name, member in members.items()]
        if not members:
            rows.append((kind, 'body', _words(schema) or 'a stream of bytes'))
    return rows


def _kind(parameter):
    schema = parameter.get('schema')
    if schema is None:
        return 'JSON'
    return _words(schema)


def _words(schema):
    """Say in a line what a value may be."""
    if 'enum' in schema:
        return 'one of ' + ', '.join(json.dumps(one)
                                     for one in schema['enum'])
    kind = schema.get('type', '')
    if isinstance(kind, list):
        kind = ' or '.join(kind)
    bounds = [f'{word} {schema[key]}' for key, word in (
        ('minimum', 'at least'), ('maximum', 'at most')) if key in schema]
    return ', '.join(filter(None, [kind, *bounds]))


def _table(fields):
    table = nodes.table()
    group = nodes.tgroup(cols=3)
    table += group
    for width in (30, 10, 60):
        group += nodes.colspec(colwidth=width)
    head = nodes.thead()
    head += _row(('Name', 'In', 'Value'), nodes.Text)
    group += head
    body = nodes.tbody()
    for name, place, words in fields:
        body += _row((name, place, words), nodes.Text)
    group += body
    return table


def _row(cells, kind):
    row = nodes.row()
    for text in cells:
        entry = nodes.entry()
        paragraph = nodes.paragraph()
        paragraph += kind(text)
        entry += paragraph
        row += entry
    return row


def setup(app):
    """Make the directive known to Sphinx."""
    app.add_directive('api-operations', ApiOperations)
    return {'parallel_read_safe': True}
