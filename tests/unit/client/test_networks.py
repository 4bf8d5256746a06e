import json
import urllib.parse

from oslotest import base

from novacontainer import client
from novacontainer.client import exceptions
from tests.unit.client import endpoint


class NetworksTestCase(base.BaseTestCase):

    def serve(self, body=None, status=200):
        self.endpoint = self.useFixture(endpoint.Endpoint(endpoint.Answer(
            b'' if body is None else json.dumps(body).encode(),
            status=status)))
        return client.Client(self.endpoint.path, timeout_s=5).networks

    def asked(self):
        request, = self.endpoint.requests
        return urllib.parse.unquote_plus(
            f'{request.method} {request.path.removeprefix("/v1.44")}')

    def sent(self):
        return json.loads(self.endpoint.requests[0].body)

    def test_create(self):
        self.assertEqual('f00', self.serve({'Id': 'f00'}, 201).create(
            {'Name': 'shop'}))
        self.assertEqual(('POST /networks/create', {'Name': 'shop'}),
                         (self.asked(), self.sent()))

    def test_list(self):
        self.assertEqual([{'Id': '1'}], self.serve([{'Id': '1'}]).list(
            {'name': ['shop']}))
        self.assertEqual('GET /networks?filters={"name": ["shop"]}',
                         self.asked())
        self.serve([]).list()
        self.assertEqual('GET /networks', self.asked())

    def test_inspect(self):
        self.assertEqual({'Id': '1'}, self.serve({'Id': '1'}).inspect('a'))
        self.assertEqual('GET /networks/a', self.asked())

    def test_connect(self):
        self.serve().connect('shop', 'web', {'Aliases': ['x']})
        self.assertEqual(
            ('POST /networks/shop/connect',
             {'Container': 'web', 'EndpointConfig': {'Aliases': ['x']}}),
            (self.asked(), self.sent()))

    def test_disconnect(self):
        self.serve().disconnect('shop', 'web', force=True)
        self.assertEqual(
            ('POST /networks/shop/disconnect',
             {'Container': 'web', 'Force': True}),
            (self.asked(), self.sent()))

    def test_remove(self):
        self.serve(status=204).remove('shop')
        self.assertEqual('DELETE /networks/shop', self.asked())
        self.assertRaises(
            exceptions.NotFound,
            self.serve({'message': 'no'}, 404).remove, 'shop')
