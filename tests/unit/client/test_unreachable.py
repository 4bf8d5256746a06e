import errno
import grp
import os
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.client import unreachable


def _error(number):
    return OSError(number, os.strerror(number))


class UnreachableTestCase(base.BaseTestCase):

    def test_permission_denied(self):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 's')
        said = unreachable.sentence(path, _error(errno.EACCES))
        self.assertIn('permission denied', said)
        self.assertIn('usermod -aG novacontainer USER', said)

    def test_the_group_of_the_socket(self):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 's')
        open(path, 'w').close()
        for group, words in ((7, 'usermod -aG operators USER'),
                             (0, 'root has kept it to itself')):
            with mock.patch.object(
                    grp, 'getgrgid',
                    return_value=mock.Mock(gr_name='operators')), \
                    mock.patch.object(
                        os, 'stat', return_value=mock.Mock(st_gid=group)):
                self.assertIn(words, unreachable.sentence(
                    path, _error(errno.EACCES)))

    def test_nobody_is_there(self):
        for number, words in ((errno.ENOENT, 'no such socket'),
                              (errno.ECONNREFUSED, 'nobody listens')):
            said = unreachable.sentence('/s', _error(number))
            self.assertIn(words, said)
            self.assertIn('systemctl start novacontainerd', said)

    def test_anything_else(self):
        said = unreachable.sentence('/s', _error(errno.ENOTDIR))
        self.assertIn('Not a directory', said)
