"""The engine that other tests stand on keeps the engines' contract."""

import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime import models
from tests.contract import execs
from tests.contract import fake_engine


class TestFakeEngine(execs.ExecContract, base.BaseTestCase):
    def setUp(self):
        self.state = fake_engine.FakeState()
        self.numbers = iter(range(100))
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        super().setUp()

    def make_engine(self):
        return fake_engine.FakeEngine(self.state)

    def make_bundle(self, *args):
        number = next(self.numbers)
        return models.Bundle(
            f'{number:064x}', self.directory / str(number),
            {'process': {'args': list(args)}},
            self.directory / f'{number}.log')

    def logged(self, bundle):
        return bundle.log_path.read_text()

    def test_fault_on_request(self):
        self.engine.faults['start'] = OSError('broken')
        bundle = self.created('/bin/true')
        self.assertRaises(OSError, self.engine.start, bundle.id)
        self.engine.start(bundle.id)
        self.assertIn(('start', bundle.id), self.engine.calls)
