from oslotest import base

from novacontainer import client
from tests.unit.client import endpoint


class UsageTestCase(base.BaseTestCase):

    def serve(self, body):
        self.endpoint = self.useFixture(
            endpoint.Endpoint(endpoint.Answer(body)))
        return client.Client(self.endpoint.path, timeout_s=5).usage

    def assertRequested(self, path):
        request, = self.endpoint.requests
        self.assertEqual('/v1.44' + path, request.path)

    def test_processes(self):
        usage = self.serve(b'{"Titles": ["PID"], "Processes": [["1"]]}')
        self.assertEqual((['PID'], [['1']]), usage.processes('web', '-o pid'))
        self.assertRequested('/containers/web/top?ps_args=-o+pid')

    def test_no_processes(self):
        usage = self.serve(b'{"Titles": ["PID"], "Processes": null}')
        self.assertEqual((['PID'], []), usage.processes('web'))
        self.assertRequested('/containers/web/top')

    def test_sample(self):
        self.assertEqual({'id': 'f00'},
                         self.serve(b'{"id": "f00"}').sample('web'))
        self.assertRequested('/containers/web/stats?stream=0&one-shot=1')
