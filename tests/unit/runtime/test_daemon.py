import asyncio
import os
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import conf as options
from novacontainer.runtime import daemon
from novacontainer.runtime import exception


class UntilTest(base.BaseTestCase):

    def test_the_watchdog_is_fed(self):
        told = self.useFixture(fixtures.MockPatchObject(
            daemon.servicemanager, 'notify')).mock
        self.useFixture(fixtures.MockPatchObject(
            daemon.servicemanager, 'watchdog_s', return_value=0.001))

        async def run():
            stopping = asyncio.Event()
            told.side_effect = (
                lambda *_: told.call_count == 3 and stopping.set())
            await daemon._until(stopping)

        asyncio.run(run())
        self.assertEqual([mock.call('WATCHDOG=1')] * 3,
                         told.mock_calls[:3])


class DefaultNetworkTest(base.BaseTestCase):

    def default(self, option, why_not=''):
        conf = options.new()
        conf([], project='novacontainer', default_config_files=[])
        conf.set_override('default', option, 'networks')
        wires = mock.Mock()
        wires.why_not.return_value = why_not
        return daemon._default_network(conf, wires)

    def test_what_the_operator_says(self):
        self.assertEqual(('none', ''), self.default('none', 'no nat'))
        self.assertEqual(('bridge', ''), self.default('bridge', 'no nat'))

    def test_what_works(self):
        self.assertEqual(('bridge', ''), self.default('auto'))
        log = self.useFixture(fixtures.FakeLogger())
        self.assertEqual(('none', 'no nat'), self.default('auto', 'no nat'))
        self.assertIn('no nat', log.output)


class RunTest(base.BaseTestCase):

    def test_refuses_before_anything_is_made(self):
        root = self.useFixture(fixtures.TempDir()).path
        conf = options.new()
        conf(['--data-root', f'{root}/data', '--run-root', f'{root}/run'],
             project='novacontainer', default_config_files=[])
        self.useFixture(fixtures.MockPatch('os.geteuid', return_value=1))
        self.assertRaises(
            exception.Forbidden, daemon.Daemon(conf).run)
        self.assertEqual([], os.listdir(root))
