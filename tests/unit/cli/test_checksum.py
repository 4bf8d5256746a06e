import argparse
import hashlib

from oslotest import base

from novacontainer.cli import checksum

_SUM = hashlib.sha256(b'abc').hexdigest()


class ChecksumTestCase(base.BaseTestCase):

    def test_parse(self):
        self.assertEqual(('sha256', _SUM),
                         checksum.parse(f'sha256:{_SUM.upper()}'))
        for text in ('', _SUM, f'md5:{_SUM}', 'sha256:12',
                     f'sha512:{_SUM}', 'sha256:' + 'x' * 64):
            self.assertRaises(argparse.ArgumentTypeError, checksum.parse,
                              text)

    def test_what_was_meant(self):
        checked = checksum.Checked([b'ab', b'c'], 'sha256', _SUM)
        self.assertEqual([b'ab', b'c'], list(checked))

    def test_something_else(self):
        checked = checksum.Checked([b'ab'], 'sha256', _SUM)
        error = self.assertRaises(OSError, list, checked)
        self.assertIn(f'not {_SUM}', str(error))
