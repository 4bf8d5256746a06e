import dataclasses

from oslotest import base

from novacontainer.runtime.api.views import execs
from tests.unit.runtime.api import fakes


class ExecsTest(base.BaseTestCase):

    def test_created(self):
        self.assertEqual({
            'ID': fakes.EXEC.id, 'ContainerID': 'c' * 64, 'Running': False,
            'ExitCode': None, 'Pid': 0, 'CanRemove': False,
            'DetachKeys': '', 'OpenStdin': True, 'OpenStdout': True,
            'OpenStderr': True, 'ProcessConfig': {
                'entrypoint': 'sh', 'arguments': ['-c', 'x'], 'tty': False,
                'privileged': False},
        }, execs.inspect(fakes.EXEC))

    def test_ended(self):
        shown = execs.inspect(dataclasses.replace(
            fakes.EXEC, exit_code=3, user='web', streams=frozenset()))
        self.assertEqual((3, True, 'web', False), (
            shown['ExitCode'], shown['CanRemove'],
            shown['ProcessConfig']['user'], shown['OpenStdout']))
