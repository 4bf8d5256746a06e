"""A day with the docker CLI: what people type, and what they get to see."""

import json
import subprocess
import time

from tests.functional import dockercli

IMAGE = dockercli.IMAGE


class SessionTest(dockercli.DockerCliTestCase):

    def docker(self, *words, code=0, **options):
        """Run the CLI; returns what it printed."""
        ended = subprocess.run(
            [self.program, *words], env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=dockercli.TIMEOUT_S, check=False, **options)
        self.assertEqual(code, ended.returncode, (words, ended.stdout))
        return ended.stdout.strip()

    def start(self, name, *words, options=()):
        """Run a container in the background until the test's end."""
        self.docker('run', '-d', '--name', name, *options, IMAGE,
                    *(words or ('sleep', '1000')))
        self.addCleanup(self.docker, 'rm', '-f', name)

    def test_formats_of_ps(self):
        self.start('day-ps', options=['--label', 'role=web',
                                      '--label', 'tier=1'])
        chosen = ['ps', '--filter', 'label=role=web']
        self.assertEqual('day-ps busybox:cli running', self.docker(
            *chosen, '--format', '{{.Names}} {{.Image}} {{.State}}'))
        self.assertEqual('web', self.docker(
            *chosen, '--format', '{{.Label "role"}}'))
        shown = json.loads(self.docker(*chosen, '--format', 'json'))
        self.assertEqual('"sleep 1000"', shown['Command'])
        self.assertRegex(shown['Status'], '^Up ')
        self.assertIn('NAMES', self.docker(
            *chosen, '--format', 'table {{.ID}}\t{{.Names}}'))
        self.assertEqual(64, len(self.docker(*chosen, '-q', '--no-trunc')))
        self.assertEqual('', self.docker('ps', '-q', '-f', 'name=nobody'))

    def test_formats_of_images(self):
        shown = self.docker('images', '--format',
                            '{{.Repository}}:{{.Tag}} {{.ID}}', IMAGE)
        self.assertRegex(shown, '^busybox:cli [0-9a-f]{12}$')
        ident = self.docker('images', '-q', '--no-trunc', IMAGE)
        self.assertEqual(ident, self.docker(
            'inspect', '-f', '{{.Id}}', IMAGE))
        self.assertEqual('busybox', json.loads(self.docker(
            'images', '--format', 'json', IMAGE))['Repository'])

    def test_inspect(self):
        self.start('day-look', options=['-e', 'COLOUR=blue', '-w', '/tmp'])
        for wanted, shown in (
                ('true 0', '{{.State.Running}} {{.State.ExitCode}}'),
                ('/day-look', '{{.Name}}'),
                ('/tmp', '{{.Config.WorkingDir}}'),
                ('"sleep"', '{{json .Path}}'),
                ('COLOUR=blue', '{{index .Config.Env 0}}')):
            self.assertEqual(wanted, self.docker(
                'inspect', '-f', shown, 'day-look'))

    def test_logs_are_followed_to_the_end(self):
        self.start('day-logs', 'sh', '-c', 'echo one; echo two >&2; read x',
                   options=['-i'])
        follower = subprocess.Popen(
            [self.program, 'logs', '-f', 'day-logs'], env=self.environment,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        self.assertEqual({'one\n', 'two\n'}, {
            follower.stdout.readline(), follower.stdout.readline()})
        self.docker('kill', 'day-logs')
        self.assertEqual('', follower.stdout.read())
        self.assertEqual(0, follower.wait(dockercli.TIMEOUT_S))
        self.assertEqual(1, len(self.docker(
            'logs', '--tail', '1', 'day-logs').splitlines()))
        self.assertRegex(self.docker('logs', '-t', 'day-logs'),
                         r'(?m)^\d{4}-\d\d-\d\dT[\d:.]+Z one$')

    def test_save_into_load(self):
        self.docker('tag', IMAGE, 'day/pipe:1')
        with subprocess.Popen(
                [self.program, 'save', 'day/pipe:1'], env=self.environment,
                stdout=subprocess.PIPE) as saving:
            shown = self.docker('load', stdin=saving.stdout)
        self.assertEqual(0, saving.returncode)
        self.assertEqual('Loaded image: day/pipe:1', shown)
        self.assertIn('Untagged: day/pipe:1',
                      self.docker('rmi', 'day/pipe:1'))
        self.assertIn('No such image', self.docker(
            'rmi', 'day/pipe:1', code=1))

    def test_commit(self):
        self.docker('run', '--name', 'day-commit', IMAGE, 'sh', '-c',
                    'echo kept > /kept')
        self.addCleanup(self.docker, 'rm', '-f', 'day-commit')
        ident = self.docker(
            'commit', '-m', 'why', '-a', 'who', '-c', 'CMD ["cat", "/kept"]',
            'day-commit', 'day/commit:1')
        self.addCleanup(self.docker, 'rmi', '-f', 'day/commit:1')
        self.assertRegex(ident, '^sha256:[0-9a-f]{64}$')
        self.assertEqual('kept', self.docker('run', '--rm', 'day/commit:1'))
        self.assertEqual('who why', self.docker(
            'inspect', '-f', '{{.Author}} {{.Comment}}', 'day/commit:1'))

    def test_events(self):
        since = f'{time.time():.6f}'
        self.start('day-events', 'true')
        self.assertEqual('0', self.docker('wait', 'day-events'))
        shown = self.docker(
            'events', '--since', since, '--until', f'{time.time() + 1:.6f}',
            '--filter', 'container=day-events', '--format', '{{.Action}}')
        self.assertEqual(['create', 'start', 'die'], [
            line for line in shown.splitlines()
            if line in ('create', 'start', 'die')])

    def test_kill_with_a_signal(self):
        self.start('day-kill', 'sh', '-c',
                   'trap "exit 7" USR1; echo ready; while :; do sleep 0.1; '
                   'done')
        with subprocess.Popen(
                [self.program, 'logs', '-f', 'day-kill'], text=True,
                env=self.environment, stdout=subprocess.PIPE) as follower:
            self.assertEqual('ready\n', follower.stdout.readline())
            self.docker('kill', '-s', 'USR1', 'day-kill')
            self.assertEqual('7', self.docker('wait', 'day-kill'))
        self.assertIn('Exited (7)', self.docker(
            'ps', '-a', '--filter', 'name=day-kill'))

    def test_run_and_forget(self):
        shown = self.docker('run', '--rm', '--name', 'day-rm', IMAGE,
                            'sh', '-c', 'echo out; exit 3', code=3)
        self.assertEqual('out', shown)
        self.assertEqual('', self.docker(
            'ps', '-aq', '--filter', 'name=day-rm'))

    def test_exit_codes_of_the_cli_itself(self):
        for code, words in ((127, ['/no/such']), (126, ['/etc/passwd'])):
            self.docker('run', '--rm', IMAGE, *words, code=code)
        shown = self.docker('run', '--rm', '--user', 'nobody-here', IMAGE,
                            'true', code=125)
        self.assertIn('nobody-here', shown)
        self.docker('run', '--rm', '--no-such-option', IMAGE, code=125)
        # Pulling is what the CLI does about an image that is not there.
        self.assertIn('docker load', self.docker(
            'run', '--rm', 'nothing:here', code=125))

    def test_files_of_variables_and_labels(self):
        variables = self.folder / 'variables'
        variables.write_text('# a comment\nONE=1\nTWO=2 and more\n')
        labels = self.folder / 'labels'
        labels.write_text('from=file\n')
        self.start('day-files', options=[
            '--env-file', str(variables), '-e', 'ONE=uno',
            '--label-file', str(labels)])
        shown = self.docker('exec', 'day-files', 'env')
        self.assertIn('ONE=uno', shown.splitlines())
        self.assertIn('TWO=2 and more', shown.splitlines())
        self.assertEqual('file', self.docker(
            'inspect', '-f', '{{index .Config.Labels "from"}}', 'day-files'))

    def test_create_and_start(self):
        ident = self.docker('create', '--name', 'day-create', IMAGE,
                            'sh', '-c', 'echo begun; exit 4')
        self.addCleanup(self.docker, 'rm', '-f', 'day-create')
        self.assertIn('Created', self.docker(
            'ps', '-a', '--filter', f'id={ident}'))
        self.assertEqual('begun', self.docker(
            'start', '-a', 'day-create', code=4))

    def test_errors(self):
        self.start('day-errors')
        for sentence, words in (
                ('No such container: nobody', ['stop', 'nobody']),
                ('No such container: nobody', ['logs', 'nobody']),
                ('No such object: nobody', ['inspect', 'nobody']),
                ('is already in use by container',
                 ['create', '--name', 'day-errors', IMAGE]),
                ('Invalid container name (a b)',
                 ['create', '--name', 'a b', IMAGE]),
                ('is not a valid repository/tag',
                 ['tag', IMAGE, 'UPPER:case']),
                ('running container', ['rm', 'day-errors']),
                ('Invalid signal: NOPE',
                 ['kill', '-s', 'NOPE', 'day-errors']),
                ('is not running', ['exec', 'day-created', 'true'])):
            if 'day-created' in words:
                self.docker('create', '--name', 'day-created', IMAGE)
                self.addCleanup(self.docker, 'rm', 'day-created')
            shown = self.docker(*words, code=1)
            self.assertIn(sentence.lower(), shown.lower(), words)
