import subprocess
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.network import commands


class CommandsTest(base.BaseTestCase):

    def fault(self, *words):
        return self.assertRaises(
            exception.Internal, commands.run, words, 'network.failed')

    def test_what_it_is_given(self):
        commands.run(('grep', '-q', 'needle'), 'network.failed', 'a needle\n')

    def test_what_it_said(self):
        fault = self.fault('sh', '-c', 'echo why >&2; exit 3')
        self.assertEqual('network.failed', fault.code)
        self.assertIn('failed: why', fault.message)

    def test_missing(self):
        self.assertIn('/no/such could not be run',
                      self.fault('/no/such').message)

    def test_too_long(self):
        with mock.patch('subprocess.run', side_effect=(
                subprocess.TimeoutExpired('ip', 60))):
            self.assertIn('ip could not be run', self.fault('ip').message)
