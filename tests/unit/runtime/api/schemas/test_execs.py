import json

from oslotest import base

from novacontainer.runtime.api.schemas import execs
from novacontainer.runtime import exception


class ExecsTest(base.BaseTestCase):

    def create(self, **body):
        return execs.create(json.dumps(body).encode())

    def test_create(self):
        self.assertEqual({'Cmd': ['ls']}, self.create(Cmd='ls'))
        self.assertEqual({'Cmd': ['ls', '-l'], 'Tty': True},
                         self.create(Cmd=['ls', '-l'], Tty=True, User=None))

    def test_the_sdks_spelling(self):
        self.assertEqual({'DetachKeys': 'ctrl-x'},
                         self.create(detachKeys='ctrl-x'))

    def test_refusals(self):
        for body in ({'Cmd': 1}, {'Cmd': ['a\0']}, {'Env': 'A=b'},
                     {'Tty': 'yes'}, {'ConsoleSize': [1]},
                     {'ConsoleSize': [-1, 1]}, {'User': 5}):
            self.assertRaises(
                exception.InvalidRequest, self.create, **body)

    def test_start(self):
        self.assertEqual({}, execs.start(b''))
        self.assertEqual({'Detach': True}, execs.start(b'{"Detach": true}'))
        self.assertRaises(exception.InvalidRequest, execs.start, b'[]')
