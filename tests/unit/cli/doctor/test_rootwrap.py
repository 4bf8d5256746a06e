import pwd
import types
from unittest import mock

from novacontainer.cli.doctor import rootwrap
from tests.unit.cli.doctor import hostroot

_CONF = 'etc/nova/rootwrap.conf'


class RootwrapTestCase(hostroot.HostRootTestCase):

    def setUp(self):
        super().setUp()
        self.uid = self.enterContext(mock.patch('os.geteuid', return_value=1))
        self.enterContext(mock.patch.object(
            rootwrap, 'pwd', types.SimpleNamespace(getpwnam=self.user)))
        self.users = {'nova'}

    def user(self, name):
        if name not in self.users:
            raise KeyError(name)
        return pwd.getpwuid(0)

    def check(self):
        return [(str(one.grade), one.subject, one.seen)
                for one in rootwrap.check(self.root, str(self.root / 'path'))]

    def program(self, name, script=''):
        self.write(name, f'#!/bin/sh\n{script}\n')
        (self.root / name).chmod(0o755)

    def write_conf(self, *lines):
        self.write(_CONF, '\n'.join(('[DEFAULT]', *lines, '')))

    def test_no_nova(self):
        self.assertEqual([('warn', 'rootwrap filters', 'not installed')],
                         self.check())

    def test_all_is_well(self):
        self.write_conf('exec_dirs=/sbin,/opt/nova/bin')
        self.write(rootwrap.FILTERS[0], '')
        self.program('opt/nova/bin/privsep-helper')
        self.assertEqual(
            [('ok', 'rootwrap filters', f'/{rootwrap.FILTERS[0]}'),
             ('ok', 'rootwrap', 'finds /opt/nova/bin/privsep-helper')],
            self.check())

    def test_filters_where_rootwrap_looks(self):
        self.write_conf('filters_path=/a, /opt/filters')
        name = 'opt/filters/novacontainer.filters'
        self.write(name, '')
        path = self.root / name
        path.chmod(0o644)
        self.assertEqual(('ok', 'rootwrap filters', f'/{name}'),
                         self.check()[0])
        path.chmod(0o664)
        self.assertEqual('FAIL', self.check()[0][0])
        self.write(_CONF, 'nonsense')
        self.assertEqual('warn', self.check()[0][0])

    def test_no_configuration(self):
        (self.root / 'etc/nova').mkdir(parents=True)
        missing = ('FAIL', 'rootwrap', f'/{_CONF} is missing or has no '
                   'section DEFAULT')
        self.assertEqual(missing, self.check()[1])
        self.write(_CONF, 'nonsense')
        self.assertEqual(missing, self.check()[1])

    def test_helper_out_of_reach(self):
        self.program('opt/nova/bin/privsep-helper')
        self.write_conf('exec_dirs=/sbin,/usr/bin')
        self.assertEqual(
            ('FAIL', 'rootwrap',
             f'finds no privsep-helper in exec_dirs of /{_CONF}'),
            self.check()[1])

    def test_helper_in_the_usual_places(self):
        self.program('usr/bin/privsep-helper')
        self.write_conf('use_syslog=False')
        self.assertEqual(('ok', 'rootwrap', 'finds /usr/bin/privsep-helper'),
                         self.check()[1])

    def test_without_rootwrap(self):
        self.write('etc/nova/nova.conf', '[novacontainer_privileged]\n'
                   'helper_command = sudo privsep-helper\n')
        (grade, subject, seen), = self.check()
        self.assertEqual(('ok', 'rootwrap'), (grade, subject))
        self.assertIn('not used', seen)

    def sudo(self, script):
        """What is found when root asks, and sudo is as the script is."""
        self.uid.return_value = 0
        self.write_conf('use_syslog=False')
        self.program('path/sudo')
        self.program('path/runuser', script)
        return self.check()[2:]

    def test_sudo(self):
        self.assertEqual(
            [('ok', 'sudo', 'lets nova run /opt/nova/bin/nova-rootwrap')],
            self.sudo('test "$1 $2 $3" = "-u nova --" && '
                      'echo /opt/nova/bin/nova-rootwrap /etc'))
        (grade, _, seen), = self.sudo('exit 1')
        self.assertEqual('FAIL', grade)
        self.assertIn('does not let nova run "nova-rootwrap /etc/', seen)

    def test_sudo_that_does_not_run(self):
        self.sudo('')
        self.write('path/runuser', '#!/no/such/interpreter\n')
        (grade, _, seen), = self.check()[2:]
        self.assertEqual('warn', grade)
        self.assertIn('does not answer', seen)

    def test_no_sudo(self):
        self.sudo('')
        (self.root / 'path/sudo').unlink()
        self.assertEqual([('FAIL', 'sudo', 'missing')], self.check()[2:])

    def test_another_user(self):
        self.users = set()
        self.assertEqual([], self.sudo('exit 1'))
