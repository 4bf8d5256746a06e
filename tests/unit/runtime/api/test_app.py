import itertools
import random
from unittest import mock
import urllib.parse

from novacontainer.runtime.api import app
from novacontainer.runtime.api import services
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served

VALUES = ('', '\0', '-1', '1e400', '9' * 400, '%', '\udcff', '[]', '{}',
          '{"a":', '{"label":{"":{}}}', '{"status":[null]}', '../..', '/',
          'sha256:', '\u202e', 'a' * 3000, '[[[[', '0.0.0', ' ', '\n')
PARAMETERS = ('all', 'condition', 'container', 'filters', 'force', 'limit',
              'name', 'names', 'reference', 'repo', 'signal', 'since',
              'stdout', 't', 'tag', 'tail', 'until', 'v', 'changes')
BODIES = (None, b'', b'\0', b'{', b'[]', b'null', b'{"HostConfig": 1}',
          b'{"Cmd": [[]]}', b'{"Labels": {"": []}}', b'\xff' * 100,
          b'"' + b'a' * 1000, b'{"a": ' * 3000)


def table():
    """Return the table of routes."""
    return app.routes(
        services.Services(
            images=fakes.Images(), containers=fakes.Containers('/'),
            alterations=None, plugs=None, pruning=None, archives=None,
            differences=None, stats=fakes.Recorder(),
            top=fakes.Recorder(), attachments=None, execs=fakes.Execs(),
            healths=fakes.Healths(),
            events=None, logs=None, info=fakes.Info(),
            volumes=fakes.Volumes(), networks=fakes.Networks(),
            connections=fakes.Connections()), None, mock.Mock())


class AppTest(served.ServedTestCase):

    def test_every_method_and_path_is_there_once(self):
        keys = [(method, path) for method, path, _handler in table()]
        self.assertEqual(sorted(set(keys)), sorted(keys))

    def test_no_input_gets_a_500(self):
        # Seeded: the same strange requests each time.
        chance = random.Random(2)
        self.containers.exit.set_result(0)
        routes = [(method.replace('*', 'POST'), path)
                  for method, path, _handler in table()
                  if path != '/events']
        for (method, path), _ in itertools.product(routes, range(6)):
            name = urllib.parse.quote(
                chance.choice(VALUES).encode('utf-8', 'surrogateescape'),
                safe='')
            path = path.replace('{name:.+}', name or 'x')
            query = urllib.parse.urlencode(
                {parameter: chance.choice(VALUES).encode(
                    'utf-8', 'surrogateescape')
                 for parameter in chance.sample(PARAMETERS, 6)})
            answer = self.call(
                method, f'{path.replace("{rest:.+}", "x")}?{query}',
                chance.choice(BODIES),
                {'Content-Type': 'application/json'})
            self.assertNotEqual(500, answer.status, (method, path, query))

    def test_what_is_not_http(self):
        for data in (b'\0\n\r\n', b'GET / HTTP/9.9\r\n\r\n',
                     b'GET /' + b'a' * 10000 + b' HTTP/1.1\r\n\r\n',
                     b'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x'
                     b'\r\n\r\n'):
            sock = self.raw()
            sock.sendall(data)
            self.assertIn(b' 400 ', sock.recv(65536).splitlines()[0] + b' ')
