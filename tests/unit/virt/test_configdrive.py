import os
import stat
from unittest import mock

import fixtures
from nova.api.metadata import base as metadata
from nova import exception
from oslo_config import fixture as config_fixture
from oslotest import base

from novacontainer.virt import configdrive
from tests import instances


class ConfigDriveTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.top = self.useFixture(fixtures.TempDir()).path
        self.useFixture(config_fixture.Config(configdrive.CONF)).config(
            instances_path=self.top)
        self.metadata = self.useFixture(fixtures.MockPatchObject(
            metadata, 'InstanceMetadata', autospec=True)).mock
        self.content = self.metadata.return_value.metadata_for_config_drive
        self.content.return_value = [
            ('openstack/latest/meta_data.json', b'{}'),
            ('openstack/latest/user_data', 'text')]
        self.instance = instances.instance(config_drive='True')

    def make(self, **kwargs):
        configdrive.make(self.instance, [], **kwargs)

    def test_not_asked_for(self):
        self.instance.config_drive = ''
        self.make()
        self.assertEqual([], os.listdir(self.top))
        self.assertEqual([], configdrive.mounts(self.instance))

    def test_mounts(self):
        first, second = configdrive.mounts(self.instance)
        self.assertEqual(
            {'Type': 'bind', 'ReadOnly': True,
             'Source': f'{self.top}/{self.instance.uuid}/config_drive',
             'Target': '/var/lib/cloud/seed/config_drive'}, first)
        self.assertEqual('/mnt/config', second['Target'])

    def test_whatever_the_umask(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.make()
        top = configdrive.path(self.instance)
        for name, mode in (('', 0o755), ('openstack', 0o755),
                           ('openstack/latest', 0o755),
                           ('openstack/latest/user_data', 0o644)):
            self.assertEqual(mode, stat.S_IMODE(
                os.stat(os.path.join(top, name)).st_mode))
        with open(f'{top}/openstack/latest/user_data') as file:
            self.assertEqual('text', file.read())
        self.assertEqual(['config_drive'], os.listdir(os.path.dirname(top)))

    def test_what_nova_is_told(self):
        self.make(files=[('/a', b'b')], admin_password='secret')
        self.metadata.assert_called_once_with(
            self.instance, content=[('/a', b'b')], network_info=[],
            extra_md={'admin_pass': 'secret'})

    def test_again(self):
        self.make()
        self.content.return_value = [('openstack/new', b'')]
        self.make()
        self.assertEqual(
            ['new'], os.listdir(
                os.path.join(configdrive.path(self.instance), 'openstack')))

    def test_full_disk(self):
        with mock.patch.object(os, 'rename',
                               side_effect=OSError(28, 'No space left')):
            error = self.assertRaises(
                exception.InstanceDeployFailure, self.make)
        self.assertIn('No space left', str(error))
        self.assertEqual([], os.listdir(self.top))

    def test_remove(self):
        self.make()
        configdrive.remove(self.instance)
        configdrive.remove(self.instance)
        self.assertEqual([], os.listdir(self.top))
