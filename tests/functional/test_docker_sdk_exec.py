"""Attach and exec through the Docker SDK, against the real daemon."""

import socket
import threading
import time

import docker
from docker.utils import socket as docker_socket

from tests.functional import sdk

TIMEOUT_S = 30


def read(stream):
    """Read a hijacked socket to its end."""
    sock = getattr(stream, '_sock', stream)
    sock.settimeout(TIMEOUT_S)
    found = b''
    while data := sock.recv(65536):
        found += data
    return found


def expect(stream, text):
    """Read a hijacked socket until a text has come."""
    sock = getattr(stream, '_sock', stream)
    sock.settimeout(TIMEOUT_S)
    found = b''
    while text not in found:
        data = sock.recv(65536)
        if not data:
            raise AssertionError(f'{text!r} not in {found!r}')
        found += data
    return found


def unframed(stream):
    """Read multiplexed frames to the end."""
    return b''.join(data for _, data in docker_socket.frames_iter(
        stream._sock, tty=False))


class RunTest(sdk.SdkTestCase):

    def test_output(self):
        self.assertEqual(b'out\n', self.docker.containers.run(
            sdk.IMAGE, ['sh', '-c', 'echo out; echo err >&2'], remove=True))
        self.assertEqual(b'out\nerr\n', self.docker.containers.run(
            sdk.IMAGE, ['sh', '-c', 'echo out; sleep 0.2; echo err >&2'],
            stderr=True, remove=True))
        self.assertEqual([b'1\n', b'2\n'], list(self.docker.containers.run(
            sdk.IMAGE, ['sh', '-c', 'echo 1; sleep 0.3; echo 2'],
            stream=True, remove=True)))

    def test_failure(self):
        error = self.assertRaises(
            docker.errors.ContainerError, self.docker.containers.run,
            sdk.IMAGE, ['sh', '-c', 'echo why >&2; exit 3'], remove=True)
        self.assertEqual(3, error.exit_status)
        self.assertEqual(b'why\n', error.stderr)
        self.assertEqual([], self.docker.containers.list(all=True))


