"""The bounding set, from proc(5)."""

import tempfile

from oslotest import base

from novacontainer.runtime.host import capabilities
from novacontainer.runtime.oci import defaults


class TestBounding(base.BaseTestCase):
    def bounding(self, text):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write(text)
            file.flush()
            return capabilities.bounding(file.name)

    def test_bits(self):
        self.assertEqual(
            {'CAP_CHOWN', 'CAP_SYS_ADMIN'},
            self.bounding('CapEff:\t0\nCapBnd:\t0000000000200001\n'))

    def test_bits_without_a_name_are_no_capability(self):
        self.assertEqual(41, len(self.bounding(f'CapBnd:\t{2**64 - 1:x}\n')))

    def test_unknown_is_everything(self):
        self.assertEqual(frozenset(capabilities.NAMES), self.bounding(''))

    def test_names_are_those_of_the_defaults(self):
        self.assertEqual(defaults.ALL_CAPABILITIES,
                         frozenset(capabilities.NAMES))

    def test_our_own(self):
        self.assertIsInstance(capabilities.bounding(), frozenset)
