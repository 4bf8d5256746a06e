"""Ways into an instance: keys, passwords, floating addresses, metadata."""

import json
import os
import pathlib
import subprocess
import tempfile

from demo import images
from demo import neighbour
from tests.cloud import cloudcase

_USER_DATA = 'I2Nsb3VkLWNvbmZpZwo='  # "#cloud-config\n"

#: Serves ssh without a look at the metadata service.
_SSHD = ("sh -c 'mkdir -p /run/sshd; ssh-keygen -qA; exec /usr/sbin/sshd -De "
         "-oPasswordAuthentication=yes -oPermitRootLogin=yes'")


class AccessTest(cloudcase.CloudTestCase):

    def password_lets_in(self, address, password):
        """Whether root gets in with a password."""
        with tempfile.TemporaryDirectory() as place:
            answer = pathlib.Path(place, 'answer')
            answer.write_text(f'#!/bin/sh\necho {password}\n')
            answer.chmod(0o700)
            done = subprocess.run(
                ['ip', 'netns', 'exec', self.neighbour.namespace, 'ssh',
                 '-o', 'PreferredAuthentications=password',
                 '-o', 'NumberOfPasswordPrompts=1', '-o', 'ConnectTimeout=3',
                 '-o', 'StrictHostKeyChecking=no',
                 '-o', 'UserKnownHostsFile=/dev/null',
                 f'root@{address}', 'true'],
                check=False, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=30, env={**os.environ, 'SSH_ASKPASS': str(answer),
                                 'SSH_ASKPASS_REQUIRE': 'force'})
        return done.returncode == 0

    def test_injected_key_and_passwords(self):
        server = self.boot(images.DEBIAN, admin_password='first-one',
                           metadata={'novacontainer_command': _SSHD})
        self.assertEqual('root', self.shell(server, 'whoami'))
        address = self.address(server)
        self.assertTrue(self.password_lets_in(address, 'first-one'))
        self.compute.change_server_password(server, 'second-one')
        self.until('the new password lets in',
                   lambda: self.password_lets_in(address, 'second-one'))
        self.assertFalse(self.password_lets_in(address, 'first-one'))

    def test_metadata_service(self):
        server = self.boot(images.DEBIAN, metadata={'colour': 'blue'},
                           user_data=_USER_DATA)

        def get(path):
            return self.shell(
                server, f'busybox wget -qO - http://169.254.169.254/{path}')

        found = json.loads(get('openstack/latest/meta_data.json'))
        self.assertEqual(server.id, found['uuid'])
        self.assertEqual({'colour': 'blue'}, found['meta'])
        self.assertEqual('#cloud-config', get('openstack/latest/user_data'))
        self.assertEqual(self.address(server),
                         get('latest/meta-data/local-ipv4'))

    def test_floating_address(self):
        server = self.boot()
        self.addCleanup(self.tenant.release_addresses)
        address = self.tenant.float(server)
        outside = neighbour.Outside()
        self.until('the world sees it', lambda: outside.fetch(address))
        self.tenant.release_addresses()
        self.until('the world sees it no longer',
                   lambda: outside.fetch(address) is None)
        self.assertTrue(self.answers(server))
