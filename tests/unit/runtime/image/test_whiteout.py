from oslotest import base

from novacontainer.runtime.image import whiteout


class TestWhiteout(base.BaseTestCase):

    def test_names(self):
        self.assertIsNone(whiteout.hidden_name(b'wh.x'))
        self.assertEqual(b'x', whiteout.hidden_name(b'.wh.x'))
        self.assertEqual(b'', whiteout.hidden_name(b'.wh.'))
        self.assertEqual(b'', whiteout.hidden_name(b'.wh..wh..opq'))
        self.assertEqual(b'', whiteout.hidden_name(b'.wh..wh.plnk'))
