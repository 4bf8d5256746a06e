"""The commands of the manual, on the real daemon, as it shows them.

The host has namespaces of its own, so that the socket is where the manual
says it is, and bridges and rules are nobody else's.  A test runs a page's
commands of this gate in their order; what it says before is what the page
takes for granted.
"""

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time
import uuid

from oslotest import base

from tests import archives
from tests import documents
from tests.functional import archiveserver
from tests.functional import daemon
from tests.functional import screen
from tests.integration import networkhost

TIMEOUT_S = 120
SOCKET = '/run/novacontainer/novacontainerd.sock'
#: Serves, as the images that the manual names do.
SERVE = ('sh', '-c', 'echo serving; exec httpd -f -p 80 -h /srv')
FILES = {'etc/nginx/nginx.conf': b'#', 'srv/index.html': b'hello\n'}
CTRL_C = b'\3'


class DocumentsTestCase(base.BaseTestCase):
    """Has a daemon, the images of the manual and an empty directory."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        networkhost.use_for_class(cls, networkhost.Host())
        cls.switch = networkhost.use_for_class(
            cls, networkhost.OpenVSwitch())
        cls.daemon = networkhost.use_for_class(
            cls, daemon.Daemon({'DEFAULT': {'socket_group': 'daemon'},
                               'networks': {'default': 'bridge'}}))
        os.mkdir(os.path.dirname(SOCKET))
        os.symlink(cls.daemon.socket_path, SOCKET)
        cls.daemon.load(archives.busybox_image('busybox:latest'))
        for name in ('nginx', 'postgres'):
            cls.daemon.load(cls.served(f'{name}:latest'))
        cls.server = archiveserver.Server(cls, cls.served('nginx:latest'))
        cls.programs = cls.directory()
        for name, module in (('novacontainer', 'cli'),
                             ('novacontainerd', 'daemon')):
            program = cls.programs / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable} -m '
                               f'novacontainer.cmd.{module} "$@"\n')
            program.chmod(0o755)

    @classmethod
    def directory(cls):
        """Make a directory that goes with the class."""
        made = tempfile.TemporaryDirectory(prefix='nc-doc-', dir='/tmp')
        cls.addClassCleanup(made.cleanup)
        path = pathlib.Path(made.name)
        path.chmod(0o711)
        return path

    @staticmethod
    def served(name):
        """Make the archive of an image that serves."""
        return archives.busybox_image(name, SERVE, files=FILES)

    def setUp(self):
        super().setUp()
        self.place = self.directory()
        self.environment = {
            **self.server.environment({}), 'HOME': str(self.place),
            'PATH': f'{self.programs}:{os.environ["PATH"]}',
            'PYTHONPATH': str(documents.ROOT), 'TERM': 'dumb',
            'DOCKER_HOST': f'unix://{SOCKET}',
            'OVS_RUNDIR': str(self.switch.directory)}
        self.addCleanup(self.remove_containers)
        #: Words of the manual, and what takes their place.
        self.stands_for = {}

    def remove_containers(self):
        """Leave no container to the next test."""
        for container in self.daemon.json('GET', '/containers/json?all=1'):
            self.daemon.json(
                'DELETE', f'/containers/{container["Id"]}?force=1&v=1')

    def words(self, command):
        """Return what a shell is to run for a command, as its words."""
        for said, meant in self.stands_for.items():
            command = command.replace(said, str(meant))
        return ['bash', '-euo', 'pipefail', '-c',
                f'cd {shlex.quote(str(self.place))}\n{command}']

    def shell(self, command, codes=(0,)):
        """Run a command; returns its output."""
        if command.startswith('docker '):
            daemon.find_docker()
        ended = subprocess.run(
            self.words(command), env=self.environment, text=True,
            check=False, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertIn(ended.returncode, codes, (command, ended.stdout))
        return ended.stdout

    def at_terminal(self, command, dialog):
        """Run a command for a person.

        :param dialog: pairs of what is shown and what is typed then.
        """
        terminal = screen.Terminal(self.words(command), self.environment)
        self.addCleanup(terminal.close)
        for shown, typed in dialog:
            terminal.expect(shown)
            terminal.type(typed)
        terminal.wait()

    def follow(self, page, dialogs=None, codes=None, commands=None):
        """Run the commands of a page that are this gate's.

        :param dialogs: the commands that want a person, see
            :meth:`at_terminal`.
        :param codes: the exit codes of those that may have others than 0.
        :param commands: these only.
        :returns: the output of each, by the command.
        """
        said = {}
        if commands is None:
            commands = documents.runs(page, 'functional')
        for command in commands:
            if command in (dialogs or {}):
                self.at_terminal(command, dialogs[command])
            else:
                said[command] = self.shell(
                    command, (codes or {}).get(command, (0,)))
        return said

    def inspect(self, name):
        """Return what the daemon knows of a container."""
        return self.daemon.json('GET', f'/containers/{name}/json')

    def write(self, name, data):
        """Put a file where the commands run."""
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class CommandLineTest(DocumentsTestCase):

    DIALOGS = {
        'novacontainer logs -f web': [(b'serving', CTRL_C)],
        'novacontainer run -it --rm busybox sh': [(b'# ', b'exit\n')],
        'novacontainer exec -it web sh': [(b'# ', b'exit\n')],
        'novacontainer stats': [(b'web', CTRL_C)],
        'novacontainer prune': [(b'[y/N]', b'y\n')],
    }
    #: FAIL is an answer, too: what a host needs for Nova is not here.
    CODES = {'novacontainer doctor': (0, 1)}

    def setUp(self):
        super().setUp()
        self.write('nginx.tar', self.served('nginx:latest'))
        self.write('web.tar', self.served('my/web:latest'))
        self.write('web.tar.gz', self.served('my/web:latest'))
        self.write('openrc', b'export OS_PROJECT_NAME=demo\n')
        self.write('conf/site.conf', b'#\n')
        self.stands_for = {
            'https://example.org/web.tar.gz': f'{self.server.url}/web.tar'}

    def test_cli(self):
        self.shell('novacontainer load -i web.tar')
        for block in documents.blocks('cli/index.rst'):
            if not any(' --name web ' in command for command in block):
                self.shell('novacontainer run -d --name web nginx')
            self.follow('cli/index.rst', self.DIALOGS, self.CODES, block)
            self.remove_containers()
        self.assertEqual([{'name': 'web.tar', 'os_command_line':
                           '/bin/serve 80'}, {'name': 'web'}], [
            {key: record[key] for key in ('name', 'os_command_line')
             if key in record} for record in self.server.records])
        self.assertEqual((self.place / 'web.tar').read_bytes(),
                         self.server.uploads[0])

    def test_web(self):
        self.follow('admin/web.rst', {
            'novacontainer web': [(b'end with ctrl-c', CTRL_C)]})


class HostTest(DocumentsTestCase):

    def test_bridges(self):
        first, second = documents.blocks('admin/bridges.rst')
        self.follow('admin/bridges.rst', commands=first)
        self.stands_for = {
            'nc-0123456789ab': 'nc-' + self.inspect('web')['Id'][:12]}
        said = self.follow('admin/bridges.rst', commands=second)
        addresses, links, rules, ports = said.values()
        for network in self.inspect('web')[
                'NetworkSettings']['Networks'].values():
            self.assertIn(f'inet {network["IPAddress"]}/', addresses)
        self.assertIn('master nc0', links)
        self.assertIn('nc0', rules)
        self.assertIn('dports 8080', ports)

    def test_networking(self):
        """The port is as os-vif writes it beside an instance's."""
        self.shell('novacontainer run -d --name web nginx')
        instance = str(uuid.uuid4())
        self.switch.vsctl(
            'add-port', networkhost.BRIDGE, 'tap0123', '--', 'set',
            'Interface', 'tap0123', 'type=internal',
            f'external_ids:vm-uuid={instance}')
        self.addCleanup(self.switch.vsctl, 'del-port', 'tap0123')
        self.stands_for = {
            'nc-0123456789ab': 'nc-' + self.inspect('web')['Id'][:12],
            '<instance>': instance}
        addresses, routes, port = self.follow('admin/networking.rst').values()
        self.assertIn('eth0', addresses)
        self.assertIn('default via', routes)
        self.assertIn('tap0123', port)

    def test_troubleshooting(self):
        ident = str(uuid.uuid4())
        self.shell(f'novacontainer create --name nova-{ident} nginx')
        self.stands_for = {'<uuid>': ident}
        said, = self.follow('admin/troubleshooting.rst').values()
        self.assertIn(f'"/nova-{ident}"', said)

    def test_monitoring(self):
        self.shell('novacontainer run -d nginx')
        said, = self.follow('admin/monitoring.rst').values()
        self.assertIn('novacontainerd_containers{state="running"} 1.0\n', said)

    def test_storage(self):
        driver, _, size, made = self.follow('admin/storage.rst').values()
        for word in ('Storage Driver', 'Used Because', 'Root Disk Limit'):
            self.assertIn(word, driver)
        self.assertRegex(size, r' 9\.\d+G .* /\n')
        self.assertEqual('data\n', made)
        self.shell('docker rm -f web')
        self.shell('docker volume rm data')

    def test_flavors(self):
        said, = self.follow('admin/flavors.rst').values()
        self.assertRegex(said, '"Lxcfs": ?"(live|absent|dead|off)"')

    def test_releases(self):
        self.write('upper-constraints.txt',
                   b'aiohttp===3.11.10\nnova===31.0.0\n')
        self.follow('install/releases.rst')
        self.assertEqual(
            'nova===31.0.0\n', (self.place / 'constraints.txt').read_text())

    def test_quickstart(self):
        """A second daemon, on whose socket Docker's command line works."""
        start, *docker = documents.runs('install/quickstart.rst',
                                        'functional')
        self.write('nginx.tar', self.served('nginx:latest'))
        self.stands_for = {'/var/lib/novacontainer': self.place / 'data',
                           '/run/novacontainer': self.place / 'run'}
        with (self.place / 'log').open('w') as log, subprocess.Popen(
                self.words(f'exec {start}'), env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log,
                stderr=log) as process:
            self.addCleanup(process.kill)
            socket = self.place / 'run/novacontainerd.sock'
            deadline = time.monotonic() + TIMEOUT_S
            while not socket.exists():
                self.assertIsNone(process.poll(),
                                  (self.place / 'log').read_text())
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            loaded, listed = self.follow('install/quickstart.rst',
                                         commands=docker).values()
            process.terminate()
            self.assertEqual(0, process.wait(TIMEOUT_S))
        self.assertIn('nginx:latest', loaded)
        self.assertIn('CONTAINER ID', listed)


