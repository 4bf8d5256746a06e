from novacontainer.runtime import exception
from novacontainer.runtime.service import pruning
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served


class NetworkRoutesTest(served.ServedTestCase):

    def called(self, recorder, method):
        return [call[1] for call in recorder.calls if call[0] == method]

    def test_create(self):
        answer = self.call('POST', '/networks/create', {
            'Name': 'shop', 'CheckDuplicate': True, 'ConfigFrom': None})
        self.assertEqual(
            (201, {'Id': fakes.NETWORK.id, 'Warning': ''}),
            (answer.status, answer.json))
        self.assertEqual([({'Name': 'shop', 'CheckDuplicate': True},)],
                         self.called(self.networks, 'create'))
        for body in ({}, {'Name': 1}, {'Name': 'x', 'IPAM': {'Config': [
                {'Subnet': 1}]}}):
            self.assertEqual(400, self.call(
                'POST', '/networks/create', body).status)

    def test_list(self):
        shown, = self.call(
            'GET', '/networks?filters={"type":["custom"]}').json
        self.assertEqual(('shop', {}), (shown['Name'], shown['Containers']))
        self.assertEqual([({'type': ('custom',)},)],
                         self.called(self.networks, 'list'))
        self.assert_refused(400, 'filter.invalid', self.call(
            'GET', '/networks?filters={"x":["1"]}'))

    def test_inspect(self):
        shown = self.call('GET', '/networks/shop?verbose=1').json
        self.assertEqual(['c' * 64], list(shown['Containers']))
        self.assertEqual([('shop',)], self.called(self.networks, 'get'))
        self.assertEqual(200, self.call(
            'GET', '/networks/shop?scope=local').status)
        self.assert_refused(404, 'network.not_found', self.call(
            'GET', '/networks/shop?scope=swarm'))
        self.assertEqual(400, self.call(
            'GET', '/networks/shop?scope=x').status)

    def test_connect_and_disconnect(self):
        self.assertEqual(200, self.call('POST', '/networks/shop/connect', {
            'Container': 'web', 'EndpointConfig': {
                'Aliases': ['x'], 'DriverOpts': None}}).status)
        self.assertEqual(200, self.call('POST', '/networks/shop/connect', {
            'Container': 'web'}).status)
        self.assertEqual(
            [('shop', 'web', {'Aliases': ['x']}), ('shop', 'web', {})],
            self.called(self.network_connections, 'connect'))
        self.assertEqual(200, self.call(
            'POST', '/networks/shop/disconnect',
            {'Container': 'web', 'Force': True}).status)
        self.assertEqual([('shop', 'web', True)],
                         self.called(self.network_connections, 'disconnect'))
        for verb in ('connect', 'disconnect'):
            self.assertEqual(400, self.call(
                'POST', f'/networks/shop/{verb}', {}).status)

    def test_remove(self):
        self.assertEqual(204, self.call('DELETE', '/networks/shop').status)
        self.assertEqual([('shop',)], self.called(self.networks, 'remove'))
        self.networks.give('remove', exception.Forbidden(
            'in use', 'network.in_use'))
        self.assert_refused(403, 'network.in_use', self.call(
            'DELETE', '/networks/shop'))

    def test_prune(self):
        self.assertEqual({'NetworksDeleted': ['x']}, self.call(
            'POST', '/networks/prune?filters={"until":["1h"]}').json)
        self.assertEqual([({'until': ('1h',)},)],
                         self.called(self.pruning, 'networks'))
        self.pruning.give('networks', pruning.Pruned([], 0))
        self.assertEqual({'NetworksDeleted': None}, self.call(
            'POST', '/networks/prune').json)
