"""The commands of the manual do what it says, in the order it shows them."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from demo import catalog
from demo import directory
from demo import images
from demo import tenant as tenants
from tests.cloud import cloudcase
from tests import documents

_TIMEOUT_S = 400
#: What only an administrator may ask for, also on a tenant's page.
_ADMINISTERS = re.compile(
    r'openstack (?:aggregate|compute service|flavor|server set --auto)')
_VOLUME = 'openstack volume show data -f value -c status'


class DocumentsTestCase(cloudcase.CloudTestCase):
    """Runs pages in an empty directory, as a tenant or the administrator."""

    def setUp(self):
        """Have what the pages take for granted."""
        super().setUp()
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        self.admin = catalog.connect(self.directory, 'admin')
        for name in ('m1.tiny', 'm1.small', 'm1.ct', 'c1.small'):
            flavor = self.admin.compute.create_flavor(
                name=name, ram=64, vcpus=1, disk=1)
            self.addCleanup(self.admin.compute.delete_flavor, flavor)
        #: Words of the manual, and what takes their place.
        self.stands_for = {
            '/var/lib/novacontainer-demo': str(self.directory.root),
            '<host>': next(self.admin.compute.services(
                binary='nova-compute')).host,
            '--network private': f'--network {tenants.NETWORK}',
            # The demo has public images of that name.
            ' debian': ' my-debian',
        }

    def shell_out(self, account, page):
        """Run a page's commands as one script that ends with an error.

        Those of the page that belong to this gate, in their order.

        :param account: whose credentials are used.
        :returns: what they have written.
        """
        lines = []
        for command in documents.runs(page, 'cloud'):
            for words, value in self.stands_for.items():
                command = command.replace(words, value)
            if _ADMINISTERS.match(command):
                command = f'( . {self.credentials("admin")}\n{command} )'
            lines.append(command)
        script = '\n'.join([f'. {self.credentials(account)}', *lines])
        ended = subprocess.run(
            ['bash', '-euo', 'pipefail', '-c', script],
            cwd=self.place, text=True, check=False, timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={
                'PATH': f'{self.directory.venv}/bin:{os.environ["PATH"]}',
                'HOME': str(self.place)})
        self.assertEqual(0, ended.returncode, ended.stdout[-3000:])
        return ended.stdout

    def credentials(self, account):
        """The file that an account sources."""
        return self.directory.root / f'{account}-openrc'

    def archive(self, name, original):
        """Have one of the demo's images as a file of the page's."""
        (self.place / name).symlink_to(
            self.directory.cache / f'{original}.tar')

    def publish(self, name, original=images.WEB):
        """Have an image of the tenant's by the name that a page has."""
        image = self.image.create_image(
            name, container_format='docker', disk_format='raw',
            filename=str(self.directory.cache / f'{original}.tar'))
        self.addCleanup(self.image.delete_image, image.id)

    def clear_away(self, *, servers=(), made=()):
        """Delete what a page makes at the end, also where it failed.

        :param servers: their names.
        :param made: the names of images.
        """
        for name in made:
            self.addCleanup(self.delete_images, name)
        for name in servers:
            self.addCleanup(self.delete_servers, name)

    def delete_images(self, name):
        """Delete the tenant's images of a name."""
        for image in list(self.image.images(
                name=name, owner=self.tenant.cloud.current_project_id)):
            self.image.delete_image(image)

    def delete_servers(self, name):
        """Delete the servers of exactly this name."""
        for server in list(self.compute.servers(name=f'^{name}$')):
            self.delete(server)

    def named_web(self):
        """Boot the server that pages call web."""
        server = self.tenant.boot('web', images.WEB)
        self.addCleanup(self.delete, server)
        return self.tenant.wait(server, 'ACTIVE')


