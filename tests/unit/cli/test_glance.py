import hashlib
import http.server
import io
import json
import threading
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
        return glance.upload(self.client, self.source, {
            'name': 'n', 'container_format': 'docker', 'disk_format': 'raw'})

    def test_upload(self):
        self.assertEqual('i', self.upload())
        self.client.images.create.assert_called_once_with(
            container_format='docker', disk_format='raw', name='n')
        self.client.images.upload.assert_called_once_with('i', self.source)
        self.client.images.delete.assert_not_called()

    def test_a_fault_leaves_nothing(self):
        for error in (exceptions.ConnectFailure('gone'),
                      glanceclient.exc.HTTPConflict(),
                      glanceclient.exc.CommunicationError('x'),
                      OSError('unreadable')):
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


class FindTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.client = mock.Mock()
        self.client.images.get.side_effect = glanceclient.exc.HTTPNotFound()
        self.image = {'id': 'i', 'name': 'n', 'status': 'active', 'size': 7,
                      'container_format': 'docker'}

    def refused(self):
        return self.assertRaises(failure.CommandFailed, glance.find,
                                 self.client, 'n').message

    def test_by_id(self):
        self.client.images.get.side_effect = None
        self.client.images.get.return_value = self.image
        self.assertEqual(glance.Found('i', 'n', 7),
                         glance.find(self.client, 'i'))

    def test_by_name(self):
        self.client.images.list.return_value = iter([self.image])
        self.assertEqual('i', glance.find(self.client, 'n').id)
        self.client.images.list.assert_called_once_with(
            filters={'name': 'n'})

    def test_which_one(self):
        self.client.images.list.return_value = []
        self.assertIn('has no image n', self.refused())
        self.client.images.list.return_value = [
            self.image, {**self.image, 'id': 'j'}]
        self.assertIn('i or j', self.refused())

    def test_what_no_container_is_made_of(self):
        for members, words in (({'status': 'queued'}, 'is queued'),
                               ({'container_format': 'bare'}, 'is bare')):
            self.client.images.list.return_value = [
                {**self.image, **members}]
            self.assertIn(words, self.refused())

    def test_not_allowed(self):
        self.client.images.get.side_effect = exceptions.Unauthorized('no')
        self.assertIn('The cloud refused', self.refused())


class _Glance(http.server.BaseHTTPRequestHandler):
    """As much of Glance as an upload asks for."""

    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path.endswith('/file'):
            self._answer(200, self.server.document,
                         'application/octet-stream')
            return
        if self.path.endswith('/images/i'):
            text = json.dumps(self.server.document).encode()
            self._answer(200, {
                'id': 'i', 'name': 'n', 'status': 'active',
                'container_format': 'docker', 'size': len(text),
                'os_hash_algo': 'sha256',
                'os_hash_value': self.server.checksum})
            return
        # The schema of an image: anything goes.
        self._answer(200, {'name': 'image', 'properties': {},
                           'additionalProperties': True})

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.server.record = json.loads(body)
        self._answer(201, {'id': 'i'})

    def do_PUT(self):
        parts = []
        while length := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        self.server.data = b''.join(parts)
        self._answer(self.server.status)

    def do_DELETE(self):
        self.server.deleted = self.path
        self._answer(204)

    def _answer(self, status, body=None, kind='application/json'):
        text = b'' if body is None else json.dumps(body).encode()
        self.send_response(status)
        if text:
            self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class DownloadTestCase(base.BaseTestCase):

    def test_a_connection_that_breaks(self):
        def pieces():
            yield b'x'
            raise OSError("('Connection broken: IncompleteRead(1)')")

        client = mock.Mock()
        client.images.data.return_value = pieces()
        source = glance.download(client, glance.Found('i', 'n', 2))
        error = self.assertRaises(OSError, source.read, 2)
        self.assertEqual('the connection to Glance broke', str(error))

    def test_not_allowed(self):
        client = mock.Mock()
        client.images.data.side_effect = glanceclient.exc.HTTPForbidden()
        self.assertRaises(failure.CommandFailed, glance.download, client,
                          glance.Found('i', 'n', 2))


class WireTestCase(base.BaseTestCase):
    """The real python-glanceclient, in front of something like Glance."""

    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), _Glance)
        self.server.daemon_threads = True
        self.server.status = 204
        self.server.deleted = None
        self.addCleanup(self.server.server_close)
        thread = threading.Thread(target=self.server.serve_forever,
                                  kwargs={'poll_interval': 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)

    def upload(self):
        client = glance.connect({
            'OS_AUTH_TYPE': 'none',
            'OS_ENDPOINT': f'http://127.0.0.1:{self.server.server_port}'})
        source = progress.Progress(
            command.console(), io.BytesIO(b'x' * 300_000), 'a')
        return glance.upload(client, source, {
            'name': 'n', 'min_ram': 1, 'os_command_line': '/x -y',
            'container_format': 'docker', 'disk_format': 'raw'})

    def test_upload(self):
        self.assertEqual('i', self.upload())
        self.assertEqual(
            {'name': 'n', 'min_ram': 1, 'os_command_line': '/x -y',
             'container_format': 'docker', 'disk_format': 'raw'},
            self.server.record)
        self.assertEqual(b'x' * 300_000, self.server.data)
        self.assertIsNone(self.server.deleted)

    def download(self):
        client = glance.connect({
            'OS_AUTH_TYPE': 'none',
            'OS_ENDPOINT': f'http://127.0.0.1:{self.server.server_port}'})
        source = glance.download(client, glance.find(client, 'i'))
        data = b''
        while piece := source.read(7):
            data += piece
        return data

    def test_download(self):
        self.server.document = {'x': 'y' * 100}
        text = json.dumps(self.server.document).encode()
        self.server.checksum = hashlib.sha256(text).hexdigest()
        self.assertEqual(text, self.download())

    def test_download_of_other_bytes(self):
        self.server.document = {}
        self.server.checksum = '0' * 64
        error = self.assertRaises(OSError, self.download)
        self.assertIn('Corrupt image', error.strerror)

    def test_glance_refuses_the_bytes(self):
        self.server.status = 413
        self.assertRaises(failure.CommandFailed, self.upload)
        self.assertEqual('/v2/images/i', self.server.deleted)
