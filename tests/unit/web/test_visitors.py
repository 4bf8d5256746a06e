import grp
import os
import pathlib
import pwd
import socket
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.web import visitors

HEAD = ('  sl  local_address rem_address   st tx_queue rx_queue tr tm->when '
        'retrnsmt   uid  timeout inode\n')
ROW = ('   0: {} {} 01 00000000:00000000 00:00000000 00000000  {}        0 '
       '{} 1 0 20 4 0 10 -1\n')


class UidTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.proc = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def write(self, name, *rows):
        (self.proc / name).write_text(
            HEAD + ''.join(ROW.format(*row) for row in rows))

    def uid_of(self, theirs, ours):
        return visitors.uid_of(theirs, ours, self.proc)

    def test_the_other_end_and_not_ours(self):
        # Written by a little-endian machine; the words swap elsewhere.
        here = visitors._hexadecimal(
            visitors.ipaddress.ip_address('127.0.0.1'))
        self.write('tcp', (f'{here}:2116', f'{here}:D431', 7, 11),
                   (f'{here}:D431', f'{here}:2116', 1000, 12))
        self.assertEqual(1000, self.uid_of(
            ('127.0.0.1', 0xd431), ('127.0.0.1', 0x2116)))
        self.assertIsNone(self.uid_of(
            ('127.0.0.1', 0xd432), ('127.0.0.1', 0x2116)))

    def test_nobody_holds_it_any_more(self):
        """An orphan is shown as root's."""
        here = visitors._hexadecimal(
            visitors.ipaddress.ip_address('127.0.0.1'))
        self.write('tcp', (f'{here}:0001', f'{here}:0002', 0, 0))
        self.assertIsNone(self.uid_of(('127.0.0.1', 1), ('127.0.0.1', 2)))

    def assertFinds(self, family, address, client_family=None,
                    client_address=None):
        with socket.socket(family) as listener:
            listener.bind((address, 0))
            listener.listen()
            port = listener.getsockname()[1]
            with socket.socket(client_family or family) as client:
                client.connect((client_address or address, port))
                connection, theirs = listener.accept()
                with connection:
                    self.assertEqual(os.getuid(), visitors.uid_of(
                        theirs[:2], connection.getsockname()[:2]))

    def test_real_connections(self):
        self.assertFinds(socket.AF_INET, '127.0.0.1')
        self.assertFinds(socket.AF_INET, '127.0.0.2')

    def test_real_connections_of_ipv6(self):
        try:
            socket.create_server(('::1', 0), family=socket.AF_INET6).close()
        except OSError as error:
            self.skipTest(f'This needs ::1 on the loopback interface: '
                          f'{error}')
        self.assertFinds(socket.AF_INET6, '::1')
        self.assertFinds(socket.AF_INET, '127.0.0.1', socket.AF_INET6,
                         '::ffff:127.0.0.1')


class AllowedTestCase(base.BaseTestCase):

    def allowed(self, uid, gid, members=(), users=()):
        entries = {name: mock.Mock(pw_uid=number, pw_gid=primary)
                   for name, number, primary in users}

        def find(name):
            return entries[name]

        with mock.patch.object(grp, 'getgrgid', side_effect=(
                lambda _gid: mock.Mock(gr_mem=list(members)))), \
                mock.patch.object(pwd, 'getpwnam', side_effect=find), \
                mock.patch.object(pwd, 'getpwall',
                                  return_value=list(entries.values())):
            return visitors.allowed(uid, gid)

    def test_members_of_the_group(self):
        users = (('nova', 64, 64), ('main', 70, 500), ('other', 71, 71))
        self.assertEqual({0, 1000, 64, 70}, self.allowed(
            1000, 500, ('nova', 'gone'), users))

    def test_the_group_of_root_lets_nobody_in(self):
        self.assertEqual({0, 1000}, self.allowed(
            1000, 0, ('nova',), (('nova', 64, 0),)))

    def test_a_group_without_a_name(self):
        with mock.patch.object(grp, 'getgrgid', side_effect=KeyError), \
                mock.patch.object(pwd, 'getpwall', return_value=[]):
            self.assertEqual({0, 5}, visitors.allowed(5, 12345))
