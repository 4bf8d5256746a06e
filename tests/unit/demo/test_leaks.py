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
