"""Names of files in the demo's Debian image."""

from oslotest import base

from demo import debianimage


class MergedTest(base.BaseTestCase):

    def test_old_places_move_below_usr(self):
        self.assertEqual('usr/bin/bash', debianimage.merged('./bin/bash'))
        self.assertEqual('usr/lib64/ld.so', debianimage.merged('/lib64/ld.so'))

    def test_others_stay(self):
        self.assertEqual('usr/bin/awk', debianimage.merged('./usr/bin/awk'))
        self.assertEqual('libexec/x', debianimage.merged('./libexec/x'))

    def test_the_links_themselves_keep_their_names(self):
        self.assertEqual('bin', debianimage.merged('./bin/'))

    def test_the_root_has_no_name(self):
        self.assertEqual('.', debianimage.merged('.'))
        self.assertEqual('', debianimage.merged('./'))
