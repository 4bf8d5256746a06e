from oslotest import base

from novacontainer.runtime.api.views import hostconfig


class HostConfigTest(base.BaseTestCase):

    def test_defaults_are_filled_in(self):
        shown = hostconfig.show({'Memory': 5})
        self.assertEqual((5, 0, 'none'), (
            shown['Memory'], shown['MemorySwap'], shown['NetworkMode']))
        self.assertEqual([], hostconfig.config({})['Env'])

    def test_the_defaults_are_not_shared(self):
        hostconfig.show({})['Memory'] = 7
        self.assertEqual(
            ['/db:/web/data', '/db:/web/db'],
            hostconfig.show({'Links': ['db:data', '/db']}, 'web')['Links'])
        self.assertEqual(0, hostconfig.show({})['Memory'])

    def test_what_a_config_does_not_say(self):
        shown = hostconfig.config({
            'StopSignal': None, 'NetworkDisabled': False, 'StopTimeout': 0,
            'Cmd': None})
        self.assertEqual(0, shown['StopTimeout'])
        self.assertIsNone(shown['Cmd'])
        self.assertNotIn('StopSignal', shown)
        self.assertNotIn('NetworkDisabled', shown)

    def test_network_mode(self):
        self.assertEqual('none', hostconfig.network_mode({}))
        self.assertEqual('x', hostconfig.network_mode({'NetworkMode': 'x'}))

    def test_log_has_the_name_that_clients_know(self):
        shown = hostconfig.show({'LogConfig': {
            'Type': 'k8s-file', 'Config': {'max-size': '1m'}}})
        self.assertEqual(
            {'Type': 'json-file', 'Config': {'max-size': '1m'}},
            shown['LogConfig'])
