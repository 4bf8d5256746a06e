import pathlib
from unittest import mock

import fixtures

from novacontainer.cli import failure
from novacontainer.cli.setup import account
from novacontainer.cli.setup import installer
from tests.unit.cli import command

_CHECKOUT = pathlib.Path(__file__).resolve().parents[4]
_UNIT = 'etc/systemd/system/novacontainerd.service'


class SetupTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.data = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        real = installer.plan.sysconfig.get_path
        # As in a checkout, wherever the code comes from: the prefix has none
        # of our files.
        self.useFixture(fixtures.MockPatchObject(
            installer.plan, '__file__',
            str(_CHECKOUT / 'novacontainer/cli/setup/plan.py')))
        self.useFixture(fixtures.MockPatchObject(
            installer.plan.sysconfig, 'get_path',
            side_effect=lambda name: (
                str(self.data) if name == 'data' else real(name))))

    def setup(self, *words):
        return self.run_command(['setup', '--root', str(self.root), *words])

    def files(self):
        return {str(path.relative_to(self.root))
                for path in self.root.rglob('*') if path.is_file()}

    def test_into_a_root(self):
        ended = self.setup()
        self.assertEqual((0, ''), (ended.code, ended.errors))
        self.assertIn(f'wrote {self.root / _UNIT}\n', ended.output)
        self.assertIn('make the group', ended.output)
        text = (self.root / _UNIT).read_text()
        self.assertIn(f'ExecStart={installer.plan.daemon()} --config', text)
        sample = self.root / 'etc/novacontainer/novacontainerd.conf.sample'
        for option in ('#data_root =', '#cgroup_parent =', '#use_json ='):
            self.assertIn(option, sample.read_text())
        page = self.root / 'usr/local/share/man/man1/novacontainer.1'
        self.assertIn('.SS setup\n', page.read_text())
        self.assertFalse((self.root / 'etc/nova').exists())

    def test_again(self):
        self.setup()
        before = self.files()
        ended = self.setup()
        self.assertEqual(0, ended.code)
        self.assertNotIn('wrote', ended.output)
        self.assertEqual(before, self.files())

    def test_beside_nova(self):
        (self.root / 'etc/nova').mkdir(parents=True)
        self.assertEqual(0, self.setup().code)
        self.assertLess({
            'etc/nova/rootwrap.d/novacontainer.filters',
            'etc/novacontainer/nova-novacontainer.conf.sample'},
            self.files())

    def test_what_the_wheel_brought_comes_first(self):
        place = self.data / 'lib/systemd/system/novacontainerd.service'
        place.parent.mkdir(parents=True)
        place.write_text('from the wheel\n')
        self.setup()
        self.assertIn('from the wheel', (self.root / _UNIT).read_text())

    def test_nothing_is_written_when_something_is_in_the_way(self):
        place = self.root / 'etc/logrotate.d/novacontainer'
        place.parent.mkdir(parents=True)
        place.write_text('mine')
        ended = self.setup()
        self.assertEqual(1, ended.code)
        self.assertIn(f'{place} is there already', ended.errors)
        self.assertEqual({'etc/logrotate.d/novacontainer'}, self.files())

    def test_a_full_disk(self):
        self.useFixture(fixtures.MockPatch(
            'os.replace', side_effect=OSError(28, 'No space left')))
        ended = self.setup()
        self.assertEqual(1, ended.code)
        self.assertIn('Not all was done: No space left', ended.errors)

    def test_remove(self):
        self.setup()
        ended = self.setup('--remove')
        self.assertEqual(0, ended.code)
        self.assertEqual({'etc/novacontainer/novacontainerd.conf'},
                         self.files())
        self.assertIn('Left alone: containers that run', ended.output)

    def test_not_root(self):
        self.useFixture(fixtures.MockPatch('os.geteuid', return_value=1000))
        written = self.useFixture(fixtures.MockPatchObject(
            installer.hostfile.HostFile, 'write')).mock
        ended = self.run_command(['setup'])
        self.assertEqual(1, ended.code)
        self.assertIn('Be root', ended.errors)
        written.assert_not_called()
        # The root of an image may be anybody's.
        self.assertEqual(0, self.setup().code)

    def test_no_such_root(self):
        ended = self.run_command(['setup', '--root', '/no/such'])
        self.assertEqual(1, ended.code)
        self.assertIn('there is no directory /no/such', ended.errors)

    def test_an_incomplete_installation(self):
        self.useFixture(fixtures.MonkeyPatch(
            f'{installer.plan.__name__}.__file__', '/no/such/a/b/c.py'))
        ended = self.setup()
        self.assertEqual(1, ended.code)
        self.assertIn('install novacontainer again', ended.errors)


class AccountTestCase(command.CommandTestCase):

    def prepare(self, group, user):
        """Returns the commands and what is said of them."""
        missing = KeyError('no such name')
        with (mock.patch('grp.getgrnam', side_effect=[group or missing]),
              mock.patch('pwd.getpwnam', side_effect=[user or missing]),
              mock.patch.object(account, 'run') as run):
            said = list(account.prepare())
        return [call.args[0] for call in run.mock_calls], said

    def test_a_new_host(self):
        commands, said = self.prepare(None, mock.Mock())
        self.assertEqual(
            [['groupadd', '--system', 'novacontainer'],
             ['usermod', '--append', '--groups', 'novacontainer', 'nova']],
            commands)
        self.assertEqual('made the group novacontainer', said[0])
        self.assertIn('restart nova-compute', said[1])

    def test_without_nova(self):
        commands, (said,) = self.prepare(mock.Mock(gr_mem=[]), None)
        self.assertEqual([], commands)
        self.assertIn('there is no user nova here', said)

    def test_all_is_there(self):
        self.assertEqual(([], []), self.prepare(
            mock.Mock(gr_mem=['nova']), mock.Mock()))

    def test_tools_that_fail(self):
        error = self.assertRaises(
            failure.CommandFailed, account.run, ['sh', '-c',
                                                 'echo why >&2; exit 1'])
        self.assertIn('failed: why', error.message)
        error = self.assertRaises(
            failure.CommandFailed, account.run, ['/no/such/tool', 'x'])
        self.assertIn('do by hand: /no/such/tool x', error.message)


class ControlGroupsTestCase(command.CommandTestCase):

    def test_empty_ones_are_removed(self):
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.useFixture(fixtures.MockPatchObject(
            installer, '_CGROUPS', root))
        for name in ('cpu/novacontainer/conmon', 'cpu/other',
                     'novacontainer', 'memory/novacontainer', 'pids'):
            (root / name).mkdir(parents=True)
        # As the kernel refuses one that is in use.
        (root / 'memory/novacontainer/runs').touch()
        installer.remove_cgroups()
        self.assertEqual(
            {'cpu', 'cpu/other', 'memory', 'memory/novacontainer',
             'memory/novacontainer/runs', 'pids'},
            {str(path.relative_to(root)) for path in root.rglob('*')})