class ImagesTest(DocumentsTestCase):

    def setUp(self):
        super().setUp()
        # Stores of their own for podman and buildah.
        self.write('storage.conf', b'[storage]\ndriver = "vfs"\n'
                   + f'graphroot = "{self.place}/store"\n'.encode()
                   + f'runroot = "{self.place}/storerun"\n'.encode())
        self.environment['CONTAINERS_STORAGE_CONF'] = str(
            self.place / 'storage.conf')
        # These tools bind their store onto itself, and leave it so.
        self.addCleanup(subprocess.run,
                        ['umount', str(self.place / 'store/vfs')],
                        capture_output=True, check=False)
        self.write('source.tar', self.served('nginx:latest'))
        self.write('site/index.html', b'hello\n')
        self.write('root/bin/busybox',
                   pathlib.Path('/bin/busybox').resolve().read_bytes())
        (self.place / 'root/bin/busybox').chmod(0o755)
        self.shell('podman load -q -i source.tar')
        self.shell('skopeo copy docker-archive:source.tar oci:layout:nginx')
        self.stands_for = {
            # No registry is asked by a test.
            'docker://docker.io/library/nginx:latest':
                'docker-archive:source.tar'}

    def check_boots(self, archive):
        """Load what a tool has written, as Nova does, and run it."""
        self.daemon.json('POST', '/images/load?reference=made:latest',
                         archive.read_bytes())
        self.assertEqual('whole\n', self.shell(
            'novacontainer run --rm --entrypoint /bin/busybox made '
            'echo whole'))
        self.daemon.json('DELETE', '/images/made?force=1')

    def make_archives(self, page, with_docker):
        """Run the commands, block by block; returns how many boot."""
        source, checked = self.place / 'source.tar', 0
        for block in documents.blocks(page):
            self.follow(page, commands=[
                command for command in documents.runs(page, 'functional')
                if command in block
                and command.startswith('docker ') == with_docker])
            for archive in self.place.glob('*.tar*'):
                if archive != source:
                    self.check_boots(archive)
                    archive.unlink()
                    checked += 1
        return checked

    def test_docker(self):
        self.assertEqual(1, self.make_archives('user/images.rst', True))

    def test_other_tools(self):
        self.assertEqual(7, self.make_archives('user/images.rst', False))

    def test_from_nova_docker(self):
        """What was written in a container is in the image."""
        ident = str(uuid.uuid4())
        self.shell(f'docker run --name nova-{ident} nginx '
                   'sh -c "echo kept >/kept"')
        self.stands_for = {'<uuid>': ident}
        self.follow('install/from-nova-docker.rst')
        self.assertIn('moved:latest', self.shell('docker load -i moved.tar'))
        self.assertEqual('kept\n', self.shell(
            'docker run --rm moved cat /kept'))
        self.shell('docker rmi --force moved')

    def test_readme(self):
        self.follow('../../README.rst')
        self.check_boots(self.place / 'nginx.tar')
