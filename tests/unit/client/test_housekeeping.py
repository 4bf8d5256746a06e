import json
import urllib.parse

from oslotest import base

from novacontainer import client
from novacontainer.client import housekeeping
from tests.unit.client import endpoint


class HousekeepingTestCase(base.BaseTestCase):

    def serve(self, body):
        self.endpoint = self.useFixture(
            endpoint.Endpoint(endpoint.Answer(json.dumps(body).encode())))
        return client.Client(self.endpoint.path, timeout_s=5).housekeeping

    def asked(self):
        request, = self.endpoint.requests
        return urllib.parse.unquote_plus(
            f'{request.method} {request.path.removeprefix("/v1.44")}')

    def test_disk_usage(self):
        self.assertEqual({'LayersSize': 1},
                         self.serve({'LayersSize': 1}).disk_usage())
        self.assertEqual('GET /system/df', self.asked())

    def test_prune_containers(self):
        disk = self.serve({'ContainersDeleted': ['f00'],
                           'SpaceReclaimed': 7})
        self.assertEqual(
            housekeeping.Pruned(('f00',), 7),
            disk.prune('containers', {'label': ['a']}))
        self.assertEqual(
            'POST /containers/prune?filters={"label": ["a"]}', self.asked())

    def test_prune_images(self):
        disk = self.serve({'ImagesDeleted': [{'Untagged': 'a:b'},
                                             {'Deleted': 'sha256:1'}],
                           'SpaceReclaimed': 7})
        self.assertEqual(('Untagged: a:b', 'Deleted: sha256:1'),
                         disk.prune('images').removed)
        self.assertEqual('POST /images/prune', self.asked())

    def test_prune_nothing(self):
        disk = self.serve({'VolumesDeleted': None, 'SpaceReclaimed': 0})
        self.assertEqual(housekeeping.Pruned((), 0), disk.prune('volumes'))
