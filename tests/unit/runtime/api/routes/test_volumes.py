from unittest import mock

from novacontainer.runtime.api import peers
from novacontainer.runtime import exception
from tests.unit.runtime.api import served

SHOWN = {
    'CreatedAt': '2026-11-20T12:00:00Z', 'Driver': 'local',
    'Labels': {'k': 'v'}, 'Mountpoint': '/volumes/data/_data',
    'Name': 'data', 'Options': None, 'Scope': 'local'}


class VolumeRoutesTest(served.ServedTestCase):

    def called(self, method):
        return [call[1] for call in self.volumes.calls if call[0] == method]

    def test_create(self):
        for root in (True, False):
            with mock.patch.object(peers, 'is_root', return_value=root):
                answer = self.call(
                    'POST', '/volumes/create',
                    {'Name': 'data', 'DriverOpts': None,
                     'Labels': {'k': 'v'}})
            self.assertEqual((201, SHOWN), (answer.status, answer.json))
            self.assertEqual(
                ({'Name': 'data', 'Labels': {'k': 'v'}}, root),
                self.called('create')[-1])
        self.assert_refused(400, 'body.invalid_field', self.call(
            'POST', '/volumes/create', {'Labels': ['k']}))

    def test_list(self):
        answer = self.call('GET', '/volumes?filters={"dangling":["1"]}')
        self.assertEqual({'Volumes': [SHOWN], 'Warnings': None}, answer.json)
        self.assertEqual([({'dangling': ('1',)},)], self.called('list'))
        self.assert_refused(400, 'filter.invalid', self.call(
            'GET', '/volumes?filters={"x":["1"]}'))

    def test_inspect(self):
        self.assertEqual(SHOWN, self.call('GET', '/volumes/data').json)
        self.volumes.give('get', exception.NotFound(
            'get x: no such volume', 'volume.not_found'))
        self.assert_refused(404, 'volume.not_found', self.call(
            'GET', '/volumes/x'))

    def test_remove(self):
        self.assertEqual(204, self.call(
            'DELETE', '/volumes/data?force=1').status)
        self.assertEqual([('data', True)], self.called('remove'))
        self.volumes.give('remove', exception.Conflict(
            'remove data: volume is in use - [c]', 'volume.in_use'))
        self.assert_refused(409, 'volume.in_use', self.call(
            'DELETE', '/volumes/data'))

    def test_prune(self):
        self.assertEqual(
            {'VolumesDeleted': ['x'], 'SpaceReclaimed': 5},
            self.call('POST', '/volumes/prune').json)
        self.call('POST', '/v1.41/volumes/prune?filters={"label":["a"]}')
        self.assertEqual(
            [('volumes', ({},), {}),
             ('volumes', ({'label': ('a',), 'all': ('true',)},), {})],
            self.pruning.calls)
