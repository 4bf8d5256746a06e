import dataclasses
from unittest import mock

from novacontainer.runtime import models
from novacontainer.runtime.service import pruning
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served


class HousekeepingRoutesTest(served.ServedTestCase):

    def test_usage(self):
        own = models.Layer('sha256:' + '3' * 64, 'sha256:' + '3' * 64, 100)
        other = dataclasses.replace(
            fakes.IMAGE, id='sha256:' + '9' * 64,
            layers=(*fakes.IMAGE.layers, own))
        self.images.list = mock.Mock(return_value=[fakes.IMAGE, other])
        shown = self.call('GET', '/system/df').json
        self.assertEqual(4196, shown['LayersSize'])
        self.assertEqual(
            [(4096, 4096, 1), (4196, 4096, 0)],
            [(one['Size'], one['SharedSize'], one['Containers'])
             for one in shown['Images']])
        self.assertEqual(1, len(shown['Containers']))
        self.assertIn('SizeRw', shown['Containers'][0])
        self.assertEqual([], shown['BuildCache'])
        self.assertEqual(
            [('data', {'Size': 4096, 'RefCount': 1})],
            [(one['Name'], one['UsageData']) for one in shown['Volumes']])

    def test_usage_of_one_type(self):
        shown = self.call('GET', '/system/df?type=volume').json
        self.assertEqual({'LayersSize', 'Volumes'}, set(shown))
        self.assert_refused(400, 'system.unknown_type', self.call(
            'GET', '/system/df?type=volume&type=x'))

    def test_prune(self):
        self.assertEqual(
            {'ContainersDeleted': ['x'], 'SpaceReclaimed': 5},
            self.call('POST', '/containers/prune?'
                      'filters={"until":["1h"]}').json)
        self.assertEqual([('containers', ({'until': ('1h',)},), {})],
                         self.pruning.calls)
        self.assertEqual(
            {'ImagesDeleted': ['x'], 'SpaceReclaimed': 5},
            self.call('POST', '/images/prune').json)
        self.assert_refused(400, 'filter.invalid', self.call(
            'POST', '/images/prune?filters={"name":["x"]}'))

    def test_prune_finds_nothing(self):
        for kind in ('containers', 'images'):
            self.pruning.give(kind, pruning.Pruned([], 0))
            shown = self.call('POST', f'/{kind}/prune').json
            self.assertEqual([None, 0], list(shown.values()))

    def test_prune_what_is_not_there(self):
        shown = self.call('POST', '/build/prune').json
        self.assertEqual(0, shown['SpaceReclaimed'])
        self.assertIsNone(shown['CachesDeleted'])
