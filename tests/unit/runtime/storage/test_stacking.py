"""What needs no root; whiteouts are in the contract of storage."""

import os
import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime.storage import stacking


class StackingTest(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.high, self.low = top / 'high', top / 'low'
        for layer in (self.high, self.low):
            layer.mkdir()

    def find(self, name):
        return [path for path, _ in stacking.find(
            (self.high, self.low), name)]

    def test_the_highest_file_hides_the_rest(self):
        (self.low / 'file').touch()
        self.assertEqual([self.low / 'file'], self.find('file'))
        (self.high / 'file').touch()
        self.assertEqual([self.high / 'file'], self.find('file'))
        self.assertEqual([], self.find('none'))

    def test_directories_are_merged(self):
        for layer in (self.high, self.low):
            (layer / 'both').mkdir()
        self.assertEqual([self.high / 'both', self.low / 'both'],
                         self.find('both'))

    def test_a_file_below_a_directory_is_hidden(self):
        (self.high / 'name').mkdir()
        (self.low / 'name').touch()
        self.assertEqual([self.high / 'name'], self.find('name'))

    def test_what_is_no_whiteout(self):
        self.assertFalse(stacking.is_whiteout(os.stat('/dev/null')))
        self.assertFalse(stacking.is_whiteout(self.low.stat()))
        self.assertFalse(stacking.is_opaque(self.low))
        self.assertFalse(stacking.is_opaque(self.low / 'none'))
