"""Files between containers and this host, by our own command line."""

import io
import os
import pathlib
import tarfile
import tempfile

from tests.functional import cli


class CliCopyingTest(cli.CliTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.here = pathlib.Path(directory.name)
        self.container('box')
        self.inside('mkdir -p /d/sub; echo a > /d/f; ln -s f /d/l; '
                    'ln /d/f /d/h; ln -s /d /ld; chmod 4750 /d/f')

    def inside(self, script):
        return self.cli('exec', 'box', 'sh', '-c', script)

    def test_out(self):
        self.cli('cp', 'box:/d', str(self.here))
        self.assertEqual(['f', 'h', 'l', 'sub'],
                         sorted(os.listdir(self.here / 'd')))
        status = (self.here / 'd/f').stat()
        self.assertEqual((0o100750, 2), (status.st_mode, status.st_nlink))
        self.assertEqual('f', os.readlink(self.here / 'd/l'))
        self.cli('cp', 'box:/d/.', str(self.here / 'other'))
        self.assertEqual(sorted(os.listdir(self.here / 'd')),
                         sorted(os.listdir(self.here / 'other')))
        self.cli('cp', '-L', 'box:/ld', str(self.here))
        self.assertTrue((self.here / 'ld/sub').is_dir())
        piped = self.call('cp', 'box:/d/f', '-').stdout
        with tarfile.open(fileobj=io.BytesIO(piped)) as archive:
            self.assertEqual(['f'], archive.getnames())

    def test_in(self):
        (self.here / 'src/sub').mkdir(parents=True)
        (self.here / 'src/file').write_text('data')
        (self.here / 'src/link').symlink_to('file')
        self.cli('cp', str(self.here / 'src'), 'box:/')
        self.cli('cp', f'{self.here}/src/.', 'box:/new')
        self.cli('cp', str(self.here / 'src/file'), 'box:/ld')
        self.assertEqual(
            'data data data file',
            self.inside('echo $(cat /src/link) $(cat /new/file) '
                        '$(cat /d/file) $(readlink /new/link)'))
        self.assertEqual('0:0 directory', self.inside(
            'stat -c "%u:%g %F" /new/sub'))
        piped = self.call('cp', 'box:/new', '-').stdout
        self.call('cp', '-', 'box:/tmp', data=piped)
        self.assertEqual('data', self.inside('cat /tmp/new/file'))

    def test_what_does_not_run(self):
        self.cli('create', '--name', 'still', cli.IMAGE)
        self.addCleanup(self.cli, 'rm', 'still')
        (self.here / 'file').write_text('data')
        self.cli('cp', str(self.here / 'file'), 'still:/etc/renamed')
        self.cli('cp', 'still:/etc/renamed', str(self.here / 'back'))
        self.assertEqual('data', (self.here / 'back').read_text())

    def test_refusals(self):
        (self.here / 'file').touch()
        file = str(self.here / 'file')
        for words, said in (
                (('box:/d', file), 'onto the file'),
                (('box:/missing', file), '/missing'),
                (('missing:/d', file), 'No such container: missing'),
                (('box:/d/f', f'{self.here}/no/'), 'no directory'),
                ((file, 'box:/no/'), 'no directory'),
                ((file, 'box:/no/x'), '/no'),
                ((str(self.here), 'box:/d/f'), 'onto the file'),
                (('/nowhere', 'box:/'), 'No such file'),
                ((file, file), 'CONTAINER:PATH')):
            self.assertIn(said, self.refused('cp', *words))
        self.assertEqual(['file'], os.listdir(self.here))
