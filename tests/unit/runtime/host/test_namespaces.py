"""Names of pins; making them is tested as root on the kernel."""

import pathlib

from oslotest import base

from novacontainer.runtime.host import namespaces


class TestSandboxPaths(base.BaseTestCase):
    def test_names(self):
        paths = namespaces.sandbox_paths(
            '0123456789abcdef', pathlib.Path('/run/x'), True)
        self.assertEqual('/run/netns/nc-0123456789ab', str(paths.netns))
        self.assertEqual('/run/x/userns/0123456789abcdef', str(paths.userns))

    def test_without_user_namespace(self):
        self.assertIsNone(namespaces.sandbox_paths(
            '0' * 64, pathlib.Path('/run/x'), False).userns)
