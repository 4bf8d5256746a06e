"""Real containers: crun and runc under conmon keep the engines' contract."""


from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import select
from tests.contract import containers
from tests.contract import engine


class EngineCase(containers.Containers, engine.EngineContract):
    """What both runtimes are put through."""

    runtime = ''

    def make_engine(self):
        return select.choose(run_root=self.run_root, runtime=self.runtime)

    def assert_nothing_made(self, bundle):
        super().assert_nothing_made(bundle)
        path = bundle.spec['linux']['cgroupsPath']
        self.assertEqual([], cgroups.directories(path))
        self.assertEqual([], list((self.run_root / 'engine').iterdir()))
        self.assertEqual([], list((self.run_root / 'attach').iterdir()))
        self.assertFalse((bundle.directory / 'config.json').exists())


class TestCrun(EngineCase, base.BaseTestCase):
    runtime = 'crun'


class TestRunc(EngineCase, base.BaseTestCase):
    runtime = 'runc'
