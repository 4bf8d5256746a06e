from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import detachkeys


class TestParse(base.BaseTestCase):

    def test_keys(self):
        for keys, sent in (
                ('', b'\x10\x11'), ('ctrl-a', b'\1'), ('ctrl-Z', b'\x1a'),
                ('a,b', b'ab'), ('ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_',
                                 b'\0\x1b\x1c\x1d\x1e\x1f')):
            self.assertEqual(sent, detachkeys.parse(keys))

    def test_none(self):
        self.assertEqual(b'', detachkeys.parse('none'))

    def test_what_are_no_keys(self):
        for keys in ('ctrl-', 'ctrl-?', 'ab', 'a,', ',', 'é', 'ctrl-ab'):
            error = self.assertRaises(
                exception.InvalidRequest, detachkeys.parse, keys)
            self.assertEqual('container.invalid_detach_keys', error.code)


class TestWatch(base.BaseTestCase):

    def feed(self, keys, *pieces):
        watch = detachkeys.Watch(keys)
        return [watch.feed(piece) for piece in pieces]

    def test_nothing_special(self):
        self.assertEqual([(b'text', False)], self.feed(b'\x10\x11', b'text'))

    def test_keys_in_one_piece_or_several(self):
        self.assertEqual([(b'a', True)], self.feed(b'\1\2', b'a\1\2b'))
        self.assertEqual([(b'a', False), (b'', True)],
                         self.feed(b'\1\2', b'a\1', b'\2'))

    def test_a_beginning_is_passed_on_when_it_is_none(self):
        self.assertEqual([(b'', False), (b'\1x', False)],
                         self.feed(b'\1\2', b'\1', b'x'))
        self.assertEqual([(b'\1', True)], self.feed(b'\1\2', b'\1\1\2'))

    def test_one_key(self):
        self.assertEqual([(b'', True)], self.feed(b'q', b'q'))