class ExecTest(sdk.SdkTestCase):

    def setUp(self):
        super().setUp()
        self.box = self.run_container(environment={'COLOUR': 'red'})

    def sh(self, script, **options):
        return self.box.exec_run(['sh', '-c', script], **options)

    def test_output_and_exit_code(self):
        self.assertEqual(
            (5, b'out\n'), tuple(self.sh('echo out; exit 5')))
        self.assertEqual(
            (b'out\n', b'err\n'),
            self.sh('echo out; echo err >&2', demux=True).output)
        self.assertEqual(
            (b'out\n', None),
            self.sh('echo out; echo err >&2', demux=True,
                    stderr=False).output)
        self.assertEqual(128 + 9, self.sh('kill -9 $$').exit_code)

    def test_every_quick_one_is_seen(self):
        for number in range(20):
            self.assertEqual((number, b'%d\n' % number), tuple(
                self.sh(f'echo {number}; exit {number}')))

    def test_surroundings(self):
        found = self.sh('echo $COLOUR $SIZE; pwd; id -un; echo $HOME',
                        environment={'SIZE': 'big'}, workdir='/tmp',
                        user='www-data').output
        self.assertEqual(b'red big\n/tmp\nwww-data\n/var/www\n', found)
        found = self.sh('echo $COLOUR; id -u',
                        environment=['COLOUR=blue'], user='65534').output
        self.assertEqual(b'blue\n65534\n', found)

    def test_terminal(self):
        found = self.sh('tty; echo $TERM', tty=True).output
        self.assertEqual(b'/dev/pts/0\r\nxterm\r\n', found)

    def test_stream(self):
        self.assertEqual([b'1\n', b'2\n'], list(self.sh(
            'echo 1; sleep 0.3; echo 2', stream=True).output))
        self.assertEqual([(b'1\n', None), (None, b'2\n')], list(self.sh(
            'echo 1; sleep 0.3; echo 2 >&2', stream=True,
            demux=True).output))

    def test_a_lot(self):
        found = self.sh('head -c 20000000 /dev/zero').output
        self.assertEqual(20000000, len(found))

    def test_detach(self):
        self.assertEqual(
            b'', self.sh('cat > /tmp/done; touch /tmp/done', detach=True
                         ).output.encode())
        deadline = time.monotonic() + TIMEOUT_S
        while self.sh('test -e /tmp/done').exit_code:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_socket_and_half_close(self):
        ident = self.docker.api.exec_create(
            self.box.id, ['sh', '-c', 'cat; echo end'], stdin=True)['Id']
        stream = self.docker.api.exec_start(ident, socket=True)
        stream._sock.sendall(b'x' * 100000 + b'\n')
        stream._sock.shutdown(socket.SHUT_WR)
        self.assertEqual(b'x' * 100000 + b'\nend\n', unframed(stream))
        self.assertEqual(
            0, self.docker.api.exec_inspect(ident)['ExitCode'])
        stream.close()

    def test_inspect(self):
        ident = self.docker.api.exec_create(
            self.box.id, ['sleep', '1000'], tty=True, user='root',
            stdin=True)['Id']
        shown = self.docker.api.exec_inspect(ident)
        self.assertEqual(
            {'tty': True, 'entrypoint': 'sleep', 'arguments': ['1000'],
             'privileged': False, 'user': 'root'}, shown['ProcessConfig'])
        self.assertEqual((False, None, self.box.id), (
            shown['Running'], shown['ExitCode'], shown['ContainerID']))
        stream = self.docker.api.exec_start(ident, tty=True, socket=True)
        self.addCleanup(stream.close)
        deadline = time.monotonic() + TIMEOUT_S
        while not (shown := self.docker.api.exec_inspect(ident))['Pid']:
            self.assertLess(time.monotonic(), deadline)
        self.assertTrue(shown['Running'])
        self.box.reload()
        self.assertIn(ident, self.box.attrs['ExecIDs'])
        self.docker.api.exec_resize(ident, 33, 44)
        for again in (False, True):
            error = self.assertRaises(
                docker.errors.APIError, self.docker.api.exec_start, ident,
                detach=again)
            self.assertEqual(409, error.status_code)
        self.box.kill()
        read(stream)
        self.assertEqual(137, self.docker.api.exec_inspect(ident)['ExitCode'])

    def test_resize(self):
        ident = self.docker.api.exec_create(
            self.box.id, ['sh', '-c', 'read a; stty size'], tty=True,
            stdin=True)['Id']
        stream = self.docker.api.exec_start(ident, tty=True, socket=True)
        stream._sock.sendall(b'')
        deadline = time.monotonic() + TIMEOUT_S
        while not self.docker.api.exec_inspect(ident)['Pid']:
            self.assertLess(time.monotonic(), deadline)
        for rows in (10, 20, 30):
            self.docker.api.exec_resize(ident, rows, 2 * rows)
        stream._sock.sendall(b'\n')
        self.assertIn(b'30 60\r\n', read(stream))

    def test_detach_keys(self):
        ident = self.docker.api.exec_create(
            self.box.id, ['cat'], tty=True, stdin=True,
            detach_keys='ctrl-x,x')['Id']
        stream = self.docker.api.exec_start(ident, tty=True, socket=True)
        stream._sock.sendall(b'some\n')
        expect(stream, b'some')
        stream._sock.sendall(b'\x18x')
        read(stream)
        self.assertTrue(self.docker.api.exec_inspect(ident)['Running'])

    def test_what_cannot_be(self):
        for options, status in (
                ({'cmd': []}, 400),
                ({'cmd': ['true'], 'workdir': 'tmp'}, 400),
                ({'cmd': ['true'], 'detach_keys': 'ctrl-?'}, 400),
                ({'cmd': ['true'], 'privileged': True}, 403)):
            error = self.assertRaises(
                docker.errors.APIError, self.docker.api.exec_create,
                self.box.id, **options)
            self.assertEqual(status, error.status_code, options)
        for command, code in (('nosuchcommand', 127), ('/etc', 126)):
            found = self.box.exec_run(command)
            self.assertEqual(code, found.exit_code)
            self.assertIn(command.encode(), found.output)
        self.box.pause()
        error = self.assertRaises(docker.errors.APIError, self.sh, 'true')
        self.assertEqual(409, error.status_code)
        self.box.unpause()
        self.box.kill()
        error = self.assertRaises(docker.errors.APIError, self.sh, 'true')
        self.assertEqual(409, error.status_code)

    def test_events(self):
        began = time.time()
        self.sh('exit 4')
        seen = list(self.docker.events(
            since=began, until=time.time(), decode=True,
            filters={'container': self.box.id}))
        self.assertEqual(
            ['exec_create: sh -c exit 4', 'exec_start: sh -c exit 4',
             'exec_die'], [event['Action'] for event in seen])
        self.assertEqual('4', seen[-1]['Actor']['Attributes']['exitCode'])
        self.assertEqual(1, len({
            event['Actor']['Attributes']['execID'] for event in seen}))

    def test_the_container_can_be_stopped_meanwhile(self):
        found = []
        thread = threading.Thread(
            target=lambda: found.append(self.sh('touch /up; sleep 1000')))
        thread.start()
        deadline = time.monotonic() + TIMEOUT_S
        while self.sh('test -e /up').exit_code:
            self.assertLess(time.monotonic(), deadline)
        self.box.stop(timeout=0)
        thread.join(TIMEOUT_S)
        self.assertEqual(137, found[0].exit_code)


