import json
import pathlib
from unittest import mock

import fixtures

from novacontainer.cli import failure
from novacontainer.cli import glance
from novacontainer.cli import pieces
from tests.unit.cli import command
from tests.unit.client import endpoint

_LOADED = command.answer({'stream': 'Loaded image: my-tree:latest\n'})
_MADE = command.answer({'Id': 'f00'})
_UNKNOWN = command.answer({'message': 'No such image'}, status=404)
_KNOWN = command.answer({'Id': 'sha256:1'})
_REFUSED = command.answer({'message': 'No command specified'}, status=400)


class PutTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.archive = self.directory / 'My_Tree.tar.gz'
        self.archive.write_bytes(b'tar')

    def test_put(self):
        ended = self.run_command(
            ['put', '--name', 'web', str(self.archive), 'sh', '-c', 'x'],
            _UNKNOWN, _LOADED, _MADE)
        self.assertEqual((0, 'f00\n', ''),
                         (ended.code, ended.output, ended.errors))
        self.assertEqual(
            ['GET /images/my-tree:latest/json',
             'POST /images/load?reference=my-tree%3Alatest',
             'POST /containers/create?name=web'], self.paths())
        body = json.loads(self.requests[2].body)
        self.assertEqual(('my-tree:latest', ['sh', '-c', 'x']),
                         (body['Image'], body['Cmd']))

    def test_put_and_start(self):
        for switch in ('-d', '--start'):
            ended = self.run_command(
                ['put', switch, str(self.archive)], _KNOWN, _LOADED, _MADE,
                endpoint.Answer(status=204))
            self.assertEqual('f00\n', ended.output)
            self.assertEqual('POST /containers/f00/start', self.paths()[3])

    def test_put_what_cannot_be_started(self):
        ended = self.run_command(
            ['put', '-d', str(self.archive)], _KNOWN, _LOADED, _MADE,
            command.answer({'message': 'no x', 'code':
                            'container.command_not_found'}, status=400))
        self.assertEqual((127, 'novacontainer: no x\n'),
                         (ended.code, ended.errors))

    def test_only_the_image(self):
        ended = self.run_command(
            ['put', '--image-only', '--reference', 'a:b', '-'],
            _UNKNOWN, _LOADED, data=b'tar')
        self.assertEqual('my-tree:latest\n', ended.output)
        self.assertEqual('POST /images/load?reference=a%3Ab',
                         self.paths()[1])

    def test_no_container_no_image(self):
        ended = self.run_command(
            ['put', str(self.archive)], _UNKNOWN, _LOADED, _REFUSED,
            command.answer([]))
        self.assertEqual((1, 'novacontainer: No command specified\n'),
                         (ended.code, ended.errors))
        self.assertEqual('DELETE /images/my-tree:latest?force=0',
                         self.paths()[3])

    def test_an_image_that_was_there_stays(self):
        ended = self.run_command(
            ['put', str(self.archive)], _KNOWN, _LOADED, _REFUSED)
        self.assertEqual(1, ended.code)
        self.assertEqual(3, len(self.requests))

    def test_other_bytes(self):
        ended = self.run_command(
            ['put', '--checksum', 'sha256:' + '0' * 64, str(self.archive)],
            _UNKNOWN, endpoint.Answer())
        self.assertEqual(1, ended.code)
        self.assertIn('cannot be read: its sha256 is', ended.errors)

    def test_what_makes_no_sense(self):
        for words in (['--image-only', str(self.archive), 'sh'], ['-'],
                      ['/nowhere/.tar'], ['/nowhere/x.tar'],
                      ['--checksum', 'x', str(self.archive)],
                      ['-d', '--image-only', str(self.archive)]):
            ended = self.run_command(['put', *words], data=b'x')
            self.assertEqual((1, []), (ended.code, self.requests))


class PullTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.found = glance.Found('i', 'nginx:1.25', 3)
        self.data = [b'ta', b'r']
        for name, value in (
                ('connect', mock.Mock()),
                ('find', lambda client, name: self.found),
                ('download',
                 lambda client, image: pieces.Pieces(self.data))):
            self.useFixture(fixtures.MockPatchObject(glance, name, value))

    def test_image_of_glance(self):
        ended = self.run_command(['pull', 'nginx'], _UNKNOWN, _LOADED, _MADE)
        self.assertEqual('f00\n', ended.output)
        self.assertEqual('POST /images/load?reference=nginx%3A1.25',
                         self.paths()[1])
        self.assertEqual(b'tar', self.requests[1].body)

    def test_names_of_images(self):
        for name, reference in (
                ('web', 'web%3Alatest'), ('My Web', 'my-web%3Alatest'),
                ('', 'i%3Alatest'), ('ä', 'i%3Alatest')):
            self.found = glance.Found('i', name, 3)
            self.run_command(['pull', '--image-only', 'x'], _UNKNOWN,
                             _LOADED)
            self.assertEqual(f'POST /images/load?reference={reference}',
                             self.paths()[1])

    def test_other_bytes(self):
        def data():
            yield b'x'
            raise OSError(32, 'Corrupt image download')

        self.data = data()
        ended = self.run_command(['pull', 'nginx'], _UNKNOWN,
                                 endpoint.Answer())
        self.assertEqual(
            (1, 'novacontainer: The image nginx cannot be read: Corrupt '
                'image download.\n'), (ended.code, ended.errors))

    def test_neither_url_nor_cloud(self):
        glance.connect.side_effect = failure.CommandFailed('No openrc.')
        ended = self.run_command(['pull', 'nginx'])
        self.assertEqual((1, []), (ended.code, self.requests))
        self.assertIn('is not an URL', ended.errors)
        self.assertIn('No openrc.', ended.errors)

    def test_url(self):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'w.tar')
        path.write_bytes(b'tar')
        ended = self.run_command(
            ['pull', '-d', f'file://{path}'], _UNKNOWN, _LOADED, _MADE,
            endpoint.Answer(status=204))
        self.assertEqual('f00\n', ended.output)
        self.assertEqual('POST /images/load?reference=w%3Alatest',
                         self.paths()[1])

    def test_a_checksum_is_for_an_url(self):
        ended = self.run_command(
            ['pull', '--checksum', 'sha256:' + '0' * 64, 'nginx'])
        self.assertEqual((1, []), (ended.code, self.requests))
