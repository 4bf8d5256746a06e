import io
import tarfile
from unittest import mock

from nova import exception
from oslo_config import fixture as config_fixture
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.client import files
from novacontainer.virt import guestops
from tests import instances

_SHADOW = b'root:*:19000:0:99999:7:::\nweb:!:1::::::\n'
_PASSWD = (b'root:x:0:0:root:/root:/bin/sh\nbroken\n'
           b'web:x:7:8::/home/web:/bin/sh\nodd:x:-1:8::/home/odd:\n')
_KEY = 'ssh-rsa AAAA me'


class _Download(io.BytesIO):
    """An archive of one member."""

    def __init__(self, member, data=b''):
        member.size = len(data)
        super().__init__()
        with tarfile.open(fileobj=self, mode='w') as archive:
            archive.addfile(member, io.BytesIO(data))
        self.seek(0)


class GuestOpsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.conf = self.useFixture(config_fixture.Config(guestops.CONF))
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.files = mock.create_autospec(files.Files, instance=True)
        self.client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        self.user = ''
        self.client.containers.document.side_effect = lambda name: {
            'Config': {'User': self.user}}
        self.guest = {}
        self.grown = ''
        self.client.files.read.side_effect = self._read
        self.client.files.stat.side_effect = self._stat
        self.client.files.write.side_effect = self._write
        self.written = {}
        self.instance = instances.instance(key_data=None)
        self.ops = guestops.GuestOps(self.client)
        self.enterContext(mock.patch.object(
            guestops.passwords, 'hashed', side_effect='<{}>'.format))

    def _stat(self, name, path):
        if path not in self.guest:
            raise exceptions.NotFound('No such file', status=404)
        found = self.guest[path]
        if isinstance(found, tarfile.TarInfo):
            return files.PathStat('x', 0, found.isdir(), found.issym(), '')
        return files.PathStat('x', len(found), False, False, '')

    def _read(self, name, path):
        self.assertEqual(f'nova-{self.instance.uuid}', name)
        if path not in self.guest:
            raise exceptions.NotFound('No such file', 'file.not_found')
        found = self.guest[path]
        if isinstance(found, tarfile.TarInfo):
            return _Download(found)
        if path == self.grown:
            found += b'x' * (1 << 20)
        member = tarfile.TarInfo(path.rpartition('/')[2])
        member.mode, member.gid = 0o640, 42
        return _Download(member, found)

    def _write(self, name, path, chunks):
        self.assertEqual('/', path)
        pieces = list(chunks)
        # An empty one would end the request.
        self.assertNotIn(b'', pieces)
        with tarfile.open(
                fileobj=io.BytesIO(b''.join(pieces))) as archive:
            for member in archive:
                data = (archive.extractfile(member).read()
                        if member.isreg() else None)
                self.written[member.name] = (
                    data, member.mode, member.uid, member.gid)

    def special(self, kind, link=''):
        member = tarfile.TarInfo('x')
        member.type, member.linkname = kind, link
        return member


class PrepareTestCase(GuestOpsTestCase):

    def test_nothing(self):
        self.ops.prepare(self.instance)
        self.client.files.write.assert_not_called()

    def test_files(self):
        self.ops.prepare(self.instance, [
            ('/srv/a', b'data'), ('relative//b', 'text'), ('/empty', b'')])
        self.assertEqual(
            {'srv/a': (b'data', 0o644, 0, 0),
             'relative/b': (b'text', 0o644, 0, 0),
             'empty': (b'', 0o644, 0, 0)}, self.written)

    def test_paths_that_lead_nowhere(self):
        for path in ('', '/', '/../etc/x', 'a/../..', '/a\0b'):
            self.assertRaises(exception.InvalidInput, self.ops.prepare,
                              self.instance, [(path, b'')])

    def test_password(self):
        self.guest['/etc/shadow'] = _SHADOW
        self.ops.prepare(self.instance, admin_password='secret')
        data, *rest = self.written['etc/shadow']
        self.assertTrue(data.startswith(b'root:<secret>:'), data)
        self.assertEqual([0o640, 0, 42], rest)
        self.assertEqual((_SHADOW, 0o640, 0, 42),
                         self.written['etc/shadow-'])

    def test_no_password(self):
        self.conf.config(group='novacontainer', inject_password=False)
        self.ops.prepare(self.instance, admin_password='secret')
        self.client.files.stat.assert_not_called()

    def test_nowhere_to_put_a_password(self):
        for shadow in (None, b'', b'daemon:*:1::::::\n',
                       self.special(tarfile.FIFOTYPE),
                       self.special(tarfile.SYMTYPE, '/etc/passwd'),
                       self.special(tarfile.DIRTYPE),
                       b'x' * ((1 << 20) + 1)):
            self.guest = {} if shadow is None else {'/etc/shadow': shadow}
            self.ops.prepare(self.instance, admin_password='secret')
        self.assertEqual({}, self.written)

    def test_it_changes_while_it_is_read(self):
        self.guest['/etc/shadow'] = _SHADOW
        self.grown = '/etc/shadow'
        self.ops.prepare(self.instance, admin_password='secret')
        self.client.files.stat.side_effect = None
        self.client.files.stat.return_value = files.PathStat(
            'shadow', 1, False, False, '')
        self.guest = {}
        self.ops.prepare(self.instance, admin_password='secret')
        self.assertEqual({}, self.written)

    def test_runtime_goes_away(self):
        self.client.files.stat.side_effect = exceptions.ConnectionFailed('x')
        self.assertRaises(exceptions.ConnectionFailed, self.ops.prepare,
                          self.instance, admin_password='secret')

    def test_container_goes_away(self):
        self.client.files.stat.side_effect = exceptions.NotFound(
            'gone', 'container.not_found')
        self.assertRaises(exceptions.NotFound, self.ops.prepare,
                          self.instance, admin_password='secret')


