import pathlib

from oslotest import base

from novacontainer.cli import app
from novacontainer.cli import manualpage
from novacontainer.runtime.conf import daemon

_ROOT = pathlib.Path(__file__).parents[3]


class ManualPageTest(base.BaseTestCase):

    def test_every_verb(self):
        helps = app.help_texts()
        page = manualpage.with_verbs(
            (_ROOT / 'etc/man1/novacontainer.1').read_text(), helps)
        self.assertEqual(
            list(helps), [line.removeprefix('.SS ').replace('\\-', '-')
                          for line in page.splitlines()
                          if line.startswith('.SS ')])
        self.assertEqual(1, page.count('.SH ENVIRONMENT'))

    def test_roff_reads_no_requests_in_it(self):
        page = manualpage.with_verbs(
            '.SH ENVIRONMENT\n', {'x': ".so /etc/passwd\n'a\nb\\fB--c\n"})
        self.assertIn("\\&.so /etc/passwd\n\\&'a\nb\\efB\\-\\-c\n", page)

    def test_every_switch_of_the_daemon(self):
        page = (_ROOT / 'etc/man8/novacontainerd.8').read_text()
        for option in daemon.CLI_OPTIONS:
            self.assertIn(
                '\\fB\\-\\-' + option.name.replace('-', '\\-') + '\\fR', page)
