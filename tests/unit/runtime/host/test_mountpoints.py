"""Paths as Docker takes them; the rest is tested as root on real trees."""

from oslotest import base

from novacontainer.runtime.host import mountpoints


class TestParts(base.BaseTestCase):
    def test_lexical(self):
        for path, parts in (
                ('/', ()), ('', ()), ('/a/b', ('a', 'b')),
                ('a//b/./c/', ('a', 'b', 'c')), ('/a/../b', ('b',)),
                ('/../../a', ('a',)), ('/a/..', ())):
            self.assertEqual(parts, mountpoints._parts(path), path)
