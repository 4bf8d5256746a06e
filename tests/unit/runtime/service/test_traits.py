import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import traits

CONTAINER = models.Container(
    id='1' * 64, name='web', image_id='sha256:1', image_name='web',
    config={'ExposedPorts': {'80/tcp': {}, 'odd': {}}},
    host_config={}, id_map=None,
    created=datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    mounts=(models.MountPoint('bind', '/mnt', '/srv'),
            models.MountPoint('volume', '/d', 'data')))


class TraitsTest(base.BaseTestCase):

    def passes(self, **filters):
        found = traits.tests({
            name.replace('_', '-'): words
            for name, words in filters.items()})
        return all(test(CONTAINER) for test in found)

    def test_none_asked(self):
        self.assertEqual([], traits.tests({'name': ['x'], 'expose': []}))

    def test_what_passes(self):
        for filters in (
                {'isolation': ['x']},
                {'is_task': ['false']}, {'network': ['none']},
                {'volume': ['/x', '/mnt']}, {'volume': ['/d']},
                {'volume': ['data']},
                {'expose': ['80']}, {'expose': ['70-90/tcp']}):
            self.assertTrue(self.passes(**filters), filters)

    def test_what_does_not(self):
        for filters in (
                {'is_task': ['true']},
                {'network': ['bridge']}, {'volume': ['/srv']},
                {'publish': ['80']}, {'expose': ['80/udp']},
                {'expose': ['81']}, {'is_task': ['false'],
                                     'network': ['bridge']}):
            self.assertFalse(self.passes(**filters), filters)

    def test_bad(self):
        for filters in ({'is_task': ['maybe']},
                        {'publish': ['x']}, {'expose': ['80/ftp']}):
            error = self.assertRaises(
                exception.InvalidRequest, self.passes, **filters)
            self.assertIn('invalid filter', error.message)

    def test_health(self):
        healths = {CONTAINER.id: models.Health('healthy')}
        for found, words, expected in (
                (healths, ['healthy', 'none'], True),
                (healths, ['none', 'unhealthy'], False),
                ({}, ['none'], True), ({}, ['starting'], False)):
            test = traits.by_health(
                words, lambda container, found=found: found.get(
                    container.id))
            self.assertIs(expected, test(CONTAINER))
        self.assertRaises(exception.InvalidRequest, traits.by_health,
                          ['fine'], lambda container: None)
