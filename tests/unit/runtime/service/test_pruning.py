import datetime
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import pruning
from novacontainer.runtime.service import volumespec
from tests.unit.runtime.service import world

NOW = datetime.datetime.now(datetime.UTC)


def image(number, *names, labels=None, age_h=1):
    """Make an image of one layer of its own and one that all share."""
    layers = tuple(models.Layer(f'sha256:{key}', f'sha256:{key}', 10)
                   for key in ('base', number))
    return models.Image(
        f'sha256:{number}', {'config': {'Labels': labels}}, layers, names,
        NOW - datetime.timedelta(hours=age_h))


class ContainersTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.pruning = pruning.Pruning(
            self.world.containers, None, None, None)

    def prune(self, **filters):
        return self.pruning.containers({
            key.replace('_not', '!'): value
            for key, value in filters.items()}).removed

    def left(self):
        return {one.id for one in self.world.containers.list(
            all=True, limit=0, filters={})}

    def test_what_runs_stays(self):
        running = self.world.start()
        held = self.world.create()
        self.world.containers.init(held)
        ended = self.world.start('exit 3')
        self.world.wait(ended)
        created = self.world.create()
        self.assertEqual({ended, created}, set(self.prune()))
        self.assertEqual({running, held}, self.left())

    def test_filters(self):
        one = self.world.create(Labels={'a': '1', 'keep': ''})
        two = self.world.create(Labels={'a': '2'})
        self.assertEqual([], self.prune(until=['1h']))
        self.assertEqual([], self.prune(label=['b']))
        self.assertEqual([], self.prune(label=['a=1'], label_not=['keep']))
        self.assertEqual([two], self.prune(label=['a'], label_not=['keep']))
        self.assertEqual([one], self.prune(label=['a=1']))
        self.assertRaises(exception.InvalidRequest, self.prune,
                          until=['soon'])

    def test_what_is_started_meanwhile_stays(self):
        container_id = self.world.create()
        with mock.patch.object(self.world.containers, 'remove',
                               side_effect=exception.Conflict('it runs')):
            self.assertEqual([], self.prune())
        self.assertEqual({container_id}, self.left())


class ImagesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.images = mock.Mock()
        self.images.remove.side_effect = self.remove
        self.containers = mock.Mock()
        self.containers.using_image.side_effect = (
            lambda image_id: ['c'] if image_id == 'sha256:used' else [])
        self.images.list.return_value = [
            image('used'), image('bare'), image('named', 'a:1', 'b:1'),
            image('old', labels={'x': 'y'}, age_h=50)]
        self.pruning = pruning.Pruning(
            self.containers, self.images, None, None)
        self.removed = []

    def remove(self, name):
        self.removed.append(name)
        if name == 'a:1':
            return [{'Untagged': name}]
        key = name.removeprefix('sha256:').replace('b:1', 'named')
        return [{'Deleted': f'sha256:{key}'}]

    def prune(self, **filters):
        self.removed.clear()
        self.pruned = self.pruning.images(filters)
        return self.removed

    def test_nameless(self):
        self.assertEqual(['sha256:bare', 'sha256:old'], self.prune())
        # A layer of each, not the one that they share.
        self.assertEqual(20, self.pruned.freed_bytes)
        self.assertEqual(2, len(self.pruned.removed))

    def test_all(self):
        self.assertEqual(['sha256:bare', 'a:1', 'b:1', 'sha256:old'],
                         self.prune(dangling=['false']))

    def test_filters(self):
        self.assertEqual(['sha256:old'], self.prune(until=['24h']))
        self.assertEqual(['sha256:old'], self.prune(label=['x=y']))

    def test_what_is_used_meanwhile_stays(self):
        self.images.remove.side_effect = exception.Conflict('in use')
        self.prune()
        self.assertEqual(([], 0), (self.pruned.removed,
                                   self.pruned.freed_bytes))


class VolumesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.volumes = mock.Mock()
        self.volumes.list.return_value = [
            models.Volume('a' * 64, NOW, {volumespec.ANONYMOUS: ''}),
            models.Volume('named', NOW, {'keep': ''}),
            models.Volume('memory', NOW, {}, {'type': 'tmpfs'})]
        self.volumes.size_bytes.return_value = 10
        self.pruning = pruning.Pruning(None, None, self.volumes, None)

    def prune(self, **filters):
        return self.pruning.volumes({
            key.replace('_not', '!'): value
            for key, value in filters.items()})

    def test_nameless(self):
        self.assertEqual(pruning.Pruned(['a' * 64], 10), self.prune())
        self.volumes.list.assert_called_with({'dangling': ['true']})
        self.assertEqual(['a' * 64], self.prune(all=['0']).removed)

    def test_all(self):
        self.assertEqual(['a' * 64, 'named'],
                         self.prune(all=['true']).removed)

    def test_filters(self):
        self.assertEqual(['named'], self.prune(
            all=['1'], label=['keep']).removed)
        self.assertEqual(['a' * 64], self.prune(
            all=['1'], label_not=['keep']).removed)
        self.assertRaises(exception.InvalidRequest, self.prune, all=['x'])

    def test_what_is_used_meanwhile_stays(self):
        self.volumes.remove.side_effect = exception.Conflict('in use')
        self.assertEqual(pruning.Pruned([], 0), self.prune())


class NetworksTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.networks = mock.Mock()
        self.networks.list.return_value = [
            networking.Network('1', 'shop', 'bridge', NOW, labels={'a': ''}),
            networking.Network('2', 'back', 'bridge', NOW)]
        self.pruning = pruning.Pruning(None, None, None, self.networks)

    def test_what_nobody_uses(self):
        self.assertEqual(pruning.Pruned(['shop', 'back'], 0),
                         self.pruning.networks({}))
        self.networks.list.assert_called_with({'dangling': ['true']})
        self.assertEqual(['shop'], self.pruning.networks(
            {'label': ['a']}).removed)
        self.assertEqual([], self.pruning.networks(
            {'until': ['1h']}).removed)

    def test_what_is_used_meanwhile_stays(self):
        self.networks.remove.side_effect = exception.Forbidden('in use')
        self.assertEqual(pruning.Pruned([], 0), self.pruning.networks({}))
