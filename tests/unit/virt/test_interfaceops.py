from unittest import mock

from nova import exception
from nova.network import model
from nova.objects import instance_info_cache

from novacontainer.client import exceptions
from novacontainer.virt import interfaceops
from tests.unit.virt import rig

FIRST = model.VIF(id='1')
SECOND = model.VIF(id='2')


class InterfaceOpsTestCase(rig.OpsTestCase):

    def setUp(self):
        super().setUp()
        self.ops = interfaceops.InterfaceOps(
            self.container_ops, self.network)
        self.new_tags = self.enterContext(mock.patch.object(
            interfaceops, 'devicetags', autospec=True))

    def cache(self, *vifs):
        """What Nova's cache says of the instance's network."""
        self.instance.info_cache = instance_info_cache.InstanceInfoCache(
            network_info=model.NetworkInfo(vifs))

    def attach(self):
        self.ops.attach(mock.sentinel.context, self.instance, SECOND)

    def detach(self):
        self.ops.detach(self.instance, FIRST)

    def assert_plugged(self, vifs, exact=False):
        self.network.plug.assert_called_once_with(
            mock.ANY, self.instance, vifs, rig.NETNS, exact=exact)

    def test_attach_lays_out_all(self):
        """There is one default route among them."""
        for cached in ((FIRST,), (FIRST, SECOND)):
            self.network.plug.reset_mock()
            self.cache(*cached)
            self.attach()
            self.assert_plugged([FIRST, SECOND])
            self.new_tags.save.assert_called_with(
                mock.sentinel.context, self.instance)

    def test_attach_fails(self):
        self.cache(FIRST)
        self.note(self.network, 'plug',
                  exception.VirtualInterfacePlugException('no switch'))
        self.assertRaises(
            exception.VirtualInterfacePlugException, self.attach)

    def test_attach_to_what_stands_still(self):
        for status in ('paused', 'exited', 'created'):
            self.status(status)
            self.cache(FIRST)
            self.attach()
        self.network.plug.assert_not_called()

    def test_attach_to_what_is_gone(self):
        self.cache(FIRST)
        self.containers.inspect.side_effect = self.missing()
        self.attach()
        self.network.plug.assert_not_called()

    def test_attach_without_a_runtime(self):
        self.containers.inspect.side_effect = (
            exceptions.ConnectionFailed('gone'))
        self.cache(FIRST)
        self.assertRaises(exception.HypervisorUnavailable, self.attach)

    def test_detach_hands_the_default_route_on(self):
        self.cache(FIRST, SECOND)
        self.detach()
        self.assertEqual(['unplug', 'plug'], self.steps)
        self.network.unplug.assert_called_once_with(self.instance, [FIRST])
        self.assert_plugged([SECOND])

    def test_detach_from_what_is_stopped(self):
        self.status('exited')
        self.cache(FIRST)
        self.detach()
        self.assertEqual(['unplug'], self.steps)

    def test_detach_fails(self):
        self.cache(FIRST)
        self.note(self.network, 'unplug',
                  exception.VirtualInterfaceUnplugException(reason='no'))
        self.assertRaises(
            exception.VirtualInterfaceUnplugException, self.detach)

    def test_readdress(self):
        self.ops.readdress(self.instance, [SECOND])
        self.assert_plugged([SECOND], exact=True)
