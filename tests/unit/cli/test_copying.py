import argparse
import io
import os
import pathlib
import tarfile

import fixtures
from oslotest import base

from novacontainer.cli import copying
from novacontainer.cli import failure
from tests import archives
from tests.unit.cli import command
from tests.unit.client import endpoint
from tests.unit.client import test_files

_DIRECTORY = 1 << 31 | 0o755
_LINK = 1 << 27


class PlaceTestCase(base.BaseTestCase):

    def test_places(self):
        for word, container, path in (
                ('web:/x', 'web', '/x'), ('web:x', 'web', '/x'),
                ('web:/a:b', 'web', '/a:b'), ('/a:b', '', '/a:b'),
                ('./a:b', '', './a:b'), ('x', '', 'x'), ('-', '', '-')):
            self.assertEqual(copying.Place(container, path),
                             copying.place(word))

    def test_no_places(self):
        for word in ('web:', 'we b:/x'):
            self.assertRaises(argparse.ArgumentTypeError, copying.place,
                              word)


class TargetTestCase(base.BaseTestCase):

    def test_targets(self):
        for path, source, is_directory, kind, found in (
                # What exists takes it in.
                ('/t', '/a/s', True, 'directory', ('/t', 's')),
                ('/t/', '/a/s/', True, 'directory', ('/t/', 's')),
                ('/t', '/a/s/.', True, 'directory', ('/t', '')),
                ('.', 's', False, 'directory', ('.', 's')),
                ('/t', '/', True, 'directory', ('/t', '')),
                # A file takes its place.
                ('/d/t', 's', False, 'file', ('/d', 't')),
                # What does not is the new name.
                ('/t', 's', True, None, ('/', 't')),
                ('t', 's', False, None, ('.', 't')),
                ('d/t/', '/s/.', True, None, ('d', 't'))):
            self.assertEqual(found, copying.target(
                path, source, is_directory=is_directory, kind=kind))

    def test_what_does_not_go_together(self):
        for path, is_directory, kind in (
                ('/t', True, 'file'), ('/t/', False, 'file'),
                ('/t/', False, None)):
            self.assertRaises(
                failure.CommandFailed, copying.target, path, 's',
                is_directory=is_directory, kind=kind)


class CopyingTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.tar = archives.tar([(archives.member('f'), b'data')])

    def uploaded(self):
        return tarfile.open(fileobj=io.BytesIO(self.requests[-1].body))

    def test_file_from(self):
        ended = self.run_command(
            ['cp', 'web:/a/f', str(self.directory)],
            test_files.stat_answer(), endpoint.Answer([self.tar]))
        self.assertEqual((0, '', ''),
                         (ended.code, ended.output, ended.errors))
        self.assertEqual(b'data', (self.directory / 'f').read_bytes())
        self.assertEqual('GET /containers/web/archive?path=%2Fa%2Ff',
                         self.paths()[1])

    def test_a_link_is_followed_when_asked(self):
        ended = self.run_command(
            ['cp', '-L', 'web:/l', str(self.directory)],
            test_files.stat_answer(mode=_LINK, linkTarget='/a/f'),
            test_files.stat_answer(), endpoint.Answer([self.tar]))
        self.assertEqual(0, ended.code, ended.errors)
        self.assertEqual(['l'], os.listdir(self.directory))
        self.assertEqual('GET /containers/web/archive?path=%2Fa%2Ff',
                         self.paths()[2])

    def test_over_a_link_here(self):
        (self.directory / 'real').write_text('old')
        (self.directory / 'link').symlink_to('real')
        self.run_command(
            ['cp', 'web:/f', str(self.directory / 'link')],
            test_files.stat_answer(), endpoint.Answer([self.tar]))
        self.assertEqual('data', (self.directory / 'real').read_text())

    def test_tar_from(self):
        ended = self.run_command(['cp', 'web:/f', '-'],
                                 test_files.stat_answer(),
                                 endpoint.Answer(b'tar'))
        self.assertEqual('tar', ended.output)

    def test_nothing_of_this_kind(self):
        for words, answer in (
                (['web:/f/', '.'], test_files.stat_answer()),
                (['web:/f', '/nowhere/x'], test_files.stat_answer()),
                (['web:/d', '/etc/passwd'],
                 test_files.stat_answer(mode=_DIRECTORY))):
            ended = self.run_command(['cp', *words], answer)
            self.assertEqual(1, ended.code)
            self.assertEqual(1, ended.errors.count('\n'), ended.errors)

    def test_devices_are_left_out(self):
        device = archives.tar([(archives.member('f', tarfile.CHRTYPE), b'')])
        ended = self.run_command(
            ['cp', 'web:/f', str(self.directory)],
            test_files.stat_answer(), endpoint.Answer([device]))
        self.assertEqual(1, ended.code)
        self.assertIn('f is a device', ended.errors)

    def test_a_download_that_breaks_leaves_nothing(self):
        ended = self.run_command(
            ['cp', 'web:/f', str(self.directory)],
            test_files.stat_answer(),
            endpoint.Answer([self.tar[:514]], cut=True))
        self.assertEqual(1, ended.code)
        self.assertEqual([], os.listdir(self.directory))

    def test_file_to(self):
        (self.directory / 'f').write_text('data')
        ended = self.run_command(
            ['cp', str(self.directory / 'f'), 'web:/etc'],
            test_files.stat_answer(mode=_DIRECTORY), endpoint.Answer())
        self.assertEqual((0, ''), (ended.code, ended.errors))
        self.assertIn('PUT /containers/web/archive?path=%2Fetc&',
                      self.paths()[1])
        self.assertEqual(['f'], self.uploaded().getnames())

    def test_contents_to(self):
        (self.directory / 'f').write_text('data')
        self.run_command(
            ['cp', f'{self.directory}/.', 'web:/l'],
            test_files.stat_answer(mode=_LINK, linkTarget='/etc'),
            test_files.stat_answer(mode=_DIRECTORY), endpoint.Answer())
        self.assertIn('path=%2Fetc&', self.paths()[2])
        self.assertEqual(['f'], self.uploaded().getnames())

    def test_directory_to_a_new_name(self):
        nothing = command.answer(
            {'message': 'no', 'code': 'file.not_found'}, status=404)
        self.run_command(
            ['cp', str(self.directory), 'web:/opt/new'],
            endpoint.Answer(status=404), nothing, endpoint.Answer())
        self.assertIn('path=%2Fopt&', self.paths()[2])
        self.assertEqual(['new'], self.uploaded().getnames())

    def test_no_such_container(self):
        ended = self.run_command(
            ['cp', str(self.directory), 'web:/x'],
            endpoint.Answer(status=404), command.answer(
                {'message': 'No such container: web',
                 'code': 'container.not_found'}, status=404))
        self.assertEqual((1, 'novacontainer: No such container: web\n'),
                         (ended.code, ended.errors))

    def test_tar_to(self):
        ended = self.run_command(['cp', '-', 'web:/x'], endpoint.Answer(),
                                 data=b'tar')
        self.assertEqual(0, ended.code)
        self.assertEqual(b'tar', self.requests[0].body)

    def test_what_cannot_be_read(self):
        for source, words in (('/nowhere', 'cannot be read: No such file'),
                              ('/etc/passwd/', 'is not a directory')):
            ended = self.run_command(['cp', source, 'web:/x'])
            self.assertEqual((1, []), (ended.code, self.requests))
            self.assertIn(words, ended.errors)

    def test_what_vanishes_meanwhile(self):
        path = self.directory / 'f'
        path.touch()
        stat = test_files.stat_answer(mode=_DIRECTORY)
        stat.before = path.unlink
        ended = self.run_command(['cp', str(path), 'web:/x'], stat,
                                 endpoint.Answer())
        self.assertEqual(1, ended.code)
        self.assertIn(f'The copy broke off: {path}: No such file',
                      ended.errors)

    def test_misuse(self):
        for words in (('a', 'b'), ('a:/x', 'b:/x'), ('a:', 'b')):
            ended = self.run_command(['cp', *words])
            self.assertEqual((1, []), (ended.code, self.requests))
            self.assertEqual(1, ended.errors.count('\n'), ended.errors)
