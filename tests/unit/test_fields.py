"""The tables of requests and fields name exactly what the API knows.

What becomes of the fields is for ``tests/functional/test_fields.py``.
"""

import re

from oslotest import base

from novacontainer.runtime.api import openapi
from novacontainer.runtime.api.routes import unserved
from tests import fields


def plain(path):
    """Take the names out of a path: the API calls them as it likes."""
    return re.sub(r'{[^}]*}', '{}', path)


def leaves(schema, path=''):
    """Yield the path of each member of a body that has no members itself."""
    if 'properties' in schema:
        for name, below in schema['properties'].items():
            yield from leaves(below, f'{path}.{name}' if path else name)
        return
    for key, mark in (('items', '[]'), ('additionalProperties', '.*')):
        below = schema.get(key)
        if isinstance(below, dict) and _has_members(below):
            yield from leaves(below, path + mark)
            return
    yield path


def _has_members(schema):
    return 'properties' in schema or any(
        isinstance(schema.get(key), dict) and _has_members(schema[key])
        for key in ('items', 'additionalProperties'))


def covers(row, leaf):
    """Tell whether a row is about a member, a part of it, or the whole."""
    if row == leaf:
        return True
    short, long = sorted((row, leaf), key=len)
    return long.startswith((short + '.', short + '['))


class TestFields(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.tables = fields.tables()
        self.operations = {
            f'{method} {plain(path)}': operation
            for (method, path), operation in openapi.OPERATIONS.items()}

    def test_every_body_has_a_table(self):
        self.assertEqual(
            {name for name, one in self.operations.items()
             if one.body is not None},
            {plain(request) for request in self.tables})

    def test_every_member_of_a_body_has_a_row(self):
        for request, rows in self.tables.items():
            schema = self.operations[plain(request)].body.schema
            known = list(leaves(schema))
            self.assertEqual([], [
                leaf for leaf in known
                if not any(covers(row.path, leaf) for row in rows)], request)
            self.assertEqual([], [
                row.path for row in rows
                if not any(covers(row.path, leaf) for leaf in known)],
                request)

    def test_no_row_twice(self):
        for request, rows in self.tables.items():
            paths = [row.path for row in rows]
            self.assertEqual(sorted(set(paths)), sorted(paths), request)

    def test_every_operation_has_a_row(self):
        rows = [f'{row.method} {plain(row.path)}'
                for row in fields.requests()]
        self.assertEqual(sorted(set(rows)), sorted(rows))
        self.assertEqual(set(), set(self.operations) - set(rows))

    def test_requests_that_are_served(self):
        for row in fields.requests():
            one = self.operations.get(f'{row.method} {plain(row.path)}')
            if row.status == 0:
                read = {*one.query, *(['filters'] if one.filters else ())}
                self.assertEqual(read, row.parameters, row)
            else:
                self.assertIsNone(one, row)

    def test_requests_that_are_refused(self):
        for row in fields.requests():
            if row.status:
                self.assertIn(row.status, (501, 503), row)
                self.assertTrue(self.is_refused(row), row)

    @staticmethod
    def is_refused(row):
        path = re.sub(r'{\w+}', 'x', row.path)
        return any(
            method in ('*', row.method)
            and re.fullmatch(re.sub(r'{\w+:\.\+}', '.+', pattern), path)
            for method, pattern, _ in unserved.PATHS)


class TestTheTestItself(base.BaseTestCase):
    """A check that finds nothing must be able to find something."""

    def test_leaves(self):
        text = {'type': 'string'}
        self.assertEqual(['a', 'b[].c', 'd.*[].e', 'f'], list(leaves({
            'properties': {
                'a': text,
                'b': {'items': {'properties': {'c': text}}},
                'd': {'additionalProperties': {
                    'items': {'properties': {'e': text}}}},
                'f': {'items': text}}})))

    def test_covers(self):
        self.assertTrue(covers('a', 'a.b'))
        self.assertTrue(covers('a[].b', 'a'))
        self.assertFalse(covers('a', 'ab'))

    def test_body(self):
        request = 'POST /containers/create'
        row = fields.Field('HostConfig.PortBindings.*[].HostIp', '::1', '', 0)
        self.assertEqual(
            {'HostConfig': {
                'NetworkMode': 'bridge',
                'PortBindings': {'80/tcp': [{'HostIp': '::1'}]}}},
            fields.body(request, row))

    def test_a_row_without_a_verdict(self):
        self.assertRaises(ValueError, fields._status, 'a', 'perhaps')
