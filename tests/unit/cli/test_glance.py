import io
from unittest import mock

import glanceclient.exc
from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import glance
from novacontainer.cli import progress
from tests.unit.cli import command

_ENVIRON = {'OS_AUTH_URL': 'http://keystone', 'OS_USERNAME': 'me',
            'OS_PASSWORD': 'x', 'OS_PROJECT_NAME': 'p',
            'OS_USER_DOMAIN_ID': 'default',
            'OS_PROJECT_DOMAIN_ID': 'default'}


class ConnectTestCase(base.BaseTestCase):

    def test_password(self):
        with mock.patch('glanceclient.Client') as client:
            glance.connect({**_ENVIRON, 'OS_REGION_NAME': 'r',
                            'OS_CACERT': '/ca'})
        session = client.call_args.kwargs['session']
        self.assertEqual('/ca', session.verify)
        self.assertEqual('http://keystone', session.auth.auth_url)
        self.assertEqual('r', client.call_args.kwargs['region_name'])

    def test_other_plugins_and_old_names(self):
        with mock.patch('glanceclient.Client') as client:
            glance.connect({
                'OS_AUTH_TYPE': 'v3applicationcredential',
                'OS_AUTH_URL': 'http://keystone', 'OS_INSECURE': 'true',
                'OS_APPLICATION_CREDENTIAL_ID': 'i',
                'OS_APPLICATION_CREDENTIAL_SECRET': 's'})
        session = client.call_args.kwargs['session']
        self.assertIsInstance(session.auth, v3.ApplicationCredential)
        self.assertFalse(session.verify)

    def test_the_environment_lacks_something(self):
        for environ in ({}, {'OS_AUTH_TYPE': 'nonsense'}):
            error = self.assertRaises(
                failure.CommandFailed, glance.connect, environ)
            self.assertIn('openrc', error.message)


class UploadTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.client = mock.Mock()
        self.client.images.create.return_value.id = 'i'
        self.source = progress.Progress(
            command.console(), io.BytesIO(b'tar'), 'a')

    def upload(self):
        return glance.upload(self.client, self.source, {'name': 'n'})

    def test_upload(self):
        self.assertEqual('i', self.upload())
        self.client.images.create.assert_called_once_with(
            container_format='docker', disk_format='raw', name='n')
        self.client.images.upload.assert_called_once_with('i', self.source)
        self.client.images.delete.assert_not_called()

    def test_a_fault_leaves_nothing(self):
        for error in (exceptions.ConnectFailure('gone'),
                      glanceclient.exc.HTTPConflict(),
                      glanceclient.exc.CommunicationError('x')):
            self.client.images.upload.side_effect = error
            self.assertRaises(failure.CommandFailed, self.upload)
            self.client.images.delete.assert_called_with('i')

    def test_nor_does_a_person_who_gives_up(self):
        self.client.images.upload.side_effect = KeyboardInterrupt
        # Removing it fails as well, and hides nothing.
        self.client.images.delete.side_effect = (
            exceptions.ConnectFailure('gone'))
        self.assertRaises(KeyboardInterrupt, self.upload)
        self.client.images.delete.assert_called_once_with('i')

    def test_not_allowed(self):
        self.client.images.create.side_effect = exceptions.Unauthorized('no')
        self.assertRaises(failure.CommandFailed, self.upload)
        self.client.images.delete.assert_not_called()
