import os
import subprocess
import sys

from oslotest import base


class CliTestCase(base.BaseTestCase):

    def run_cli(self, *words, **kwargs):
        return subprocess.run(
            [sys.executable, '-m', 'novacontainer.cmd.cli', *words],
            stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            **kwargs)

    def test_help(self):
        ended = self.run_cli('--help', stdout=subprocess.PIPE)
        self.assertEqual((0, ''), (ended.returncode, ended.stderr))
        self.assertIn('doctor', ended.stdout)

    def test_misuse(self):
        ended = self.run_cli('nothing', stdout=subprocess.PIPE)
        self.assertEqual((1, ''), (ended.returncode, ended.stdout))

    def test_nobody_reads(self):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            ended = self.run_cli('--socket', '/nowhere', 'version',
                                 stdout=writer)
        finally:
            os.close(writer)
        self.assertNotIn('Traceback', ended.stderr)
        self.assertNotIn('BrokenPipe', ended.stderr)
