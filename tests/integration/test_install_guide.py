"""The install guide, followed on a bare machine: its commands in its order.

They are taken out of the pages and run in a machine that boots its own
systemd, in which nothing is installed but Debian and what the pages name.
Nova and what it needs are not downloaded again: they are put where pip has
them, before it is asked for them.
"""

import importlib.metadata
import json
import pathlib
import shutil
import time

from oslotest import base
from testtools import content

from tests import archives
from tests import documents
from tests.integration import controller
from tests.integration import machine
from tests.integration import networkhost
from tests.integration import test_wheel
from tests.integration import wheels

HOST = 'install/compute-host.rst'
UPGRADES = 'install/upgrades.rst'
SECTIONS = ('Nova', 'The daemon and the driver', 'nova-compute')
DISTRIBUTION = 'Nova of a distribution'
UPGRADE = 'A new version of novacontainer'
REMOVAL = 'Removal'
VENV = '/opt/nova'
CLI = f'{VENV}/bin/novacontainer'
CONSTRAINTS = 'https://releases.openstack.org/constraints/upper/2026.2'
#: What pip puts into an environment by itself.
_PIPS = ('pip', 'setuptools', 'pkg_resources', '_distutils_hack',
         'distutils-precedence', 'wheel')
#: Links to what the test runs with, below the root of the machine.
PACKAGES = 'opt/controller/packages'
NOVA_CONF = '/etc/nova/nova.conf'

_PATIENCE_S = 150


def named_packages():
    """List what the page has apt install for Nova and for us."""
    return sorted({
        word for section in SECTIONS
        for step in documents.steps(HOST, section)
        if isinstance(step, str) and step.startswith('apt-get install')
        for word in step.replace('\\\n', ' ').split()[2:]
        if not word.startswith('-')})


