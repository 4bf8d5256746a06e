import json

from oslotest import base

from novacontainer import client as api
from novacontainer.client import exceptions
from tests.unit.client import endpoint


class ExecsTestCase(base.BaseTestCase):

    def serve(self, *answers):
        """Make a client in front of these answers."""
        self.served = self.useFixture(endpoint.Endpoint(*answers))
        return api.Client(self.served.path, 10)

    def test_create_and_start(self):
        client = self.serve(endpoint.Answer(b'{"Id": "e1"}', status=201),
                            endpoint.Answer())
        self.assertEqual('e1', client.execs.create('a', {'Cmd': ['x']}))
        client.execs.start('e1')
        self.assertEqual(
            ['/v1.44/containers/a/exec', '/v1.44/exec/e1/start'],
            [one.path for one in self.served.requests])
        self.assertEqual({'Cmd': ['x']},
                         json.loads(self.served.requests[0].body))

    def test_join(self):
        client = self.serve(endpoint.Answer(
            b'out', status=101, content_type='a/b'))
        with client.execs.join('e1', True, (25, 80)) as connection:
            self.assertEqual('a/b', connection.media_type)
            self.assertEqual(b'out', connection.receive())
        self.assertEqual(
            {'Detach': False, 'Tty': True, 'ConsoleSize': [25, 80]},
            json.loads(self.served.requests[0].body))

    def test_resize_and_document(self):
        client = self.serve(endpoint.Answer(),
                            endpoint.Answer(b'{"ExitCode": 3}'))
        client.execs.resize('e1', 25, 80)
        self.assertEqual({'ExitCode': 3}, client.execs.document('e1'))
        self.assertEqual('/v1.44/exec/e1/resize?h=25&w=80',
                         self.served.requests[0].path)

    def test_nobody_listens(self):
        client = api.Client('/nowhere', 1)
        error = self.assertRaises(
            exceptions.ConnectionFailed, client.execs.join, 'e1', False)
        self.assertIn('/nowhere cannot be reached', error.message)
