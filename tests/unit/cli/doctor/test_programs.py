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
                for one in programs.check(str(self.path))]

    def test_all_is_there(self):
        self.install('crun', 'echo crun version 1.8.1')
        self.install('runc', 'echo runc version 1.1.5')
        self.install('conmon', 'echo conmon version 2.1.6')
        self.assertEqual([('ok', 'crun 1.8.1, runc 1.1.5'),
                          ('ok', 'conmon 2.1.6')], self.check())

    def test_nothing_is_there(self):
        self.assertEqual(['FAIL', 'FAIL'],
                         [grade for grade, _ in self.check()])

    def test_one_does_not_run(self):
        self.install('crun', 'exit 1')
        self.install('runc', 'echo unversioned')
        self.install('conmon', 'exit 1')
        self.assertEqual([('ok', 'runc'), ('FAIL', 'missing')], self.check())
