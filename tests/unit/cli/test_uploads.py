import json
import pathlib
from unittest import mock

import fixtures

from novacontainer.cli import glance
from tests.unit.cli import command
from tests.unit.client import endpoint


class UploadsTestCase(command.CommandTestCase):

    def upload(self, *words, answers=(), **kwargs):
        sent = {}

        def upload(_client, source, members):
            sent.update(members, data=source.read())
            return 'the-id'

        with mock.patch.object(glance, 'connect'), \
                mock.patch.object(glance, 'upload', side_effect=upload):
            ended = self.run_command(['image', 'upload', *words], *answers,
                                     **kwargs)
        return ended, sent

    def test_file(self):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'a.t'
        path.write_bytes(b'tar')
        ended, sent = self.upload('-p', 'os_command_line=/x -y',
                                  '--min-ram', '64', str(path))
        self.assertEqual((0, 'the-id\n'), (ended.code, ended.output))
        self.assertEqual(
            {'name': 'a.t', 'visibility': 'private', 'min_disk': 0,
             'min_ram': 64, 'os_command_line': '/x -y', 'data': b'tar',
             'container_format': 'docker', 'disk_format': 'raw',
             'protected': False}, sent)

    def test_formats_and_tags(self):
        ended, sent = self.upload(
            '--name', 'n', '--container-format', 'bare', '--disk-format',
            'iso', '--tag', 'a', '--tag', 'b', '--protected', '-f', 'json',
            '-', data=b'x')
        self.assertEqual(
            ('bare', 'iso', ['a', 'b'], True),
            tuple(sent[key] for key in ('container_format', 'disk_format',
                                        'tags', 'protected')))
        shown = json.loads(ended.output)
        self.assertEqual(('the-id', 'n'), (shown['id'], shown['name']))

    def test_image_of_the_runtime(self):
        ended, sent = self.upload(
            '--name', 'web', 'a:b', answers=[endpoint.Answer([b'saved'])])
        self.assertEqual(0, ended.code)
        self.assertEqual((b'saved', 'web'), (sent['data'], sent['name']))
        self.assertEqual(['GET /images/a:b/get'], self.paths())

    def test_pipe(self):
        _, sent = self.upload('--name', 'web', '-', data=b'piped')
        self.assertEqual(b'piped', sent['data'])

    def test_nonsense(self):
        for words in (('-',), ('-p', 'x', 'a'), ('/nowhere/x',)):
            ended, sent = self.upload(*words)
            self.assertEqual((1, {}), (ended.code, sent))

    def test_no_such_image(self):
        ended, _ = self.upload('a', answers=[
            command.answer({'message': 'No such image'}, status=404)])
        self.assertEqual((1, 'novacontainer: No such image\n'),
                         (ended.code, ended.errors))