class AttachTest(sdk.SdkTestCase):

    def socket_of(self, container, **flags):
        stream = container.attach_socket(params={
            name: 1 if wanted else 0 for name, wanted in (
                {'stdin': True, 'stdout': True, 'stderr': True,
                 'stream': True, **flags}).items()})
        self.addCleanup(stream.close)
        return stream

    def test_before_start(self):
        container = self.create_container(
            'sh', '-c', 'echo out; echo err >&2')
        stream = container.attach(stream=True, demux=True)
        container.start()
        found = list(stream)
        self.assertEqual(
            (b'out\n', b'err\n'),
            tuple(b''.join(part[which] or b'' for part in found)
                  for which in (0, 1)))

    def test_a_removed_container_ends_the_wait(self):
        container = self.create_container()
        stream = self.socket_of(container)
        container.remove()
        self.assertEqual(b'', read(stream))

    def test_a_failed_start_ends_the_wait(self):
        container = self.create_container('nosuchcommand')
        stream = self.socket_of(container)
        self.assertRaises(docker.errors.APIError, container.start)
        self.assertEqual(b'', read(stream))

    def test_input_ends_once(self):
        container = self.docker.api.create_container(
            sdk.IMAGE, ['sh', '-c', 'cat; exit 4'], stdin_open=True)
        container = self.docker.containers.get(container['Id'])
        self.addCleanup(self.remove, container)
        self.assertTrue(container.attrs['Config']['StdinOnce'])
        stream = self.socket_of(container)
        onlooker = self.socket_of(container, stdin=False)
        container.start()
        onlooker._sock.close()
        time.sleep(0.2)
        stream._sock.sendall(b'line\n' * 1000)
        stream._sock.shutdown(socket.SHUT_WR)
        self.assertEqual(b'line\n' * 1000, unframed(stream))
        self.assertEqual(4, container.wait()['StatusCode'])

    def test_several_clients(self):
        container = self.run_container('cat', stdin_open=True)
        one, other = self.socket_of(container), self.socket_of(container)
        one._sock.sendall(b'one\n')
        for stream in (one, other):
            expect(stream, b'one\n')
        one._sock.shutdown(socket.SHUT_WR)
        # Its input is not the container's: it leaves, and the rest stays.
        self.assertEqual(b'', read(one))
        other._sock.sendall(b'other\n')
        expect(other, b'other\n')

    def test_terminal(self):
        container = self.run_container(
            'sh', '-c', 'read a; stty size; cat', stdin_open=True, tty=True)
        stream = self.socket_of(container)
        for rows in (10, 20, 30):
            container.resize(rows, rows + 1)
        stream._sock.sendall(b'\n')
        expect(stream, b'30 31\r\n')
        stream._sock.sendall(b'\x10')
        stream._sock.sendall(b'\x11')
        self.assertEqual(b'', read(stream))
        container.reload()
        self.assertEqual('running', container.status)

    def test_log_first(self):
        container = self.run_container(
            'sh', '-c', 'echo before; read a; echo got $a', stdin_open=True)
        deadline = time.monotonic() + TIMEOUT_S
        while b'before' not in container.logs():
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(b'before\n', container.attach(
            logs=True, stream=False))
        stream = self.socket_of(container, logs=True)
        expect(stream, b'before\n')
        stream._sock.sendall(b'word\n')
        expect(stream, b'got word\n')

    def test_states(self):
        container = self.run_container()
        container.pause()
        error = self.assertRaises(
            docker.errors.APIError, container.attach_socket)
        self.assertEqual(409, error.status_code)
        container.unpause()
        container.kill()
        error = self.assertRaises(
            docker.errors.APIError, container.resize, 1, 1)
        self.assertEqual(409, error.status_code)

    def test_who_does_not_read_does_not_keep_a_container(self):
        container = self.run_container('sh', '-c', 'yes; true')
        stream = self.socket_of(container)
        time.sleep(0.5)
        began = time.monotonic()
        container.kill()
        self.assertEqual(137, container.wait()['StatusCode'])
        self.assertLess(time.monotonic() - began, 5)
        stream._sock.close()

    def test_who_vanishes_leaves_nothing(self):
        container = self.run_container('sh', '-c', 'sleep 1000',
                                       stdin_open=True)
        waiting = self.create_container()
        idents = [self.docker.api.exec_create(
            container.id, ['sleep', '1000'], stdin=True)['Id']
            for _ in range(3)]
        paths = [f'/containers/{one.id}/attach?stream=1&stdout=1&stdin=1'
                 for one in (container, waiting) for _ in range(5)]
        paths += [f'/exec/{ident}/start' for ident in idents]
        before = self.daemon.descriptors()
        for path in paths:
            self.vanish(path)
        deadline = time.monotonic() + TIMEOUT_S
        # Each exec that runs on is watched by a descriptor, and the pools'
        # threads have a few for the database.
        while self.daemon.descriptors() > before + len(idents) + 8:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def vanish(self, path):
        """Be a client that goes once it has been answered."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.connect(str(self.daemon.socket_path))
            sock.sendall(
                f'POST {path} HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\n'
                'Connection: Upgrade\r\nContent-Type: application/json\r\n'
                'Content-Length: 2\r\n\r\n{}'.encode())
            self.assertIn(b' 101 ', sock.recv(65536))
