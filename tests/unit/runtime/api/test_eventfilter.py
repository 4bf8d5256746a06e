from oslotest import base

from novacontainer.runtime.api import eventfilter
from novacontainer.runtime import models

START = models.Event('container', 'start', 'abcdef', {
    'image': 'reg:5000/shop:1', 'name': 'web', 'tier': 'front'}, 1)
TAG = models.Event('image', 'tag', 'sha256:1', {'name': 'shop:1'}, 1)


class EventFilterTest(base.BaseTestCase):

    def check(self, wanted, what, /, **filters):
        self.assertEqual(
            wanted, eventfilter.EventFilter(filters).matches(what), filters)

    def test_no_filter(self):
        self.check(True, START)
        self.check(True, START, type=())

    def test_type_and_action(self):
        self.check(True, START, type=('image', 'container'))
        self.check(False, TAG, type=('container',))
        self.check(True, START, event=('start',), scope=('local',))
        self.check(False, START, event=('star',))
        self.check(False, START, event=('start',), scope=('swarm',))
        health = models.Event('container', 'health_status: healthy', 'a', {},
                              1)
        self.check(True, health, event=('health_status',))

    def test_container(self):
        for name in ('web', '/web', 'abc', 'abcdef'):
            self.check(True, START, container=(name,))
        for name in ('we', '', 'bcd'):
            self.check(False, START, container=(name,))
        self.check(False, TAG, container=('shop:1',))

    def test_image(self):
        for name in ('reg:5000/shop:1', 'reg:5000/shop'):
            self.check(True, START, image=(name,))
        self.check(False, START, image=('reg',))
        for name in ('shop', 'shop:1', 'sha256:1'):
            self.check(True, TAG, image=(name,))
        self.check(False, TAG, image=('',))

    def test_volume(self):
        made = models.Event('volume', 'create', 'data', {}, 1)
        self.check(True, made, volume=('data',))
        self.check(False, made, volume=('other',))
        self.check(False, START, volume=('web',))

    def test_network(self):
        made = models.Event('network', 'create', 'd' * 64,
                            {'name': 'shop'}, 1)
        self.check(True, made, network=('shop',))
        self.check(True, made, network=('dddd',))
        self.check(False, made, network=('other',))
        self.check(False, START, network=('web',))

    def test_label(self):
        self.check(True, START, label=('tier',))
        self.check(True, START, label=('tier=front',))
        self.check(False, START, label=('tier=back',))
        self.check(False, START, label=('owner',))
        self.check(False, START, label=('tier', 'owner'))

    def test_objects_that_we_do_not_have(self):
        for name in ('daemon', 'plugin'):
            self.check(False, START, **{name: ('web',)})
