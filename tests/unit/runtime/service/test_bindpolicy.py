import os
import pathlib

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import bindpolicy


class BindPolicyTest(base.BaseTestCase):

    def test_root_gives_what_it_likes(self):
        self.assertTrue(bindpolicy.Policy().owns('/etc', True))
        self.assertFalse(bindpolicy.Policy().owns('/etc', False))

    def test_others_give_what_lies_below(self):
        policy = bindpolicy.Policy(('/srv/share/', '/data'))
        for path, owned in (('/srv/share', True), ('/srv/share/a/b', True),
                            ('/data/x', True), ('/srv/shares', False),
                            ('/srv', False), ('/', False)):
            self.assertEqual(owned, policy.owns(path, False), path)

    def test_everything(self):
        self.assertTrue(bindpolicy.Policy(('/',)).owns('/etc', False))

    def test_devices(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (folder / 'in').mkdir()
        (folder / 'in/out').symlink_to('/etc')
        policy = bindpolicy.Policy((os.path.realpath(folder / 'in'),))
        policy.check_device(f'{folder}/in/x', False)
        policy.check_device('/etc', True)
        for path in ('/etc', f'{folder}/in/out', f'{folder}/in/../x'):
            error = self.assertRaises(
                exception.Forbidden, policy.check_device, path, False)
            self.assertIn('bind_roots', error.message)
