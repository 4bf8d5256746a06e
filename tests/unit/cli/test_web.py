import os
from unittest import mock

import fixtures

from novacontainer.web import privileges
from novacontainer.web import server
from novacontainer.web import visitors
from tests.unit.cli import command


class WebTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.identity = privileges.Identity('nobody', 'g', 65534, 900)
        for name in ('drop', 'renounce', 'check'):
            setattr(self, name, self.useFixture(fixtures.MockPatchObject(
                privileges, name)).mock)
        self.choose = self.useFixture(fixtures.MockPatchObject(
            privileges, 'choose', return_value=self.identity)).mock
        self.served = []

        def serve(listener):
            self.served.append(listener.site)

        self.useFixture(fixtures.MockPatchObject(
            server.Server, 'serve_forever', serve))
        self.allowed = self.useFixture(fixtures.MockPatchObject(
            visitors, 'allowed', return_value=frozenset({0}))).mock

    def run_as(self, uid, *words):
        with mock.patch.object(os, 'geteuid', return_value=uid), \
                mock.patch.object(os, 'getuid', return_value=uid):
            return self.run_command(['web', '--port', '0', *words])

    def test_started_by_root(self):
        ended = self.run_as(0, '--user', 'u', '--group', 'h')
        self.assertEqual(0, ended.code, ended)
        self.assertRegex(
            ended.output, r'^Status page at http://127\.0\.0\.1:\d+/ as user '
            r'nobody, group g; end with ctrl-c\.\n$')
        self.assertEqual(('u', 'h'), self.choose.call_args.args[:2])
        self.drop.assert_called_once_with(self.identity)
        self.renounce.assert_called_once_with()
        self.check.assert_called_once()
        self.allowed.assert_called_once_with(0, 900)
        site, = self.served
        self.assertIn('/', site.files)
        self.assertEqual(frozenset({0}), site.visitors)

    def test_started_by_a_member_of_the_group(self):
        with mock.patch.object(privileges, 'group_of', return_value=77):
            ended = self.run_as(1000)
        self.assertIn(' as uid 1000; ', ended.output)
        self.drop.assert_not_called()
        self.renounce.assert_called_once_with()
        self.allowed.assert_called_once_with(1000, 77)

    def test_privileges_that_cannot_be_given_up(self):
        self.choose.side_effect = privileges.Impossible('There is no such.')
        ended = self.run_as(0)
        self.assertEqual((1, 'novacontainer: There is no such.\n', []),
                         (ended.code, ended.errors, self.served))

    def test_other_addresses(self):
        ended = self.run_as(0, '--bind', '0.0.0.0')
        self.assertEqual(1, ended.code)
        self.assertIn('not a loopback address', ended.errors)
        self.drop.assert_not_called()

    def test_ports(self):
        for port in ('x', '-1', '65536', '²'):
            ended = self.run_as(0, '--port', port)
            self.assertEqual(1, ended.code)
            self.assertEqual([], self.served)
