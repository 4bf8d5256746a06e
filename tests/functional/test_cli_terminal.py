"""Our own command line at the streams of processes: run, exec, attach."""

import os
import signal
import subprocess
import termios
import time

from tests import archives
from tests.functional import cli
from tests.functional import daemon

#: Typed on a terminal: leave, and let it run.
DETACH = b'\x10\x11'


class CliTerminalTest(cli.CliTestCase):

    def box(self, name, *words, switches=()):
        """Start a container and return its name."""
        return self.container(name, *words, switches=switches)

    def until(self, condition, what):
        """Wait until something is so."""
        deadline = time.monotonic() + cli.TIMEOUT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def test_run_reads(self):
        text = b'line\n' * 200_000
        self.assertEqual(text, self.call(
            'run', '--rm', '-i', cli.IMAGE, 'cat', data=text).stdout)
        # Without -i nothing is read, and nothing is waited for.
        self.assertEqual('', self.cli(
            'run', '--rm', cli.IMAGE, 'cat', data=text))
        # One that reads nothing ends all the same.
        self.call('run', '--rm', '-i', cli.IMAGE, 'false', data=text, code=1)
        self.assertEqual('', self.cli('ps', '-aq'))

    def test_run_on_a_terminal(self):
        terminal = self.terminal('run', '-it', '--rm', cli.IMAGE, 'sh')
        before = terminal.modes()
        terminal.type(b'tty; stty size; echo re""ady\n')
        self.assertIn(b'/dev/pts/0\r\n25 90\r\n', terminal.expect(b'ready'))
        self.assertEqual(0, terminal.modes()[3] & termios.ECHO)
        terminal.type(b'until stty size | grep "^33 1"; do sleep 0.1; '
                      b'echo -n .; done\n')
        terminal.expect(b'..')
        terminal.resize(33, 111)
        terminal.expect(b'33 111')
        # What tells is in the foreground already: a shell that is about to
        # start something drops what it is told meanwhile.
        terminal.type(b"""sh -c "echo fall''ing; exec sleep 1000"\n""")
        terminal.expect(b'falling')
        terminal.type(b'\3echo a""gain; exit 5\n')
        terminal.expect(b'again')
        self.assertEqual(5, terminal.wait())
        self.assertEqual(before, terminal.modes())
        self.assertEqual('', self.cli('ps', '-aq'))

    def test_leave_and_join_again(self):
        terminal = self.terminal(
            'run', '-it', '--name', 'back', cli.IMAGE, 'sh')
        self.addCleanup(self.cli, 'rm', '-f', 'back')
        before = terminal.modes()
        terminal.type(b'word=kept; echo re""ady\n')
        terminal.expect(b'ready')
        terminal.type(DETACH)
        self.assertEqual(0, terminal.wait())
        self.assertEqual(before, terminal.modes())
        self.assertTrue(self.state('back')['Running'])
        terminal = self.terminal('attach', 'back')
        terminal.type(b'echo $word\n')
        terminal.expect(b'kept\r\n')
        terminal.type(b'exit 4\n')
        self.assertEqual(4, terminal.wait())
        terminal = self.terminal('start', '-ai', 'back')
        terminal.type(b'exit 3\n')
        self.assertEqual(3, terminal.wait())

    def test_a_signal_leaves_the_terminal_as_it_was(self):
        self.box('still', switches=('-it',))
        terminal = self.terminal('exec', '-it', 'still', 'sh')
        before = terminal.modes()
        terminal.type(b'echo re""ady\n')
        terminal.expect(b'ready')
        terminal.process.send_signal(signal.SIGTERM)
        self.assertEqual(128 + signal.SIGTERM, terminal.wait())
        self.assertEqual(before, terminal.modes())
        self.assertTrue(self.state('still')['Running'])

    def test_attach(self):
        self.box('speaks', 'sh', '-c',
                 'while ! test -e /go; do echo wait; sleep 0.1; done; '
                 'echo out; echo err >&2; exit 6')
        process = self.start('attach', 'speaks', stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.assertEqual(b'wait\n', process.stdout.readline())
        self.cli('exec', 'speaks', 'touch', '/go')
        self.assertEqual([b'out\n'], [
            line for line in process.stdout if line != b'wait\n'])
        self.assertEqual(b'err\n', process.stderr.read())
        self.assertEqual(6, process.wait(cli.TIMEOUT_S))
        self.assertIn('start it first',
                      self.refused('attach', 'speaks'))

    def test_attach_passes_signals_on(self):
        self.box('heeds', 'sh', '-c',
                 'trap "echo got; exit 9" TERM; '
                 'while :; do echo up; sleep 0.05; done')
        process = self.start('attach', 'heeds')
        self.assertEqual(b'up\n', process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        self.assertIn(b'got\n', process.stdout.read())
        self.assertEqual(9, process.wait(cli.TIMEOUT_S))

    def test_input_of_an_attachment_ends(self):
        """It is not the only one: the container goes on."""
        self.box('open', 'sh', '-c', 'cat; exit 8', switches=('-i',))
        process = self.start('attach', 'open', stdin=subprocess.PIPE)
        process.stdin.write(b'one\n')
        process.stdin.close()
        self.assertEqual(b'one\n', process.stdout.readline())
        self.assertTrue(self.state('open')['Running'])
        self.cli('kill', 'open')
        self.assertEqual(137, process.wait(cli.TIMEOUT_S))

    def test_start_in_the_foreground(self):
        self.cli('create', '--name', 'later', '-i', cli.IMAGE, 'sh', '-c',
                 'echo begun; exit 2')
        self.addCleanup(self.cli, 'rm', '-f', 'later')
        for switch in ('-a', '-ai'):
            self.assertEqual('begun', self.cli(
                'start', switch, 'later', code=2))

    def test_exec(self):
        self.box('box', switches=('-e', 'A=1'))
        ended = self.call('exec', 'box', 'sh', '-c',
                          'echo out; echo err >&2; exit 5', code=5)
        self.assertEqual((b'out\n', b'err\n'), (ended.stdout, ended.stderr))
        self.assertEqual('1 2\n/tmp\n33', self.cli(
            'exec', '-e', 'B=2', '-w', '/tmp', '-u', 'www-data', 'box',
            'sh', '-c', 'echo $A $B; pwd; id -u'))
        self.assertEqual('1000000', self.cli(
            'exec', '-i', 'box', 'wc', '-c', data=b'x' * 1_000_000))
        self.cli('exec', '-d', 'box', 'touch', '/tmp/done')
        self.until(lambda: not subprocess.run(
            [*self.program, 'exec', 'box', 'test', '-e', '/tmp/done'],
            env=self.environment, cwd=daemon.ROOT, timeout=cli.TIMEOUT_S,
            check=False).returncode, 'done')

    def test_exec_that_cannot_be(self):
        self.box('box2')
        for words, code in ((('nosuchcommand',), 127), (('/etc',), 126)):
            ended = self.call('exec', 'box2', *words, code=code)
            self.assertIn(words[0].encode(), ended.stdout + ended.stderr)
        self.assertIn('No such container', self.refused(
            'exec', 'missing', 'true'))
        self.assertIn('terminal', self.refused(
            'exec', '-it', 'box2', 'sh'))
        self.cli('stop', '-t', '0', 'box2')
        self.assertIn('not running', self.refused('exec', 'box2', 'true'))

    def test_exec_on_a_terminal(self):
        self.box('box3')
        terminal = self.terminal('exec', '-it', 'box3', 'sh')
        terminal.type(b'tty; stty size; echo $TERM\n')
        terminal.expect(b'/dev/pts/0\r\n25 90\r\nxterm\r\n')
        terminal.type(b'exit 9\n')
        self.assertEqual(9, terminal.wait())
        terminal = self.terminal(
            'exec', '-it', '--detach-keys', 'ctrl-x,x', 'box3', 'sh', '-c',
            'echo up; sleep 1234')
        terminal.expect(b'up')
        terminal.type(b'\x18x')
        self.assertEqual(0, terminal.wait())
        self.assertIn('sleep 1234', self.cli('exec', 'box3', 'ps'))

    def test_the_daemon_goes_away(self):
        """Last words and a terminal that works, not a traceback."""
        one = daemon.Daemon()
        one.setUp()
        self.addCleanup(one.cleanUp)
        one.load(archives.busybox_image(cli.IMAGE))
        terminal = self.terminal(
            '--socket', str(one.socket_path), 'run', '-it', cli.IMAGE, 'sh')
        before = terminal.modes()
        terminal.type(b'echo re""ady\n')
        terminal.expect(b'ready')
        one.kill()
        self.assertEqual(125, terminal.wait())
        self.assertEqual(before, terminal.modes())
        one.start()


class CliPermissionTest(cli.CliTestCase):

    def test_a_stranger(self):
        """Who may not use the socket is told what would allow it."""
        os.chmod(self.daemon.directory, 0o755)
        ended = subprocess.run(
            [*self.program, 'ps'], env=self.environment, cwd='/',
            capture_output=True, user=65534, group=65534, extra_groups=[],
            timeout=cli.TIMEOUT_S, check=False)
        self.assertEqual(1, ended.returncode)
        self.assertIn(b'permission denied', ended.stderr)
        self.assertIn(b'socket_group', ended.stderr)
