import dataclasses
import datetime

from oslotest import base

from novacontainer.runtime import networking
from tests.unit.runtime.api import fakes

NOW = datetime.datetime.now(datetime.UTC)


class NetworkingTest(base.BaseTestCase):

    def test_what_options_say(self):
        plain = networking.Network('d' * 64, 'x', 'bridge', NOW)
        self.assertEqual(('nb-dddddddddddd', 0),
                         (plain.bridge, plain.mtu))
        self.assertTrue(plain.allows(networking.OPTION_ICC))
        asked = networking.Network(
            'd' * 64, 'bridge', 'bridge', NOW, options={
                networking.OPTION_NAME: 'br7', networking.OPTION_MTU: '1400',
                networking.OPTION_ICC: 'False'})
        self.assertEqual(('br7', 1400), (asked.bridge, asked.mtu))
        self.assertFalse(asked.allows(networking.OPTION_ICC))
        self.assertTrue(asked.is_predefined)
        self.assertFalse(plain.is_predefined)

    def test_names_of_a_container(self):
        self.assertEqual(('web', 'www', 'cccccccccccc', 'webhost'),
                         fakes.CONNECTION.names)
        self.assertTrue(fakes.CONNECTION.endpoint.is_up)

    def test_own_names(self):
        for host, domain, names in (
                ('web', '', 'web'), ('web', 'a.example', 'web.a.example web'),
                ('web.a.example', '', 'web.a.example web'), ('', '', '')):
            self.assertEqual(names, dataclasses.replace(
                fakes.CONNECTION, hostname=host,
                domainname=domain).own_names)

    def test_subnet(self):
        self.assertEqual(24, fakes.NETWORK.subnets[0].prefix_length)
