"""What the demo calls a leak."""

from oslotest import base

from demo import leaks


class DifferenceTest(base.BaseTestCase):

    def test_what_was_there_before_is_none(self):
        before = {'mounts': frozenset({'/a'}), 'cgroups': frozenset()}
        self.assertEqual([], leaks.difference(before, dict(before)))

    def test_what_has_gone_is_none(self):
        self.assertEqual([], leaks.difference(
            {'mounts': frozenset({'/a'})}, {'mounts': frozenset()}))

    def test_what_is_new_is_named_with_its_kind(self):
        self.assertEqual(
            ['mounts: /b', 'mounts: /c'], leaks.difference(
                {'mounts': frozenset({'/a'})},
                {'mounts': frozenset({'/a', '/c', '/b'})}))


class OfInstancesTest(base.BaseTestCase):

    def test_ends_of_the_driver_and_of_os_vif(self):
        theirs = {'tap1f-0', 'qbr1f-0', 'qvb1f-0', 'qvo1f-0'}
        self.assertEqual(theirs, leaks.of_instances(theirs))

    def test_those_of_routers_and_of_the_switch_are_not(self):
        self.assertEqual(set(), leaks.of_instances(
            ['qr-a7054a47-bc', 'qg-0', 'patch-tun', 'br-int', 'eth0']))
