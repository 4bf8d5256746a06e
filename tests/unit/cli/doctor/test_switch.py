import pathlib

import fixtures
from oslotest import base

from novacontainer.cli.doctor import switch


class SwitchTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def check(self, script=None):
        if script is not None:
            tool = self.root / 'ovs-vsctl'
            tool.write_text(f'#!/bin/sh\n{script}\n')
            tool.chmod(0o755)
        found, = switch.check(str(self.root))
        return str(found.grade), found.seen

    def test_all_is_well(self):
        self.assertEqual(('ok', 'has br-int'), self.check(
            'test "$*" = "--timeout=5 br-exists br-int"'))

    def test_missing(self):
        self.assertEqual(('warn', 'missing'), self.check())

    def test_no_agent(self):
        self.assertEqual(('warn', 'has no bridge br-int'),
                         self.check('exit 2'))

    def test_away(self):
        self.assertEqual(
            ('warn', 'does not answer: database connection failed'),
            self.check('echo database connection failed >&2; exit 1'))
        self.assertEqual(
            ('warn', 'does not answer: ovs-vsctl ended with 3'),
            self.check('exit 3'))

    def test_not_a_program(self):
        tool = self.root / 'ovs-vsctl'
        tool.write_text('#!/no/such/interpreter\n')
        tool.chmod(0o755)
        grade, seen = self.check()
        self.assertEqual('warn', grade)
        self.assertIn('does not answer', seen)
