import argparse

from oslotest import base

from novacontainer.cli import detachkeys


class DetachKeysTestCase(base.BaseTestCase):

    def test_parse(self):
        for keys, expected in ((detachkeys.DEFAULT, b'\x10\x11'),
                               ('ctrl-@,ctrl-[,ctrl-_', b'\x00\x1b\x1f'),
                               ('q,ctrl-A', b'q\x01')):
            self.assertEqual(expected, detachkeys.parse(keys))

    def test_what_is_no_key(self):
        for keys in ('', 'ctrl-', 'ctrl-ab', 'ctrl-1', 'ab', 'é', 'a,,b'):
            self.assertRaises(argparse.ArgumentTypeError,
                              detachkeys.checked, keys)

    def test_watch(self):
        watch = detachkeys.Watch(b'\x10\x11')
        self.assertEqual(
            [False, False, False, True],
            [watch.typed(data)
             for data in (b'a\x10', b'b\x11', b'\x10', b'\x11')])
        self.assertTrue(detachkeys.Watch(b'q').typed(b'xqx'))
        self.assertFalse(detachkeys.Watch(b'q').typed(b'x'))
