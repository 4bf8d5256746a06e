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
        path = self.root / nova.FILTERS[0]
        path.parent.mkdir(parents=True)
        path.touch()
        self.assertEqual(
            [('ok', 'Nova', '34'), ('ok', 'driver', '34 loads'),
             ('ok', 'rootwrap filters', f'/{nova.FILTERS[0]}')],
            self.check(self.python('echo noise; echo 34')))

    def test_filters_where_rootwrap_looks(self):
        (self.root / 'etc/nova').mkdir(parents=True)
        configured = self.root / 'etc/nova/rootwrap.conf'
        configured.write_text('[DEFAULT]\nfilters_path=/a, /opt/filters\n')
        path = self.root / 'opt/filters/novacontainer.filters'
        path.parent.mkdir(parents=True)
        path.touch(0o644)
        python = self.python('echo 34')
        self.assertEqual(
            ('ok', 'rootwrap filters', '/opt/filters/novacontainer.filters'),
            self.check(python)[-1])
        path.chmod(0o664)
        self.assertEqual('FAIL', self.check(python)[-1][0])
        configured.write_text('nonsense')
        self.assertEqual('warn', self.check(python)[-1][0])

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
