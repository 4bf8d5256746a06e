import json

from aiohttp import test_utils
from oslotest import base
import yarl

from novacontainer.runtime.api import query
from novacontainer.runtime import exception


def request(**parameters):
    """Make a request with a query."""
    url = yarl.URL('/').with_query(parameters)
    return test_utils.make_mocked_request('GET', str(url))


class QueryTest(base.BaseTestCase):

    def refuse(self, call, *args):
        """Check that a call is refused; returns the fault."""
        return self.assertRaises(exception.InvalidRequest, call, *args)

    def test_flag(self):
        for value in ('1', 'true', 'True', 'yes', 'x'):
            self.assertTrue(query.flag(request(a=value), 'a'))
        for value in ('', '0', 'no', 'false', 'False', 'none', ' 0 '):
            self.assertFalse(query.flag(request(a=value), 'a'))
        self.assertFalse(query.flag(request(), 'a'))
        self.assertTrue(query.flag(request(), 'a', default=True))

    def test_integer(self):
        for value, number in (('', None), ('0', 0), ('-1', -1), ('+7', 7)):
            self.assertEqual(number, query.integer(request(a=value), 'a'))
        for value in ('x', '1.5', '1_0', ' 1', '9' * 19, '9' * 6000, '٣'):
            fault = self.refuse(query.integer, request(a=value), 'a')
            self.assertIn(' for a: ', fault.message)
            self.assertLess(len(fault.message), 200)

    def test_text(self):
        self.assertEqual('x y', query.text(request(a='x y'), 'a'))
        self.assertIsNone(query.text(request(a=''), 'a'))
        self.refuse(query.text, request(a='x\0'), 'a')
        self.refuse(query.clean, 'a', '\udcff')

    def test_timestamp(self):
        for value, time_ns in (
                ('', 0), ('0', 0), ('1700000000', 17 * 10**17),
                ('1.5', 1500000000), ('1.', 10**9), ('1.000000001',
                                                    1000000001),
                ('1.1234567891', 1123456789)):
            self.assertEqual(time_ns,
                             query.timestamp(request(a=value), 'a'))
        for value in ('-1', 'now', '1e9', '2026-01-01T00:00:00Z',
                      '9' * 12):
            self.refuse(query.timestamp, request(a=value), 'a')

    def test_filters(self):
        for given, filters in (
                ({}, {}), ({'a': []}, {'a': ()}),
                ({'a': ['x', 'y']}, {'a': ('x', 'y')}),
                ({'a': {'x': True, 'y': False}}, {'a': ('x',)})):
            self.assertEqual(filters, query.filters(
                request(filters=json.dumps(given)), {'a'}))
        self.assertEqual({}, query.filters(request(filters=''), {'a'}))
        for bad in ('x', '[]', '{"b": []}', '{"a": "x"}', '{"a": [1]}',
                    '{"a": {"x\\u0000": true}}', '[' * 100000,
                    '{"a": ["\\ud800"]}'):
            fault = self.refuse(query.filters, request(filters=bad), {'a'})
            self.assertRegex(fault.message, '^invalid ')

    def test_size(self):
        self.assertEqual((24, 80), query.size(request(h='24', w='80')))
        self.refuse(query.size, request(h='24'))
        self.refuse(query.size, request(h='a', w='80'))
