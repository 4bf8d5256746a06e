from oslotest import base

from novacontainer import client
from novacontainer.client import exceptions
from tests.unit.client import endpoint


class SystemTestCase(base.BaseTestCase):

    def serve(self, *answers):
        self.endpoint = self.useFixture(endpoint.Endpoint(*answers))
        return client.Client(self.endpoint.path, timeout_s=5).system

    def test_ping(self):
        self.serve(endpoint.Answer(b'OK', content_type='text/plain')).ping()
        self.assertEqual('/v1.44/_ping', self.endpoint.requests[0].path)

    def test_ping_a_stopping_daemon(self):
        system = self.serve(endpoint.Answer(b'{}', status=503))
        self.assertRaises(exceptions.Unavailable, system.ping)

    def test_version_and_info(self):
        system = self.serve(endpoint.Answer(b'{"Version": "1"}'),
                            endpoint.Answer(b'{"NCPU": 2}'))
        self.assertEqual({'Version': '1'}, system.version())
        self.assertEqual({'NCPU': 2}, system.info())
        self.assertEqual(['/v1.44/version', '/v1.44/info'],
                         [asked.path for asked in self.endpoint.requests])
