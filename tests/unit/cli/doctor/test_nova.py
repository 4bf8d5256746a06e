import pathlib

import fixtures
from oslotest import base

from novacontainer.cli.doctor import nova


class NovaTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def python(self, script):
        """Make an interpreter that only pretends; $2 is the program."""
        path = self.root / 'python'
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)
        return str(path)

    def check(self, python):
        return [(str(one.grade), one.subject, one.seen)
                for one in nova.check(self.root, python)]

    def test_all_is_well(self):
        self.assertEqual(
            [('ok', 'Nova', '34'), ('ok', 'driver', '34 loads'),
             ('warn', 'rootwrap filters', 'not installed')],
            self.check(self.python('echo noise; echo 34')))

    def test_no_nova(self):
        found, = self.check(self.python('echo a >&2; echo b >&2; exit 1'))
        self.assertEqual(('warn', 'Nova', 'cannot be imported: b'), found)

    def test_driver_does_not_load(self):
        found = self.check(self.python(
            'case "$2" in *shim*) exit 3;; esac; echo 34'))
        self.assertEqual(
            [('FAIL', 'driver', 'does not load: exit code 3'),
             ('warn', 'rootwrap filters', 'not installed')], found[1:])

    def test_no_interpreter(self):
        (grade, _, seen), = self.check('/nowhere/python')
        self.assertEqual('warn', grade)
        self.assertIn('No such file', seen)
