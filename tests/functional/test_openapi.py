"""Requests made up from the API's own description, against the daemon.

Whatever is asked, the daemon answers in time and with no 500, and leaves
nothing behind: the daemon's fixture looks for mounts, namespaces, cgroups and
processes when all is removed.
"""

import collections
import json
import urllib.parse

import hypothesis
from hypothesis import strategies
from oslotest import base
import requests
import requests_unixsocket
import schemathesis

from tests import archives
from tests.functional import daemon

#: For each operation and each of valid and invalid data.
EXAMPLES = 8
#: A daemon that is silent for so long hangs.
TIMEOUT_S = 60
IMAGE = 'busybox:made-up'
NAMES = ('made-up-runs', 'made-up-waits')

#: What goes on until its client leaves: it is left when the answer begins.
_ENDLESS = {'SystemEvents', 'ContainerWait', 'ContainerAttach', 'ExecStart',
            'ContainerLogs', 'ContainerStats'}

_SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck))


@schemathesis.serializer('application/x-tar')
def serialize_archive(_context, value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class MadeUpTest(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = daemon.Daemon()
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        cls.archive = archives.busybox_image(IMAGE)
        cls.daemon.load(cls.archive)
        document = cls.daemon.json('GET', '/openapi.json')
        schema = schemathesis.openapi.from_dict(document)
        cls.operations = [
            found.ok() for found in schema.get_all_operations()
            if 'operationId' in found.ok().definition.raw]
        cls.session = requests_unixsocket.Session()
        cls.addClassCleanup(cls.session.close)
        quoted = urllib.parse.quote(str(cls.daemon.socket_path), safe='')
        cls.base = f'http+unix://{quoted}'

    def test_images(self):
        self.ask(lambda path: path.startswith('/images'))

    def test_looking_at_containers(self):
        self.ask(lambda path: path.startswith('/containers'),
                 lambda method: method in ('get', 'head'))

    def test_changing_containers(self):
        self.ask(lambda path: path.startswith('/containers'),
                 lambda method: method not in ('get', 'head'))

    def test_everything_else(self):
        self.ask(lambda path: not path.startswith(
            ('/images', '/containers')))

    def ask(self, of_path, of_method=lambda method: True):
        """Make up requests for some operations; lists all that went wrong."""
        wrong = []
        self.statuses = collections.Counter()
        for operation in self.operations:
            if of_path(operation.path) and of_method(operation.method):
                self.prepare()
                for mode in schemathesis.GenerationMode:
                    self.ask_for(operation, mode, wrong)
        self.assertEqual([], wrong)
        # It would say little if nothing were well-formed.
        done = sum(count for status, count in self.statuses.items()
                   if status < 400)
        self.assertGreater(done, sum(self.statuses.values()) // 20,
                           self.statuses)
        self.assertNotIn('Traceback', self.daemon.log)
        self.assertEqual((200, b'OK'), self.daemon.request('GET', '/_ping'))

    def prepare(self):
        """Have an image and two containers, whatever was done to them."""
        if self.daemon.request('GET', f'/images/{IMAGE}/json')[0] != 200:
            self.daemon.load(self.archive)
        for name in NAMES:
            status, answer = self.daemon.request(
                'GET', f'/containers/{name}/json')
            if status == 404:
                status, answer = self.daemon.request(
                    'POST', f'/containers/create?name={name}',
                    {'Image': IMAGE, 'Cmd': ['sleep', '1000']})
                self.assertEqual(201, status, answer)
        self.daemon.request('POST', f'/containers/{NAMES[0]}/start')

    def ask_for(self, operation, mode, wrong):
        name = operation.definition.raw.get('operationId')

        @_SETTINGS
        @hypothesis.given(data=strategies.data())
        def ask(data):
            case = data.draw(operation.as_strategy(generation_mode=mode))
            self.aim(case, name, data)
            problem = self.problem(case, name)
            if problem is not None:
                wrong.append(
                    f'{operation.label} {case.path_parameters} {case.query} '
                    f'{case.body!r:.2000}: {problem}')

        try:
            ask()
        except hypothesis.errors.Unsatisfiable:
            # There is no invalid data for what takes any.
            self.assertEqual(schemathesis.GenerationMode.NEGATIVE, mode)

    def aim(self, case, name, data):
        """Hit what is there, and keep away from what only takes long."""
        if 'name' in (case.path_parameters or {}) and data.draw(
                strategies.integers(0, 3)):
            case.path_parameters['name'] = data.draw(
                strategies.sampled_from([*NAMES, IMAGE]))
        if 'id' in (case.path_parameters or {}) and data.draw(
                strategies.booleans()):
            case.path_parameters['id'] = self.make_exec()
        if 't' in (case.query or {}):
            case.query['t'] = data.draw(strategies.sampled_from(
                ['0', '', 'x', '99999999999999999999']))
        if isinstance(case.body, dict) and name == 'ContainerCreate':
            if data.draw(strategies.booleans()):
                # All of its members made up at once are seldom all valid.
                case.body = dict(list(case.body.items())[:1])
                case.query.pop('name', None)
                case.query.pop('platform', None)
            case.body['Image'] = IMAGE
        if isinstance(case.body, dict) and name == 'ContainerExec':
            case.body['Cmd'] = ['echo']
        if name in ('ImageLoad', 'ImageImport'):
            case.body = data.draw(strategies.binary(max_size=2048))

    def make_exec(self):
        status, answer = self.daemon.request(
            'POST', f'/containers/{NAMES[0]}/exec', {'Cmd': ['true']})
        return json.loads(answer)['Id'] if status == 201 else 'none'

    def problem(self, case, name):
        """Send a request; returns what is wrong with the answer, or None."""
        options = case.as_transport_kwargs(base_url='http://localhost')
        options['url'] = self.base + options['url'].removeprefix(
            'http://localhost')
        try:
            with self.session.request(
                    **options, timeout=TIMEOUT_S, stream=True) as answer:
                self.statuses[answer.status_code] += 1
                if answer.status_code >= 400:
                    return self.unfit(answer)
                if name not in _ENDLESS:
                    for _piece in answer.iter_content(65536):
                        continue
        except requests.RequestException as error:
            return repr(error)
        return None

    def unfit(self, answer):
        if answer.status_code in (500, 502, 503):
            return f'{answer.status_code} {answer.text}'
        if answer.request.method != 'HEAD' and not isinstance(
                answer.json().get('message'), str):
            return f'an error without a sentence: {answer.text}'
        return None
