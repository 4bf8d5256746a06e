from unittest import mock

from nova import exception
from oslo_config import fixture as config_fixture
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.client import images
from novacontainer.virt import imagecacheops
from tests import instances

_OTHER = 'glance/0b1c2d3e-0000-4000-8000-000000000001:abc'


class ImageCacheOpsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.conf = self.useFixture(
            config_fixture.Config(imagecacheops.CONF))
        self.conf.config(
            group='image_cache', remove_unused_base_images=True,
            remove_unused_original_minimum_age_seconds=100)
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.images = mock.create_autospec(
            images.Images, instance=True)
        self.instance = instances.instance()
        self.used = f'glance/{self.instance.image_ref}:abc'
        self.client.images.list.return_value = (
            images.Image('sha256:1', (self.used,), (), 1),
            images.Image('sha256:2', ('mine:latest', _OTHER), (), 1))
        self.clock = self.enterContext(mock.patch.object(
            imagecacheops.time, 'monotonic', return_value=1000.0))
        self.ops = imagecacheops.ImageCacheOps(self.client)

    def manage(self, after_s=0.0, instances=None):
        self.clock.return_value += after_s
        self.ops.manage([self.instance] if instances is None else instances)
        return [call.args[0]
                for call in self.client.images.remove.call_args_list]

    def test_in_time(self):
        self.assertEqual([], self.manage())
        self.assertEqual([], self.manage(99))
        self.assertEqual([_OTHER], self.manage(1))
        self.client.images.list.return_value = ()
        self.assertEqual([_OTHER], self.manage(1000))

    def test_use_in_between(self):
        self.manage(instances=[])
        self.manage(50)
        self.assertEqual([_OTHER], self.manage(50, instances=[]))

    def test_not_wanted(self):
        self.conf.config(group='image_cache',
                         remove_unused_base_images=False)
        self.manage()
        self.assertEqual([], self.manage(1000))

    def test_a_container_has_it(self):
        self.client.images.remove.side_effect = exceptions.Conflict(
            'in use', 'image.in_use')
        self.manage()
        self.assertEqual([_OTHER], self.manage(100))
        self.assertEqual([_OTHER], self.manage(99))

    def test_somebody_else_was_faster(self):
        self.client.images.remove.side_effect = exceptions.NotFound('gone')
        self.manage()
        self.assertEqual([_OTHER], self.manage(100))

    def test_it_fails(self):
        self.client.images.remove.side_effect = exceptions.Failed('no')
        self.manage()
        self.assertEqual([_OTHER], self.manage(100))
        self.assertEqual([_OTHER] * 2, self.manage(1))

    def test_runtime_is_away(self):
        self.client.images.list.side_effect = (
            exceptions.ConnectionFailed('gone'))
        self.assertRaises(exception.HypervisorUnavailable, self.manage)
