"""What Nova puts into a server: files, passwords, keys, a config drive.

As ``test_nova_servers``: all of Nova in this process, real containers.
"""

import base64
import json
import os
import pathlib

from nova.tests.functional.api import client as api_client

from novacontainer.virt import passwords
from tests.functional import computehost
from tests.functional import novaservers

_SHADOW = 'root:*:19000:0:99999:7:::\nweb:!:19000:0:99999:7:::\n'
_PASSWD = 'root:x:0:0:root:/root:/bin/sh\nweb:x:7:8::/home/web:/bin/sh\n'


class GuestTestCase(novaservers.ServersTestCase):

    def setUp(self):
        super().setUp()
        self.flags(max_attempts=1, group='scheduler')
        self.flags(instances_path=str(self.host.daemon.directory / 'i'))
        os.makedirs(self.host.daemon.directory / 'i', exist_ok=True)

    def guest_image(self, properties=None, **files):
        return self.image(properties=properties, archive=computehost.image(
            ['sleep', '1000'], **{
                'etc/shadow': _SHADOW, 'etc/passwd': _PASSWD, **files}))

    def boot(self, image, expected_state='ACTIVE', **fields):
        """Boot; returns the server, with the answer to the request."""
        body = self._build_server(image_uuid=image, networks='none')
        body.update(fields)
        answer = self.api.post_server({'server': body})
        return {**answer,
                **self._wait_for_state_change(answer, expected_state)}

    def file(self, server, path):
        return pathlib.Path(f'/proc/{self.pid(server)}/root/{path}')

    def hashed(self, server, user='root'):
        lines = self.file(server, 'etc/shadow').read_text().splitlines()
        word, = (line.split(':')[1] for line in lines
                 if line.startswith(f'{user}:'))
        return word

    def assertPassword(self, password, word):
        self.assertEqual(
            word, passwords.hashed(password, word.split('$')[2]))

    def owner(self, path):
        """Uid and gid inside, and mode."""
        base = self.file_owner_base
        status = path.stat()
        return (status.st_uid - base, status.st_gid - base,
                status.st_mode & 0o777)

    def test_everything_at_once(self):
        self.api.microversion = '2.50'
        key = self.api.post_keypair({'keypair': {'name': 'mine'}})
        server = self.boot(
            self.guest_image(), key_name='mine', config_drive=True,
            user_data=base64.b64encode(b'#!/bin/sh\n').decode(),
            metadata={'role': 'db'},
            personality=[{
                'path': '/srv/deep/motd',
                'contents': base64.b64encode(b'hello').decode()}])
        self.file_owner_base = self.file(server, 'proc/1').stat().st_uid
        self.assertEqual(
            'hello', self.file(server, 'srv/deep/motd').read_text())
        self.assertPassword(server['adminPass'], self.hashed(server))
        self.assertEqual('!', self.hashed(server, 'web'))
        keys = self.file(server, 'root/.ssh/authorized_keys')
        self.assertEqual(key['public_key'].strip(),
                         keys.read_text().strip())
        self.assertEqual((0, 0, 0o600), self.owner(keys))
        self.assertEqual((0, 0, 0o700), self.owner(keys.parent))
        for place in ('var/lib/cloud/seed/config_drive', 'mnt/config'):
            self.check_drive(server, place)
        drive = pathlib.Path(self.host.daemon.directory) / 'i' / server['id']
        self.assertTrue(drive.is_dir())
        self._delete_server(server)
        self.assertFalse(drive.exists())
        self.assertNothingLeft()

    def check_drive(self, server, place):
        latest = f'{place}/openstack/latest'
        document = json.loads(self.execute(
            server, 'cat', f'/{latest}/meta_data.json'))
        self.assertEqual(
            (server['id'], 'db', server['adminPass']),
            (document['uuid'], document['meta']['role'],
             document['admin_pass']))
        self.assertIn('mine', document['public_keys'])
        self.assertEqual('/srv/deep/motd', document['files'][0]['path'])
        self.assertEqual('#!/bin/sh\n', self.execute(
            server, 'cat', f'/{latest}/user_data'))
        lines = pathlib.Path(
            f'/proc/{self.pid(server)}/mountinfo').read_text().splitlines()
        mount, = (line for line in lines if line.split()[4] == f'/{place}')
        self.assertIn('ro', mount.split()[5].split(','))

    def test_passwords_later(self):
        server = self.boot(self.guest_image(
            properties={'os_admin_user': 'web'}))
        self.assertPassword(server['adminPass'], self.hashed(server, 'web'))
        self.set_password(server, 'n3w:päss')
        self.assertPassword('n3w:päss', self.hashed(server, 'web'))
        self.assertEqual('*', self.hashed(server))
        self.assertNotIn('n3w', self.host.daemon.log)
        bare = self.boot(self.image(['sleep', '1000']))
        error = self.assertRaises(
            api_client.OpenStackApiException, self.set_password, bare, 'x')
        self.assertIn('has no /etc/shadow', str(error))
        self.assertEqual(409, error.response.status_code)

    def set_password(self, server, password):
        self.api.post_server_action(
            server['id'], {'changePassword': {'adminPass': password}})

    def test_hostile_files(self):
        """Nothing of them is followed out, hangs or breaks a boot."""
        self.api.microversion = '2.50'
        key = self.api.post_keypair({'keypair': {'name': 'mine'}})
        canary = pathlib.Path(self.host.daemon.directory) / 'canary'
        canary.write_text('untouched')
        server = self.boot(
            self.image(['sleep', '1000']), key_name='mine')
        root = self.file(server, '')
        (root / 'etc/shadow').unlink(missing_ok=True)
        os.mkfifo(root / 'etc/shadow')
        keys = root / 'root/.ssh/authorized_keys'
        keys.unlink()
        keys.symlink_to(canary)
        self.assertRaises(api_client.OpenStackApiException,
                          self.set_password, server, 'secret')
        self._snapshot_server(server, 'hostile')
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        snapshot, = (image for image in self.glance.images.values()
                     if image['name'] == 'hostile')
        copy = self.boot(snapshot['id'], key_name='mine')
        self.assertEqual('untouched', canary.read_text())
        self.assertEqual(
            key['public_key'].strip(),
            self.file(copy, 'root/.ssh/authorized_keys').read_text().strip())

    def test_file_that_cannot_be_put(self):
        self.api.microversion = '2.50'
        server = self.boot(
            self.guest_image(), 'ERROR',
            personality=[{'path': '/etc', 'contents': ''}])
        self.assertIn('etc', server['fault']['message'])
        self.assertNothingLeft()
