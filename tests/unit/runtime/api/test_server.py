import grp
import os
import pathlib
import shutil
import socket
import stat
import tempfile

import fixtures
from oslotest import base

from novacontainer.runtime.api import server
from novacontainer.runtime import exception
from tests.unit.runtime.api import served


class ListenTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='nc'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = self.directory / 'run' / 's'

    def listen(self, group='', mode=0o660):
        sock = server.listen(self.path, group, mode)
        self.addCleanup(sock.close)
        return sock

    def test_mode(self):
        self.listen(mode=0o600)
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))

    def test_group(self):
        # A group of ours, so that no privilege is needed.
        name = grp.getgrgid(os.getgid()).gr_name
        self.listen(name)
        self.assertEqual(os.getgid(), self.path.stat().st_gid)
        self.assertEqual(0o660, stat.S_IMODE(self.path.stat().st_mode))

    def test_group_that_does_not_exist(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.listen('no-such-group')
        self.assertIn('There is no group no-such-group', log.output)

    def test_stale_socket_is_replaced(self):
        self.listen().close()
        self.assertTrue(self.path.exists())
        self.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.path))

    def test_live_socket_is_left_alone(self):
        self.listen()
        fault = self.assertRaises(exception.Conflict, self.listen)
        self.assertEqual('daemon.already_running', fault.code)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.path))

    def test_other_files_are_left_alone(self):
        self.path.parent.mkdir()
        self.path.write_text('precious')
        self.assertRaises(exception.InvalidRequest, self.listen)
        self.assertEqual('precious', self.path.read_text())

    def test_path_too_long(self):
        self.path = self.directory / ('x' * 150)
        fault = self.assertRaises(exception.InvalidRequest, self.listen)
        self.assertEqual('daemon.socket_unusable', fault.code)

    def test_directory_that_is_a_file(self):
        self.path.parent.write_text('')
        fault = self.assertRaises(exception.InvalidRequest, self.listen)
        self.assertEqual('daemon.socket_unusable', fault.code)


class InheritedTest(base.BaseTestCase):

    def given(self, pid, count, sock=None):
        """Be started as systemd does it; returns what is taken over."""
        for name, value in (('LISTEN_PID', pid), ('LISTEN_FDS', count),
                            ('LISTEN_FDNAMES', 'novacontainerd.socket')):
            self.useFixture(fixtures.EnvironmentVariable(name, value))
        if sock is not None:
            self.addCleanup(sock.close)
            self.useFixture(fixtures.MonkeyPatch(
                f'{server.__name__}._LISTEN_FDS_START',
                os.dup(sock.fileno())))
        return server.inherited()

    def test_nothing_is_inherited(self):
        for pid, count in ((None, None), ('', ''), ('1', '1'),
                           (str(os.getpid()), '0')):
            self.assertIsNone(self.given(pid, count))
            self.assertNotIn('LISTEN_FDS', os.environ)

    def test_socket_of_systemd(self):
        sock = self.given(str(os.getpid()), '1', socket.socket(
            socket.AF_UNIX))
        self.addCleanup(sock.close)
        self.assertEqual(socket.AF_UNIX, sock.family)
        self.assertFalse(sock.getblocking())
        self.assertFalse(os.get_inheritable(sock.fileno()))
        # Else crun would take them for a container's.
        self.assertEqual([], [name for name in os.environ
                              if name.startswith('LISTEN_')])

    def test_two_sockets(self):
        error = self.assertRaises(
            exception.InvalidRequest, self.given, str(os.getpid()), '2')
        self.assertIn('one ListenStream=', str(error))

    def test_a_socket_for_the_world(self):
        error = self.assertRaises(
            exception.InvalidRequest, self.given, str(os.getpid()), '1',
            socket.socket(socket.AF_INET))
        self.assertIn('whoever can speak to it', str(error))


class ServerTest(served.ServedTestCase):

    def test_long_request_line(self):
        answer = self.call('GET', '/_ping?' + 'x' * 100_000)
        self.assertEqual(200, answer.status)

    def test_stop_removes_only_its_own_socket(self):
        self.run_in_loop(self.server.stop())
        self.assertFalse(self.socket_path.exists())

    def test_stop_leaves_a_successors_socket(self):
        self.socket_path.unlink()
        self.socket_path.write_text('other')
        self.run_in_loop(self.server.stop())
        self.assertTrue(self.socket_path.exists())
