"""The document describes exactly what is served, and is valid."""

import ast
import contextlib
import inspect
import io
import json
import textwrap
from unittest import mock

import openapi_spec_validator
from oslotest import base

from novacontainer.runtime.api import app
from novacontainer.runtime.api import openapi
from novacontainer.runtime.api.routes import unserved
from novacontainer.runtime.api.schemas import containers as schema

_HOME = 'novacontainer/runtime/api/operations'
#: Readers of ``api.query`` that take the parameter's name.
_READERS = {'flag', 'integer', 'text', 'timestamp'}


def served():
    """Yield method, path and handler of everything that is served."""
    refused = {(method, path) for method, path, _ in unserved.PATHS}
    for method, path, handler in app.routes(
            mock.Mock(), mock.Mock(), mock.Mock()):
        if (method, path) not in refused:
            yield method, path, inspect.unwrap(handler)


def parameters(handler):
    """Yield the parameters that a handler's own code reads."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(handler)))
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == 'query'):
            if (node.func.attr in _READERS
                    and isinstance(node.args[1], ast.Constant)):
                yield node.args[1].value
            elif node.func.attr == 'size':
                yield from ('h', 'w')


class TestOpenApi(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.document = openapi.document()

    def test_every_route_is_described(self):
        table = {(method, path) for method, path, _ in served()}
        missing = sorted(table - set(openapi.OPERATIONS))
        self.assertEqual(
            [], missing,
            f'These routes have no description: add an Operation for each '
            f'to a module of {_HOME}, and a new module to OPERATIONS in '
            'novacontainer/runtime/api/openapi.py.')
        surplus = sorted(set(openapi.OPERATIONS) - table)
        self.assertEqual(
            [], surplus,
            f'These descriptions are of no route: remove them from {_HOME}.')

    def test_every_parameter_is_described(self):
        missing = [
            f'{method} {path}: {name}'
            for method, path, handler in served()
            if (method, path) in openapi.OPERATIONS
            for name in parameters(handler)
            if name not in openapi.OPERATIONS[method, path].query]
        self.assertEqual(
            [], missing,
            'These query parameters are read and not described: add them to '
            f"the query of the route's Operation in {_HOME}.")

    def test_names_are_unique(self):
        names = [one.name for one in openapi.OPERATIONS.values()]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_is_valid(self):
        openapi_spec_validator.validate(self.document)

    def test_bodies_are_what_validates_them(self):
        body = self.document['paths']['/containers/create']['post'][
            'requestBody']['content']['application/json']['schema']
        self.assertEqual(
            set(schema.CREATE.schema['properties']), set(body['properties']))
        self.assertNotIn('\\\\Z', json.dumps(body))

    def test_refusals_say_so(self):
        one = self.document['paths']['/build']['post']
        self.assertEqual(['501'], list(one['responses']))
        self.assertIn('not supported', one['summary'])

    def test_is_printed(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            openapi.main()
        self.assertEqual(self.document, json.loads(out.getvalue()))
