import json
import urllib.parse

from oslotest import base

from novacontainer import client
from novacontainer.client import exceptions
from tests.unit.client import endpoint

DATA = {'Name': 'data', 'Driver': 'local'}


class VolumesTestCase(base.BaseTestCase):

    def serve(self, body, status=200):
        self.endpoint = self.useFixture(endpoint.Endpoint(
            endpoint.Answer(json.dumps(body).encode(), status=status)))
        return client.Client(self.endpoint.path, timeout_s=5).volumes

    def asked(self):
        request, = self.endpoint.requests
        return urllib.parse.unquote_plus(
            f'{request.method} {request.path.removeprefix("/v1.44")}')

    def test_create(self):
        made = self.serve(DATA, 201).create(
            'data', 'local', {'size': '1g'}, {'a': 'b'})
        self.assertEqual((DATA, 'POST /volumes/create'),
                         (made, self.asked()))
        self.assertEqual(
            {'Name': 'data', 'Driver': 'local',
             'DriverOpts': {'size': '1g'}, 'Labels': {'a': 'b'}},
            json.loads(self.endpoint.requests[0].body))

    def test_list(self):
        self.assertEqual([DATA], self.serve({'Volumes': [DATA]}).documents(
            {'dangling': ['true']}))
        self.assertEqual('GET /volumes?filters={"dangling": ["true"]}',
                         self.asked())
        self.assertEqual([], self.serve({'Volumes': None}).documents())

    def test_one(self):
        self.assertEqual(DATA, self.serve(DATA).document('data'))
        self.assertEqual('GET /volumes/data', self.asked())
        self.assertRaises(
            exceptions.NotFound,
            self.serve({'message': 'get data: no such volume'}, 404).document,
            'data')

    def test_remove(self):
        self.serve({}).remove('data', force=True)
        self.assertEqual('DELETE /volumes/data?force=1', self.asked())
        self.assertRaises(
            exceptions.Conflict,
            self.serve({'message': 'volume is in use'}, 409).remove, 'data')
