from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import digest


class TestDigest(base.BaseTestCase):

    def test_of(self):
        # The empty message of FIPS 180-4.
        self.assertEqual(
            'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b'
            '7852b855', digest.of(b''))

    def test_check(self):
        text = digest.of(b'x')
        self.assertEqual(text, digest.check(text, 'it'))
        for bad in (None, 1, '', 'sha256:', text[:-1], text.upper(),
                    text + '\n', 'sha512:' + 'a' * 128):
            self.assertFalse(digest.valid(bad))
            self.assertRaises(exception.InvalidRequest, digest.check, bad,
                              'it')

    def test_hexadecimal(self):
        self.assertEqual('ab', digest.hexadecimal('sha256:ab'))
