import ctypes
import errno
import grp
import os
import pathlib
import pwd
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.web import privileges


class ChooseTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.directory = self.useFixture(fixtures.TempDir()).path
        users = {'nobody': mock.Mock(pw_uid=65534),
                 'toor': mock.Mock(pw_uid=0)}
        groups = {'novacontainer': self.group('novacontainer', 900),
                  'root': self.group('root', 0)}
        self.useFixture(fixtures.MockPatchObject(
            pwd, 'getpwnam', users.__getitem__))
        self.useFixture(fixtures.MockPatchObject(
            grp, 'getgrnam', groups.__getitem__))

    @staticmethod
    def group(name, gid):
        return grp.struct_group((name, 'x', gid, []))

    def impossible(self, *words):
        error = self.assertRaises(privileges.Impossible, privileges.choose,
                                  *words)
        return str(error)

    def test_the_group_of_the_socket(self):
        path = os.path.join(self.directory, 's')
        pathlib.Path(path).touch()
        with mock.patch.object(os, 'stat',
                               return_value=mock.Mock(st_gid=77)), \
                mock.patch.object(grp, 'getgrgid', side_effect=(
                    lambda gid: self.group('theirs', gid))):
            self.assertEqual(
                privileges.Identity('nobody', 'theirs', 65534, 77),
                privileges.choose('nobody', None, path))

    def test_without_a_socket(self):
        self.assertEqual(
            privileges.Identity('nobody', 'novacontainer', 65534, 900),
            privileges.choose('nobody', None, f'{self.directory}/none'))

    def test_no_such_user(self):
        self.assertIn('--user', self.impossible('missing', None, '/none'))

    def test_root_by_another_name(self):
        self.assertIn('is root', self.impossible('toor', None, '/none'))

    def test_no_such_group(self):
        self.assertIn('groupadd --system missing', self.impossible(
            'nobody', 'missing', '/none'))

    def test_a_socket_that_only_root_can_use(self):
        self.assertIn('groupadd --system novacontainer', self.impossible(
            'nobody', 'root', '/none'))


class DropTestCase(base.BaseTestCase):
    IDENTITY = privileges.Identity('nobody', 'g', 65534, 900)

    def setUp(self):
        super().setUp()
        self.calls = mock.Mock()
        for name in ('setgroups', 'setresgid', 'setresuid'):
            self.useFixture(fixtures.MockPatchObject(
                os, name, getattr(self.calls, name)))

    def drop(self, uids=(65534,) * 3, groups=()):
        with mock.patch.object(os, 'getresuid', return_value=uids), \
                mock.patch.object(os, 'getgroups',
                                  return_value=list(groups)):
            privileges.drop(self.IDENTITY)

    def test_groups_first_and_the_user_last(self):
        self.drop()
        self.assertEqual(
            [mock.call.setgroups([]), mock.call.setresgid(900, 900, 900),
             mock.call.setresuid(65534, 65534, 65534)],
            self.calls.mock_calls)

    def test_the_kernel_refuses(self):
        self.calls.setgroups.side_effect = PermissionError(
            errno.EPERM, 'Operation not permitted')
        error = self.assertRaises(privileges.Impossible, self.drop)
        self.assertIn('CAP_SETUID', str(error))

    def test_nothing_changed(self):
        self.assertRaises(privileges.Impossible, self.drop, (0, 0, 0))
        self.assertRaises(privileges.Impossible, self.drop, groups=(4,))


class RenounceTestCase(base.BaseTestCase):

    def test_both(self):
        libc = mock.Mock()
        libc.prctl.return_value = 0
        with mock.patch.object(ctypes, 'CDLL', return_value=libc):
            privileges.renounce()
        self.assertEqual(
            [mock.call(38, 1, 0, 0, 0), mock.call(4, 0, 0, 0, 0)],
            libc.prctl.mock_calls)

    def test_a_kernel_that_cannot(self):
        libc = mock.Mock()
        libc.prctl.return_value = -1
        with mock.patch.object(ctypes, 'CDLL', return_value=libc):
            self.assertRaises(privileges.Impossible, privileges.renounce)


class CheckTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.path = os.path.join(
            self.useFixture(fixtures.TempDir()).path, 's')

    def check(self):
        privileges.check(self.path)

    def test_no_socket_yet(self):
        self.check()

    def test_one_that_can_be_opened(self):
        pathlib.Path(self.path).touch()
        self.check()

    def test_one_that_cannot(self):
        pathlib.Path(self.path).touch()
        with mock.patch.object(os, 'access', return_value=False):
            error = self.assertRaises(privileges.Impossible, self.check)
        self.assertIn('permission denied', str(error))

    def test_a_closed_directory(self):
        with mock.patch.object(pathlib.Path, 'stat', side_effect=(
                PermissionError(errno.EACCES, 'Permission denied'))):
            error = self.assertRaises(privileges.Impossible, self.check)
        self.assertIn('directory above', str(error))

    def test_a_path_that_is_too_long(self):
        self.path = '/' + 'x' * 5000
        error = self.assertRaises(privileges.Impossible, self.check)
        self.assertIn('cannot be used', str(error))
