"""docker run, exec and attach in the foreground, as people use them."""

import signal
import subprocess
import time

from tests.functional import dockercli
from tests.functional import screen

IMAGE = dockercli.IMAGE
#: What the docker CLI takes for "leave, and let it run".
DETACH = b'\x10\x11'


class CliExecTest(dockercli.DockerCliTestCase):

    def docker(self, *words, given=b''):
        """Run the CLI; return (exit code, output, errors)."""
        ended = subprocess.run(
            [self.program, *words], env=self.environment, input=given,
            capture_output=True, timeout=dockercli.TIMEOUT_S, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def start(self, *words):
        """Start the CLI with pipes."""
        process = subprocess.Popen(
            [self.program, *words], env=self.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.kill)
        return process

    def terminal(self, *words):
        """Start the CLI on a terminal."""
        terminal = screen.Terminal([self.program, *words], self.environment)
        self.addCleanup(terminal.close)
        return terminal

    def box(self, *options, command=('sleep', '1000')):
        """Run a container in the background; return its name."""
        code, ident, errors = self.docker(
            'run', '-d', *options, IMAGE, *command)
        self.assertEqual((0, b''), (code, errors))
        ident = ident.decode().strip()
        self.addCleanup(self.docker, 'rm', '-f', ident)
        return ident

    def test_run(self):
        self.assertEqual((7, b'out\n', b'err\n'), self.docker(
            'run', '--rm', IMAGE, 'sh', '-c',
            'echo out; echo err >&2; exit 7'))
        self.assertEqual((0, b'', b''), self.docker('ps', '-aq'))

    def test_run_exit_codes(self):
        for command, expected in (('nosuchcommand', 127), ('/etc', 126)):
            code, _, errors = self.docker('run', '--rm', IMAGE, command)
            self.assertEqual(expected, code)
            self.assertIn(command.encode(), errors)
        self.assertEqual((0, b'', b''), self.docker('ps', '-aq'))
        code, _, _ = self.docker(
            'run', '--rm', IMAGE, 'sh', '-c',
            'sh -c "kill -9 \\$\\$"; exit $?')
        self.assertEqual(137, code)

    def test_run_reads(self):
        text = b'line\n' * 100000
        self.assertEqual((0, text, b''), self.docker(
            'run', '--rm', '-i', IMAGE, 'cat', given=text))
        # Without -i nothing is read, and nothing is waited for.
        self.assertEqual((0, b'', b''), self.docker(
            'run', '--rm', IMAGE, 'cat', given=text))

    def test_run_passes_signals_on(self):
        process = self.start(
            'run', '--rm', IMAGE, 'sh', '-c',
            'trap "echo ended; exit 3" TERM; echo up; '
            'while true; do sleep 0.1; done')
        self.assertEqual(b'up\n', process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(b'ended\n', process.stdout.readline())
        self.assertEqual(3, process.wait(dockercli.TIMEOUT_S))

    def test_run_on_a_terminal(self):
        terminal = self.terminal('run', '--rm', '-it', IMAGE, 'sh')
        terminal.type(b'tty; stty size\n')
        terminal.expect(b'/dev/pts/0\r\n25 90\r\n')
        terminal.resize(33, 44)
        deadline = time.monotonic() + dockercli.TIMEOUT_S
        while b'33 44\r\n' not in self.asked(terminal, b'stty size'):
            # The CLI may not have listened yet when the first one came.
            terminal.process.send_signal(signal.SIGWINCH)
            self.assertLess(time.monotonic(), deadline)
        # ^C is the container's, not the CLI's.
        terminal.type(b'sleep 1000\n')
        terminal.expect(b'sleep 1000')
        time.sleep(0.2)
        terminal.type(b'\3')
        terminal.type(b'echo aga""in; exit 5\n')
        terminal.expect(b'again')
        self.assertEqual(5, terminal.wait())
        self.assertEqual((0, b'', b''), self.docker('ps', '-aq'))

    def asked(self, terminal, question):
        """Type a command; return what it said."""
        terminal.type(question + b'; echo do""ne\n')
        return terminal.expect(b'done')

    def test_detach_and_attach_again(self):
        terminal = self.terminal(
            'run', '-it', '--name', 'back', IMAGE, 'sh')
        self.addCleanup(self.docker, 'rm', '-f', 'back')
        terminal.type(b'word=kept; echo re""ady\n')
        terminal.expect(b'ready')
        terminal.type(DETACH)
        self.assertEqual(0, terminal.wait())
        self.assertIn(b'Up', self.docker('ps')[1])
        terminal = self.terminal('attach', 'back')
        terminal.type(b'echo $word\n')
        terminal.expect(b'kept\r\n')
        terminal.type(b'exit 4\n')
        self.assertEqual(4, terminal.wait())

    def test_attach(self):
        ident = self.box(command=(
            'sh', '-c', 'while ! test -e /go; do echo wait; sleep 0.1; done; '
                        'echo out; echo err >&2; exit 6'))
        process = self.start('attach', '--no-stdin', ident)
        self.assertEqual(b'wait\n', process.stdout.readline())
        self.assertEqual(0, self.docker('exec', ident, 'touch', '/go')[0])
        self.assertEqual([b'err\n', b'out\n'], sorted(
            line for line in process.stdout if line != b'wait\n'))
        self.assertEqual(6, process.wait(dockercli.TIMEOUT_S))

    def test_start_and_attach(self):
        self.docker('create', '--name', 'later', '-i', IMAGE, 'sh', '-c',
                    'cat; exit 2')
        self.addCleanup(self.docker, 'rm', '-f', 'later')
        for text in (b'one', b'two'):
            self.assertEqual((2, text, b''), self.docker(
                'start', '-ai', 'later', given=text))

    def test_exec(self):
        box = self.box('-e', 'A=1')
        self.assertEqual((5, b'out\n', b'err\n'), self.docker(
            'exec', box, 'sh', '-c', 'echo out; echo err >&2; exit 5'))
        self.assertEqual(
            (0, b'1 2\n/tmp\n33\n', b''), self.docker(
                'exec', '-e', 'B=2', '-w', '/tmp', '-u', 'www-data', box,
                'sh', '-c', 'echo $A $B; pwd; id -u'))
        self.assertEqual((0, b'1000000\n', b''), self.docker(
            'exec', '-i', box, 'wc', '-c', given=b'x' * 1000000))
        self.assertEqual((0, b'', b''), self.docker(
            'exec', '-d', box, 'touch', '/tmp/done'))
        deadline = time.monotonic() + dockercli.TIMEOUT_S
        while self.docker('exec', box, 'test', '-e', '/tmp/done')[0]:
            self.assertLess(time.monotonic(), deadline)

    def test_exec_that_cannot_be(self):
        box = self.box()
        for words, expected in (
                (('nosuchcommand',), 127), (('/etc',), 126),
                (('-u', 'nobody-here', 'true'), 126),
                (('-w', '/nowhere', 'true'), 126)):
            options, command = words[:-1], words[-1]
            code, output, _ = self.docker('exec', *options, box, command)
            self.assertEqual(expected, code, words)
            self.assertNotEqual(b'', output)
        self.docker('pause', box)
        code, _, errors = self.docker('exec', box, 'true')
        self.assertEqual(1, code)
        self.assertIn(b'is paused, unpause the container', errors)
        self.docker('unpause', box)

    def test_exec_on_a_terminal(self):
        box = self.box()
        terminal = self.terminal('exec', '-it', box, 'sh')
        terminal.type(b'tty; stty size; echo $TERM\n')
        terminal.expect(b'/dev/pts/0\r\n25 90\r\nxterm\r\n')
        terminal.type(b'exit 9\n')
        self.assertEqual(9, terminal.wait())

    def test_exec_and_detach(self):
        box = self.box()
        terminal = self.terminal(
            'exec', '-it', '--detach-keys', 'ctrl-x,x', box, 'sh', '-c',
            'echo up; sleep 1000')
        terminal.expect(b'up')
        terminal.type(b'\x18x')
        terminal.wait()
        self.assertIn(b'sleep 1000', self.docker(
            'exec', box, 'ps')[1].replace(b'sleep 1000', b'', 1))

    def test_many_at_once(self):
        box = self.box()
        processes = [self.start('exec', box, 'sh', '-c',
                                f'sleep 0.5; echo {number}; exit {number}')
                     for number in range(12)]
        for number, process in enumerate(processes):
            self.assertEqual(b'%d\n' % number, process.stdout.read())
            self.assertEqual(number, process.wait(dockercli.TIMEOUT_S))