class TenantTest(DocumentsTestCase):

    def test_first_server(self):
        self.archive('web.tar', images.WEB)
        self.clear_away(servers=('my-server', 'my-second'),
                        made=('my-web', 'my-snapshot'))
        shown = self.shell_out('demo', 'user/first-server.rst')
        self.assertIn('ACTIVE', shown)
        self.assertNotIn('ERROR', shown)

    def test_readme(self):
        self.archive('nginx.tar', images.WEB)
        self.clear_away(servers=('web',), made=('nginx',))
        self.assertIn('ACTIVE', self.shell_out('demo', '../../README.rst'))

    def test_images(self):
        self.archive('nginx.tar', images.WEB)
        self.archive('my-debian.tar.zst', images.DEBIAN)
        self.clear_away(made=('nginx', 'my-debian'))
        self.shell_out('demo', 'user/images.rst')

    def test_from_nova_docker(self):
        """The new server has the port of the old one."""
        self.archive('moved.tar', images.WEB)
        port = self.network.create_port(
            network_id=self.network.find_network(tenants.NETWORK).id)
        self.addCleanup(self.network.delete_port, port)
        self.clear_away(servers=('moved',), made=('moved',))
        old = self.named_web()
        self.compute.create_server_interface(old, port_id=port.id)
        self.until('the port is attached', lambda: port.id in {
            one.port_id for one in self.compute.server_interfaces(old)})
        self.stands_for.update({
            'port <server> <port>': f'port {old.id} {port.id}; until openstack'
            f' port show {port.id} -f value -c device_id | grep -q "^$"; '
            'do sleep 1; done', '<port>': port.id})
        shown = self.shell_out('demo', 'install/from-nova-docker.rst')
        self.assertIn('ACTIVE', shown)
        self.assertIn(port.fixed_ips[0]['ip_address'], shown)

    def test_environment(self):
        self.publish('my-debian', images.DEBIAN)
        self.clear_away(servers=('shown',))
        shown = self.shell_out('demo', 'user/environment.rst')
        for line in ('uid=33(www-data)', '/srv', 'GREETING=hello'):
            self.assertRegex(shown, f'(?m)^{re.escape(line)}')

    def test_consoles(self):
        self.publish('my-debian', images.DEBIAN)
        self.named_web()
        self.clear_away(servers=('box',))
        self.assertRegex(self.shell_out('demo', 'user/consoles.rst'),
                         r'\| ws://.*token=')

    def test_snapshots(self):
        before = self.named_web()
        self.clear_away(servers=('web-copy',),
                        made=('web-1', 'nightly', 'web-shelved'))
        self.shell_out('demo', 'user/snapshots.rst')
        self.assertTrue((self.place / 'web-1.tar').stat().st_size)
        after = self.wait(before, 'ACTIVE')
        self.assertEqual(before.addresses, after.addresses)

    def test_volumes(self):
        self.addCleanup(self.remove_volume)
        self.named_web()
        self.stands_for.update({
            '--size 10': '--size 1', '--size 20': '--size 2',
            ' data': f' data; until {_VOLUME} | grep -qE '
                     '"available|in-use"; do sleep 1; done'})
        self.assertIn('/dev/vdb', self.shell_out('demo', 'user/volumes.rst'))

    def remove_volume(self):
        """Delete the volume, once nobody has it."""
        storage = self.tenant.cloud.block_storage
        for volume in list(storage.volumes(name='data')):
            self.until('the volume is free', lambda volume=volume:
                       storage.get_volume(volume.id).status == 'available')
            storage.delete_volume(volume)

    def test_troubleshooting(self):
        server = self.named_web()
        self.stands_for['<id>'] = server.id
        self.shell_out('demo', 'admin/troubleshooting.rst')
        # It is in ERROR until the reboot has ended.
        self.until('the server is whole again', lambda: (
            self.compute.get_server(server.id).status == 'ACTIVE'))

    def test_logging(self):
        server = self.named_web()
        self.stands_for['<server>'] = server.id
        self.assertRegex(self.shell_out('demo', 'admin/logging.rst'),
                         r'\| req-[-0-9a-f]+ .*create')


class MentionsTest(unittest.TestCase):

    def test_sentences_name_commands(self):
        """The client has every command that a sentence speaks of."""
        tool = directory.chosen().tool('openstack')
        groups = json.loads(subprocess.run(
            [tool, 'command', 'list', '-f', 'json'], check=True, text=True,
            stdout=subprocess.PIPE, timeout=_TIMEOUT_S).stdout)
        known = tuple(f'openstack {name}' for group in groups
                      for name in group['Commands'])
        named = [(page, said) for page in documents.pages()
                 for said in documents.mentions(page, 'openstack')]
        self.assertEqual([], [
            one for one in named if not one[1].startswith(known)
            # Of a plug-in, as the page says.
            and 'resource provider' not in one[1]])


class AdministratorTest(DocumentsTestCase):

    def setUp(self):
        """Have images of the names that the pages have."""
        super().setUp()
        made = {'nginx': images.WEB, 'cirros': images.DEBIAN}
        for name, original in made.items():
            image = self.admin.image.create_image(
                name, container_format='docker', disk_format='raw',
                filename=str(self.directory.cache / f'{original}.tar'))
            self.addCleanup(self.admin.image.delete_image, image.id)

    def test_existing_cloud(self):
        self.addCleanup(self.remove_flavor, 'ct.small')
        self.addCleanup(self.remove_aggregate, 'containers')
        shown = self.shell_out('admin', 'install/existing-cloud.rst')
        self.assertRegex(shown, r'\| docker +\|')

    def remove_flavor(self, name):
        """Delete a flavor that a page made, if it got so far."""
        if flavor := self.admin.compute.find_flavor(name):
            self.admin.compute.delete_flavor(flavor)

    def remove_aggregate(self, name):
        """Delete an aggregate with the hosts in it."""
        if found := self.admin.compute.find_aggregate(name):
            found = self.admin.compute.get_aggregate(found.id)
            for host in found.hosts or ():
                self.admin.compute.remove_host_from_aggregate(found, host)
            self.admin.compute.delete_aggregate(found)

    def test_upgrades(self):
        self.addCleanup(self.enable_host)
        self.shell_out('admin', 'install/upgrades.rst')
        self.assertEqual('disabled', self.service().status)

    def service(self):
        """The compute service as it is now."""
        return next(self.admin.compute.services(binary='nova-compute'))

    def enable_host(self):
        """Let instances come again, and see that they may."""
        # Of one that was enabled when it was asked nothing would be sent.
        self.admin.compute.enable_service(self.service())
        self.assertEqual('enabled', self.service().status)

    def test_scheduling(self):
        self.shell_out('admin', 'admin/scheduling.rst')

    def test_flavors(self):
        self.shell_out('admin', 'admin/flavors.rst')
