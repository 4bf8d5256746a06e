import importlib.util
import subprocess
import sys

from oslotest import base

from novacontainer.virt import driver
from novacontainer.virt import shim


class FinderTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, sys, 'meta_path', list(sys.meta_path))
        self.addCleanup(sys.modules.pop, shim.MODULE, None)

    def test_finds_the_driver(self):
        shim.install()
        module = importlib.import_module('nova.virt.novacontainer')
        self.assertIs(driver.ContainerDriver, module.ContainerDriver)

    def test_finds_nothing_else(self):
        for name in ('nova', 'nova.virt', 'nova.virt.novacontainers',
                     'nova.virt.novacontainer.driver', 'novacontainer'):
            self.assertIsNone(shim.Finder.find_spec(name))

    def test_installs_once(self):
        shim.install()
        shim.install()
        self.assertEqual(1, sys.meta_path.count(shim.Finder))

    def test_comes_last(self):
        sys.meta_path[:] = [finder for finder in sys.meta_path
                            if finder is not shim.Finder]
        shim.install()
        self.assertIs(shim.Finder, sys.meta_path[-1])


class ImportTestCase(base.BaseTestCase):

    def test_nothing_is_imported_that_nova_patches(self):
        done = subprocess.run(
            [sys.executable, '-S', '-c',
             'import sys\n'
             'sys.path.insert(0, sys.argv[1])\n'
             'before = set(sys.modules)\n'
             'import novacontainer.virt.shim\n'
             'print(*sorted(set(sys.modules) - before))',
             importlib.util.find_spec('novacontainer')
             .submodule_search_locations[0].rpartition('/')[0]],
            check=True, capture_output=True, text=True)
        loaded = {name.partition('.')[0] for name in done.stdout.split()}
        self.assertEqual(
            set(), loaded - {'novacontainer', 'importlib', 'warnings',
                             '_warnings', '_imp', 'types'})