class InstallGuideTestCase(base.BaseTestCase):

    #: A whole life of an installation is one test.
    TIMEOUT_SCALING_FACTOR = 3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        built = networkhost.use_for_class(cls, wheels.Built())
        cls.machine = networkhost.use_for_class(cls, machine.Machine(
            wheels.places(),
            (*machine.BARE, *controller.PACKAGES, *named_packages())))
        controller.furnish(cls.machine.root)
        cls.furnish(built)
        cls.machine.boot()
        cls.version = cls.versions[0]
        cls.follow(HOST, *SECTIONS)

    @classmethod
    def furnish(cls, built):
        """Put in what the machine cannot download."""
        root = cls.machine.root
        cls.versions = []
        for wheel in (built.wheel, built.later()):
            shutil.copy(wheel, root / 'root')
            cls.versions.append(wheel.name.split('-')[1])
        (root / 'opt/image.tar').write_bytes(archives.busybox_image())
        (root / 'opt/constraints.txt').write_text(''.join(
            f'{one.name}==={one.version}\n'
            for one in importlib.metadata.distributions()
            if not one.name.startswith(('novacontainer', *_PIPS))))
        cls.write_pip_conf()

    @classmethod
    def write_pip_conf(cls, *lines):
        (cls.machine.root / 'etc/pip.conf').write_text('\n'.join((
            '[global]', 'no-index = true', 'disable-pip-version-check = true',
            *lines, '')))

    def setUp(self):
        super().setUp()
        self.addOnException(lambda _: self.addDetail(
            'journal', content.text_content(self.machine.run(
                'journalctl', '--no-pager', '--lines=300'))))

    @classmethod
    def follow(cls, page, *sections):
        """Do what the sections say, in their order."""
        for section in sections:
            for step in documents.steps(page, section):
                if isinstance(step, documents.File):
                    cls.write(step)
                elif (documents.gate(page, step) == 'integration'
                      and not documents.excuse(page, step)):
                    cls.execute(step)

    @classmethod
    def write(cls, file):
        place = cls.machine.root / file.path.lstrip('/')
        if place.exists():
            raise AssertionError(f'{place} is there already')
        place.write_text(file.text)

    @classmethod
    def execute(cls, step):
        """Run a command as a reader types it; returns what it says."""
        if step.endswith(' nova') and 'pip install' in step:
            cls.provide_nova()
        step = step.replace(CONSTRAINTS, '/opt/constraints.txt')
        step = step.replace('<version>', cls.version)
        return cls.machine.run('sh', '-ec', f'cd /root\n{step}')

    @classmethod
    def provide_nova(cls):
        """Do what pip would download Nova for, all but its last look."""
        venv = cls.machine.root / VENV.lstrip('/')
        site, = venv.glob('lib/python3.*/site-packages')
        for link in (cls.machine.root / PACKAGES).iterdir():
            if not link.name.startswith(_PIPS):
                (site / link.name).symlink_to(link.readlink())
        for name in ('nova', 'oslo.privsep'):
            for path in importlib.metadata.files(name):
                if '..' in path.parts:
                    cls.put(path.locate(), venv.joinpath(
                        *(part for part in path.parts if part != '..')))

    @staticmethod
    def put(source, place):
        """Copy a script, or another file that a wheel has beside Python's."""
        place.parent.mkdir(parents=True, exist_ok=True)
        text = pathlib.Path(source).read_text()
        if text.startswith('#!'):
            text = f'#!{VENV}/bin/python3\n' + text.partition('\n')[2]
        place.write_text(text)
        place.chmod(0o755 if text.startswith('#!') else 0o644)

    def wait(self, condition):
        deadline = time.monotonic() + _PATIENCE_S
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline, condition)
            time.sleep(0.2)
        return found

    def python(self, program, *words):
        """Run a program with the Python of the controller."""
        return json.loads(self.machine.run(
            'python3', '-W', 'ignore', '-c', program, *words))

    def compute_nodes(self):
        """Types of hypervisors that nova-compute has reported to Nova."""
        return self.python(
            'import json, sqlite3, sys\n'
            'print(json.dumps(sqlite3.connect(sys.argv[1]).execute('
            '"select hypervisor_type from compute_nodes").fetchall()))',
            controller.DATABASE)

    def traits(self):
        """Traits of the host, in Placement."""
        return self.python(_TRAITS, controller.TOKEN)

    def test_no_section_is_left_out(self):
        for page, sections in ((HOST, (*SECTIONS, DISTRIBUTION)),
                               (UPGRADES, (UPGRADE, REMOVAL))):
            followed = [step for section in sections
                        for step in documents.steps(page, section)]
            self.assertEqual([], [
                command for command in documents.runs(page, 'integration')
                if command not in followed])

    def test_what_the_guide_leads_to(self):
        """A compute node, which can be upgraded and taken away again."""
        self.wait(lambda: 'CUSTOM_NOVACONTAINER' in self.traits())
        self.assertEqual([['docker']], self.compute_nodes())
        self.assert_helpers_run()
        pid = self.start_container()
        self.upgrade(pid)
        self.follow(UPGRADES, REMOVAL)
        self.assert_nothing_is_left(pid)
        self.assert_nova_is_as_before()
        self.install_beside_packages()

    def assert_helpers_run(self):
        """nova-compute became root where the driver needs it."""
        helpers = self.machine.run('pgrep', '-u', 'root', '-fa',
                                   f'{VENV}/bin/privsep-helper')
        self.assertIn('novacontainer.virt.privsep.network', helpers)
        self.assertIn('vif_plug_ovs.privsep.vif_plug', helpers)

    def start_container(self):
        """Run what is not to end; returns its process id."""
        self.machine.run(CLI, 'load', '-q', '-i', '/opt/image.tar')
        self.machine.run(CLI, 'run', '-d', '--name', 'stays',
                         'busybox:test', 'sleep', '1000')
        return self.pid()

    def pid(self):
        return str(json.loads(self.machine.run(
            CLI, 'inspect', 'stays'))[0]['State']['Pid'])

    def main_pid(self, unit):
        return self.machine.run('systemctl', 'show', '--value',
                                '--property=MainPID', unit)

    def upgrade(self, pid):
        type(self).version = self.versions[1]
        # Seen to by the first installation, and slow.
        self.write_pip_conf('no-deps = true')
        units = ('novacontainerd', 'nova-compute')
        before = [self.main_pid(unit) for unit in units]
        self.follow(UPGRADES, UPGRADE)
        for was, unit in zip(before, units, strict=True):
            self.assertNotIn(self.main_pid(unit), (was, '0\n'))
        self.assertIn(self.version, self.machine.run(
            f'{VENV}/bin/pip', 'show', 'novacontainer'))
        self.assertEqual(pid, self.pid())

    def assert_nothing_is_left(self, pid):
        # But for /proc, the wheels, and what is this host's.
        self.assertEqual('', self.machine.run('sh', '-ec', (
            r'find / -ignore_readdir_race \( -path /proc -o -path /root '
            + ''.join(f'-o -path {path} ' for path in wheels.places())
            + r'\) -prune -o -name "*novacontainer*" -print')))
        self.assertEqual(2, self.machine.status(
            'getent', 'group', 'novacontainer')[0])
        self.assertEqual(1, self.machine.status('kill', '-0', pid)[0])
        for name in ('novacontainer', 'conmon'):
            self.assertEqual((1, ''), self.machine.status('pgrep', '-a', name))
        self.assertNotIn('novacontainer', self.machine.run(
            'cut', '-d ', '-f5', '/proc/self/mountinfo'))
        self.assertEqual('', self.machine.run('ip', 'netns'))

    def assert_nova_is_as_before(self):
        """nova-compute runs with another driver, as a host that is new."""
        self.machine.run('sed', '-i', 's/^compute_driver.*/compute_driver = '
                         r'fake.FakeDriver\nhost = another/', NOVA_CONF)
        self.machine.run('systemctl', 'start', 'nova-compute')
        self.wait(lambda: ['fake'] in self.compute_nodes())

    def install_beside_packages(self):
        """Do what a host with Nova of a distribution needs."""
        system = self.machine.root / 'usr/lib/python3/dist-packages'
        for link in (self.machine.root / PACKAGES).iterdir():
            if not (system / link.name).is_symlink():
                (system / link.name).symlink_to(link.readlink())
        self.follow(HOST, DISTRIBUTION)
        said = self.machine.run('python3', '-W', 'ignore', '-c',
                                test_wheel.LOAD).splitlines()
        self.assertEqual('novacontainer.virt.driver', said[-1])
        self.machine.run('systemctl', 'start', 'novacontainerd.socket')
        self.assertIn(f'Server: {self.version} ', self.machine.run(
            '/opt/novacontainer/bin/novacontainer', 'version'))


_TRAITS = f"""
import json, sys, urllib.request

def ask(path):
    request = urllib.request.Request(
        'http://{controller.NAME}:5000/placement' + path, headers={{
            'X-Auth-Token': sys.argv[1],
            'OpenStack-API-Version': 'placement 1.39'}})
    return json.load(urllib.request.urlopen(request))

print(json.dumps([
    trait for provider in ask('/resource_providers')['resource_providers']
    for trait in ask(f"/resource_providers/{{provider['uuid']}}/traits")[
        'traits']]))
"""
