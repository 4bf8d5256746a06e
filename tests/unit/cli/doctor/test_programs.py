import pathlib

import fixtures
from oslotest import base

from novacontainer.cli.doctor import programs


class ProgramsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def install(self, name, script):
        path = self.path / name
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)

    def check(self):
        return [(str(one.grade), one.seen)
                for one in programs.check(self.path, str(self.path))]

    def install_all(self):
        self.install('crun', 'echo crun version 1.8.1')
        self.install('runc', 'echo runc version 1.1.5')
        self.install('conmon', 'echo conmon version 2.1.6')
        for name in ('mkfs.ext4', 'e2fsck', 'resize2fs', 'tini-static',
                     'ps'):
            self.install(name, '')
        (self.path / 'opt/cni/bin').mkdir(parents=True)
        for name in ('bridge', 'host-local', 'loopback', 'portmap'):
            self.install(f'opt/cni/bin/{name}', '')

    def test_all_is_there(self):
        self.install_all()
        self.assertEqual(
            [('ok', 'crun 1.8.1, runc 1.1.5'), ('ok', 'conmon 2.1.6'),
             ('ok', 'mkfs.ext4, e2fsck, resize2fs'), ('ok', 'tini-static'),
             ('ok', 'ps'), ('ok', '/opt/cni/bin')], self.check())

    def test_nothing_is_there(self):
        self.assertEqual(
            ['FAIL', 'FAIL', 'warn', 'warn', 'warn', 'warn'],
            [grade for grade, _ in self.check()])

    def test_some_are_there(self):
        self.install_all()
        (self.path / 'e2fsck').unlink()
        (self.path / 'opt/cni/bin/bridge').chmod(0o644)
        found = self.check()
        self.assertIn(('warn', 'missing: e2fsck'), found)
        self.assertIn(('warn', '/opt/cni/bin lacks bridge'), found)

    def test_one_does_not_run(self):
        self.install('crun', 'exit 1')
        self.install('runc', 'echo unversioned')
        self.install('conmon', 'exit 1')
        self.assertEqual([('ok', 'runc'), ('FAIL', 'missing')],
                         self.check()[:2])
