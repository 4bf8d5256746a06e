from unittest import mock

import fixtures
from oslotest import base

from novacontainer.cmd import daemon
from novacontainer.runtime import exception


class MainTest(base.BaseTestCase):

    def main(self, *args, error=None):
        stderr = self.useFixture(fixtures.StringStream('stderr')).stream
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', stderr))
        with mock.patch('novacontainer.runtime.daemon.Daemon') as made:
            made.return_value.run.side_effect = error
            code = daemon.main(args)
        stderr.flush()
        stderr.seek(0)
        return code, stderr.read().strip(), made

    def test_run(self):
        code, said, made = self.main('--data-root', '/d')
        self.assertEqual((0, ''), (code, said))
        self.assertEqual('/d', made.call_args.args[0].data_root)

    def test_a_fault_is_one_sentence(self):
        code, said, _ = self.main(
            error=exception.Conflict('Another one is there.'))
        self.assertEqual((78, 'novacontainerd: Another one is there.'),
                         (code, said))

    def test_bad_configuration(self):
        code, said, made = self.main('--config-file', '/no/such/file')
        self.assertEqual(78, code)
        self.assertIn('/no/such/file', said)
        made.assert_not_called()
        path = self.useFixture(fixtures.TempDir()).join('conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[api]\nworkers = many\n')
        code, said, made = self.main('--config-file', path)
        self.assertEqual(78, code)
        self.assertIn('workers', said)
        made.assert_not_called()
