import argparse
import pathlib

import fixtures
from oslotest import base

from novacontainer.cli import creation
from novacontainer.cli import failure


class CreationTestCase(base.BaseTestCase):

    def body(self, *words, command=()):
        parser = argparse.ArgumentParser()
        creation.add_arguments(parser)
        return creation.body('a:b', command, parser.parse_args(words))

    def host(self, *words):
        return self.body(*words)['HostConfig']

    def test_nothing_is_asked(self):
        self.assertEqual(
            {'Image': 'a:b', 'Env': [], 'Labels': {}, 'OpenStdin': False,
             'Tty': False, 'HostConfig': {}}, self.body())

    def test_process(self):
        body = self.body(
            '--entrypoint', '', '-w', '/x', '-u', '1:2', '--hostname', 'h',
            '--stop-signal', 'INT', '--stop-timeout', '3', '-it', '-l', 'a=b',
            '-l', 'c', command=['x', '-y'])
        self.assertEqual(['x', '-y'], body['Cmd'])
        self.assertEqual([''], body['Entrypoint'])
        self.assertEqual({'a': 'b', 'c': ''}, body['Labels'])
        self.assertEqual(
            ('/x', '1:2', 'h', 'INT', 3, True, True),
            tuple(body[member] for member in (
                'WorkingDir', 'User', 'Hostname', 'StopSignal',
                'StopTimeout', 'OpenStdin', 'Tty')))

    def test_limits(self):
        self.assertEqual(
            {'Memory': 1 << 20, 'NanoCpus': 10**9, 'CapAdd': ['A', 'B'],
             'Init': True, 'Sysctls': {'net.a': '1'}},
            self.host('-m', '1m', '--cpus', '1', '--cap-add', 'A',
                      '--cap-add', 'B', '--init', '--sysctl', 'net.a=1'))
        # Zero is a wish of its own.
        self.assertEqual({'PidsLimit': 0}, self.host('--pids-limit', '0'))

    def test_surroundings(self):
        self.assertEqual(
            {'Tmpfs': {'/a': '', '/b': 'size=1m'},
             'Ulimits': [{'Name': 'nofile', 'Soft': 1, 'Hard': 1}],
             'Binds': ['/x:/y:ro', f'{pathlib.Path.cwd()}/z:/w'],
             'RestartPolicy': {'Name': 'on-failure',
                               'MaximumRetryCount': 3}},
            self.host('--tmpfs', '/a', '--tmpfs', '/b:size=1m', '--ulimit',
                      'nofile=1', '-v', '/x:/y:ro', '-v', './z:/w',
                      '--restart', 'on-failure:3'))

    def test_nonsense(self):
        for words in (('--ulimit', 'nofile=x'), ('--ulimit', 'nofile'),
                      ('--restart', 'always:x'), ('-l', '=b'),
                      ('--sysctl', '=1'), ('--env-file', '/nowhere')):
            self.assertRaises(failure.CommandFailed, self.body, *words)

    def test_environment(self):
        self.useFixture(fixtures.EnvironmentVariable('NC_HERE', 'yes'))
        self.useFixture(fixtures.EnvironmentVariable('NC_NOT_HERE'))
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'e'
        path.write_text('# words\n\nA=1 2\nNC_HERE\n')
        self.assertEqual(
            ['A=1 2', 'NC_HERE=yes', 'B='],
            creation.environment([str(path)], ['B=', 'NC_NOT_HERE']))

    def test_devices(self):
        self.assertEqual(
            [{'PathOnHost': '/dev/a', 'PathInContainer': path,
              'CgroupPermissions': access} for path, access in (
                  ('/dev/a', 'rwm'), ('/dev/b', 'rwm'), ('/dev/a', 'r'),
                  ('/dev/b', 'rw'))],
            self.host('--device', '/dev/a', '--device', '/dev/a:/dev/b',
                      '--device', '/dev/a:r', '--device',
                      '/dev/a:/dev/b:rw')['Devices'])
        for word in ('', ':r', '/a:/b:/c'):
            self.assertRaises(failure.CommandFailed, self.host, '--device',
                              word)

    def test_logging(self):
        self.assertEqual(
            {'Type': '', 'Config': {'max-size': '1m'}},
            self.host('--log-opt', 'max-size=1m')['LogConfig'])
        self.assertEqual({'Type': 'none', 'Config': {}},
                         self.host('--log-driver', 'none')['LogConfig'])

    def test_label_files(self):
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'labels')
        path.write_text('# why\na=1\n\nb=2\n')
        self.assertEqual(
            {'a': '1', 'b': '3'},
            self.body('--label-file', str(path), '-l', 'b=3')['Labels'])
        path.write_bytes(b'\xff')
        for name in (str(path), '/nowhere'):
            error = self.assertRaises(
                failure.CommandFailed, self.body, '--label-file', name)
            self.assertIn(f'The label file {name}', error.message)

    def test_health(self):
        self.assertEqual({'Test': ['CMD-SHELL', 'x']},
                         self.body('--health-cmd', 'x')['Healthcheck'])
