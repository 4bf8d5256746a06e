import json
import urllib.parse

from oslotest import base

from novacontainer import client
from novacontainer.client import devices
from novacontainer.client import exceptions
from tests.unit.client import endpoint

DISK = devices.Device('/dev/sdb', '/dev/vdb', 'rw')


class DevicesTestCase(base.BaseTestCase):

    def serve(self, body=None, status=204):
        data = b'' if body is None else json.dumps(body).encode()
        self.endpoint = self.useFixture(endpoint.Endpoint(
            endpoint.Answer(data, status=status)))
        return client.Client(self.endpoint.path, timeout_s=5).devices

    def asked(self):
        request, = self.endpoint.requests
        return urllib.parse.unquote_plus(
            f'{request.method} {request.path.removeprefix("/v1.44")}')

    def test_plugged(self):
        found = self.serve({'HostConfig': {'Devices': [
            {'PathOnHost': '/dev/sdb', 'PathInContainer': '/dev/vdb',
             'CgroupPermissions': 'rw', 'Plugged': True},
            {'PathOnHost': '/dev/fuse', 'PathInContainer': '/dev/fuse'},
        ]}}, 200).plugged('web')
        self.assertEqual([DISK], found)
        self.assertEqual('GET /containers/web/json', self.asked())

    def test_nothing_plugged(self):
        for document in ({}, {'HostConfig': {'Devices': None}}):
            self.assertEqual([], self.serve(document, 200).plugged('web'))

    def test_plug(self):
        self.serve().plug('web', DISK)
        self.assertEqual('POST /containers/web/devices', self.asked())
        self.assertEqual(
            {'PathOnHost': '/dev/sdb', 'PathInContainer': '/dev/vdb',
             'CgroupPermissions': 'rw'},
            json.loads(self.endpoint.requests[0].body))

    def test_unplug(self):
        self.serve().unplug('web', '/dev/vdb')
        self.assertEqual(
            'DELETE /containers/web/devices?path=/dev/vdb&force=0',
            self.asked())
        self.serve().unplug('web', '/dev/vdb', force=True)
        self.assertIn('force=1', self.asked())

    def test_in_use(self):
        devices_ = self.serve({'message': 'It is in use.',
                               'code': 'container.device_busy'}, 409)
        error = self.assertRaises(
            exceptions.Conflict, devices_.unplug, 'web', '/dev/vdb')
        self.assertEqual('container.device_busy', error.code)
