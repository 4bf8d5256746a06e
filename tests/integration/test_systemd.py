"""The unit files under a real systemd, on a machine that boots it.

The wheel is installed into a virtual environment there, as an operator would,
and ``novacontainer setup`` does the rest.
"""

import json
import platform
import re
import time

from oslotest import base
from testtools import content

from tests import archives
from tests import documents
from tests.integration import machine
from tests.integration import networkhost
from tests.integration import wheels

HOME = '/opt/novacontainer'
CLI = f'{HOME}/bin/novacontainer'
SERVICE = 'novacontainerd.service'
SOCKET = 'novacontainerd.socket'
#: What systemd-analyze says of our service may not get worse than this.
EXPOSURE_MAX = 8.9

_PATIENCE_S = 60


class SystemdTestCase(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        built = networkhost.use_for_class(cls, wheels.Built())
        cls.machine = networkhost.use_for_class(
            cls, machine.Machine(wheels.places()))
        cls.furnish(built.wheel)
        cls.machine.boot()
        cls.machine.run('python3', '-m', 'venv', '--without-pip', HOME)
        packages, = (cls.machine.root / HOME.lstrip('/')).glob(
            'lib/python3.*/site-packages')
        (packages / 'dependencies.pth').write_text('/opt/dependencies\n')
        cls.pip('install', '--no-deps', '--no-index',
                f'/opt/{built.wheel.name}')
        for user in ('nova', 'other'):
            cls.machine.run('useradd', '--system', user)
        cls.machine.run(CLI, 'setup')
        cls.machine.run('systemctl', 'enable', '--now', SOCKET, SERVICE)
        cls.machine.run(CLI, 'load', '-q', '-i', '/opt/image.tar')

    @classmethod
    def furnish(cls, wheel):
        """Put in what the machine cannot download."""
        opt = cls.machine.root / 'opt'
        (opt / wheel.name).write_bytes(wheel.read_bytes())
        (opt / 'image.tar').write_bytes(archives.busybox_image())
        (cls.machine.root / 'etc/nova').mkdir()
        wheels.link_all_but_ours(opt / 'dependencies')

    @classmethod
    def pip(cls, *words):
        """Run pip for the environment of the machine."""
        return cls.machine.run(f'{HOME}/bin/python', '-m', 'pip', *words)

    def setUp(self):
        super().setUp()
        self.addOnException(lambda _: self.addDetail(
            'journal', self.journal()))

    def journal(self):
        return content.text_content(self.machine.run(
            'journalctl', '--no-pager', '--lines=200', '--unit', SERVICE))

    def cli(self, *words, **kwargs):
        return self.machine.run(CLI, *words, **kwargs)

    def start(self, name, *words):
        """Run a container that sleeps, until the test ends."""
        self.cli('run', '-d', '--name', name, '--stop-timeout', '2', *words,
                 'busybox:test', 'sleep', '1000')
        self.addCleanup(self.cli, 'rm', '-f', name)

    def state(self, name):
        found = json.loads(self.cli('inspect', name))
        return (found[0] if isinstance(found, list) else found)['State']

    def show(self, *properties, unit=SERVICE):
        """What systemd says of a unit, in the order of the properties."""
        said = self.machine.run('systemctl', 'show', unit,
                                *(f'--property={one}' for one in properties))
        values = dict(line.split('=', 1) for line in said.splitlines())
        return [values[one] for one in properties]

    def wait(self, condition):
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_units_are_sound(self):
        self.assertEqual('', self.machine.run(
            'systemd-analyze', 'verify', '--man=no', SERVICE, SOCKET))
        self.machine.run('logrotate', '--debug',
                         '/etc/logrotate.d/novacontainer')

    def exposure(self, unit):
        code, said = self.machine.status(
            'systemd-analyze', 'security', '--no-pager', unit)
        self.assertEqual(0, code, said)
        return re.search(r'Overall exposure level for \S+: ([\d.]+)', said)[1]

    def unhardened(self):
        """Make our unit end where "Hardening" begins; returns its name."""
        units = self.machine.root / 'etc/systemd/system'
        text, _, _ = (units / SERVICE).read_text().partition('# Hardening')
        name = 'unhardened.service'
        (units / name).write_text(text)
        self.addCleanup((units / name).unlink)
        self.machine.run('systemctl', 'daemon-reload')
        return name

    def test_exposure(self):
        """It may not get worse, and is what the manual says of it."""
        ours = self.exposure(SERVICE)
        other = self.exposure(self.unhardened())
        self.assertLessEqual(float(ours), EXPOSURE_MAX)
        self.assertLess(float(ours), float(other))
        if platform.freedesktop_os_release()['VERSION_ID'] == '12':
            page = ' '.join(documents.text('install/systemd.rst').split())
            self.assertIn(f'rates its exposure {ours} ', page)
            self.assertIn(f'without them {other}, ', page)

    def test_manual(self):
        """What its page shows ends with no daemon, and keeps containers."""
        self.start('kept')
        before = self.state('kept')
        self.addCleanup(self.machine.run, 'systemctl', 'start', SOCKET,
                        SERVICE)
        for command in documents.runs('install/systemd.rst', 'integration'):
            self.machine.run('sh', '-ec', command)
        for unit in (SOCKET, SERVICE):
            self.assertEqual(['inactive'], self.show('ActiveState',
                                                     unit=unit))
        self.machine.run('systemctl', 'start', SOCKET)
        self.assertEqual(before, self.state('kept'))

    def test_notify(self):
        self.assertEqual(
            ['active', 'running',
             'Serving /run/novacontainer/novacontainerd.sock'],
            self.show('ActiveState', 'SubState', 'StatusText'))

    def test_first_request_starts_the_daemon(self):
        self.machine.run('systemctl', 'stop', SERVICE)
        self.assertEqual(['inactive'], self.show('ActiveState'))
        self.assertEqual(['listening'], self.show('SubState', unit=SOCKET))
        self.assertIn('busybox', self.cli('images'))
        self.assertEqual(['active'], self.show('ActiveState'))

    def test_who_may_use_it(self):
        self.assertIn('busybox', self.cli('images', user='nova'))
        code, said = self.machine.status(CLI, 'images', user='other')
        self.assertEqual(1, code)
        self.assertIn('ermission', said)
        self.assertEqual('660 root novacontainer\n', self.machine.run(
            'stat', '-c', '%a %U %G',
            '/run/novacontainer/novacontainerd.sock'))
        self.assertEqual('711\n711\n755\n', self.machine.run(
            'stat', '-c', '%a', '/run/novacontainer',
            '/var/lib/novacontainer', '/run/netns'))

    def test_containers_outlive_the_daemon(self):
        self.start('outlives')
        before = self.state('outlives')
        self.machine.run('systemctl', 'restart', SERVICE)
        self.assertEqual(before, self.state('outlives'))
        self.machine.run('systemctl', 'kill', '--signal=KILL',
                         '--kill-whom=main', SERVICE)
        self.wait(lambda: self.show('ActiveState', 'NRestarts')
                  == ['active', '1'])
        self.assertEqual(before, self.state('outlives'))
        # No process of theirs is in the unit's own control group.
        self.assertEqual(self.show('MainPID'), self.unit_processes())

    def unit_processes(self):
        return self.machine.run(
            'cat', f'/sys/fs/cgroup/systemd/system.slice/{SERVICE}'
            '/cgroup.procs').split()

    def test_what_containers_inherit(self):
        self.start('inherits')
        self.assertEqual('0\n', self.cli(
            'exec', 'inherits', 'cat', '/proc/self/oom_score_adj'))
        self.assertEqual('', self.cli(
            'exec', 'inherits', 'sh', '-c',
            'env | grep -E "NOTIFY|LISTEN|WATCHDOG|INVOCATION" || true'))

    def test_logging(self):
        """What the manual says finds what was asked of the daemon."""
        journal, request = documents.runs('admin/logging.rst', 'integration')
        self.start('logged')
        *_, found = re.findall(r'\[(req-[-0-9a-f]+).* POST \S+/create ',
                               self.machine.run('sh', '-c', journal))
        said = self.machine.run(
            'sh', '-c', request.replace('req-<id>', found))
        self.assertRegex(said, 'POST .*/containers/create.* -> 201')

    def test_watchdog(self):
        """A daemon that hangs is ended, with its stacks in the journal."""
        drop_in = f'/run/systemd/system/{SERVICE}.d/watchdog.conf'
        self.machine.run('sh', '-ec', f'mkdir -p "$(dirname {drop_in})"; '
                         f'printf "[Service]\\nWatchdogSec=2\\n" >{drop_in}; '
                         'systemctl daemon-reload')
        self.addCleanup(self.machine.run, 'sh', '-ec',
                        f'rm -r "$(dirname {drop_in})"; systemctl '
                        f'daemon-reload; systemctl restart {SERVICE}')
        self.machine.run('systemctl', 'restart', SERVICE)
        pid, = self.show('MainPID')
        self.machine.run('kill', '-STOP', pid)
        self.wait(lambda: self.show('ActiveState')[0] == 'active'
                  and self.show('MainPID') != [pid])
        self.assertIn('Fatal Python error: Aborted', self.machine.run(
            'journalctl', '--no-pager', '--unit', SERVICE))

    def test_boot_again(self):
        self.start('returns', '--restart', 'always')
        self.start('ends')
        self.cli('run', '-d', '--name', 'asked', 'busybox:test', 'sh', '-c',
                 'trap "echo bye; exit 7" TERM; while :; do sleep 0.1; done')
        self.addCleanup(self.cli, 'rm', '-f', 'asked')
        before = self.state('returns')['StartedAt']
        self.machine.power_off()
        self.machine.boot()
        self.assertEqual(
            ('exited', 7), (self.state('asked')['Status'],
                            self.state('asked')['ExitCode']))
        self.assertEqual('bye\n', self.cli('logs', 'asked'))
        self.wait(lambda: self.state('returns')['Running'])
        self.assertNotEqual(before, self.state('returns')['StartedAt'])
        self.assertEqual('exited', self.state('ends')['Status'])

    def test_remove_and_install_again(self):
        self.start('stays')
        pid = str(self.state('stays')['Pid'])
        self.cli('setup', '--remove')
        self.assertEqual('', self.machine.run(
            'find', '/etc', '/usr/local', '-name', 'novacontainer*',
            '-newer', '/opt/image.tar', '-type', 'f', '!', '-name',
            'novacontainerd.conf'))
        self.assertEqual(['not-found'], self.show('LoadState'))
        self.pip('uninstall', '--yes', 'novacontainer')
        self.machine.run('kill', '-0', pid)
        self.pip('install', '--no-deps', '--no-index', '/opt/'
                 + next(path.name for path in (
                     self.machine.root / 'opt').glob('*.whl')))
        self.cli('setup')
        self.machine.run('systemctl', 'enable', '--now', SOCKET, SERVICE)
        self.assertEqual(pid, str(self.state('stays')['Pid']))
