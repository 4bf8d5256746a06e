import dataclasses
import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import traits
from tests.unit.runtime.api import fakes

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
                {'is_task': ['false']},
                {'volume': ['/x', '/mnt']}, {'volume': ['/d']},
                {'volume': ['data']},
                {'expose': ['80']}, {'expose': ['70-90/tcp']}):
            self.assertTrue(self.passes(**filters), filters)

    def test_what_does_not(self):
        for filters in (
                {'is_task': ['true']},
                {'volume': ['/srv']}, {'expose': ['80/udp']},
                {'expose': ['81']}):
            self.assertFalse(self.passes(**filters), filters)

    def test_bad(self):
        for filters in ({'is_task': ['maybe']},
                        {'expose': ['80/ftp']}):
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

    def test_network(self):
        for words, expected in (
                (['shop'], True), (['d' * 64], True), (['bridge'], False),
                (['x', 'shop'], True)):
            test = traits.by_network(words, lambda _: [fakes.CONNECTION])
            self.assertIs(expected, test(CONTAINER))
        lonely = dataclasses.replace(
            CONTAINER, host_config={'NetworkMode': 'none'})
        self.assertTrue(traits.by_network(['none'], lambda _: [])(lonely))

    def test_publish(self):
        for words, expected in (
                (['8080'], True), (['8000-9000/tcp'], True),
                (['8080/udp'], False), (['80'], False)):
            test = traits.by_publish(words, lambda _: [fakes.CONNECTION])
            self.assertIs(expected, test(CONTAINER))
        self.assertRaises(exception.InvalidRequest, traits.by_publish,
                          ['x'], lambda _: [])