class KeyTestCase(GuestOpsTestCase):

    def setUp(self):
        super().setUp()
        self.instance.key_data = _KEY
        self.guest['/etc/passwd'] = _PASSWD

    def test_root_s(self):
        self.ops.prepare(self.instance)
        self.assertEqual(
            {'root/.ssh': (None, 0o700, 0, 0),
             'root/.ssh/authorized_keys': (
                 _KEY.encode() + b'\n', 0o600, 0, 0)}, self.written)

    def test_not_wanted(self):
        self.conf.config(group='novacontainer', inject_key=False)
        self.ops.prepare(self.instance)
        self.assertEqual({}, self.written)

    def test_added_to_those_of_the_image(self):
        path = '/root/.ssh/authorized_keys'
        self.guest[path] = b'ssh-rsa BBBB you'
        self.ops.prepare(self.instance)
        self.assertEqual(b'ssh-rsa BBBB you\n' + _KEY.encode() + b'\n',
                         self.written['root/.ssh/authorized_keys'][0])

    def test_there_already(self):
        self.guest['/root/.ssh/authorized_keys'] = _KEY.encode() + b'\n'
        self.ops.prepare(self.instance)
        self.assertEqual({}, self.written)

    def test_other_users(self):
        for user, path, uid, gid in (
                ('web', 'home/web', 7, 8), ('7:9', 'home/web', 7, 8),
                ('5', '', 5, 5), ('ghost', 'root', 0, 0),
                ('odd', 'root', 0, 0)):
            self.user = user
            self.written = {}
            self.ops.prepare(self.instance)
            name = f'{path}/.ssh/authorized_keys'.lstrip('/')
            self.assertEqual((uid, gid), self.written[name][2:], user)

    def test_no_accounts(self):
        self.guest = {}
        self.ops.prepare(self.instance)
        self.assertIn('root/.ssh/authorized_keys', self.written)


class SetAdminPasswordTestCase(GuestOpsTestCase):

    def setUp(self):
        super().setUp()
        self.guest['/etc/shadow'] = _SHADOW

    def test_root(self):
        self.ops.set_admin_password(self.instance, 'new')
        self.assertIn(b'root:<new>:', self.written['etc/shadow'][0])

    def test_user_of_the_image(self):
        self.instance.system_metadata = {'image_os_admin_user': 'web'}
        self.ops.set_admin_password(self.instance, 'new')
        self.assertIn(b'\nweb:<new>:', self.written['etc/shadow'][0])

    def refusal(self):
        return str(self.assertRaises(
            exception.SetAdminPasswdNotSupported,
            self.ops.set_admin_password, self.instance, 'new'))

    def test_no_user(self):
        self.instance.system_metadata = {'image_os_admin_user': 'nobody'}
        self.assertIn('no user nobody', self.refusal())

    def test_no_file(self):
        self.guest = {}
        self.assertIn('no /etc/shadow', self.refusal())

    def test_no_container(self):
        self.client.files.stat.side_effect = exceptions.NotFound(
            'gone', 'container.not_found')
        self.assertRaises(
            exception.InstanceNotFound, self.ops.set_admin_password,
            self.instance, 'new')
