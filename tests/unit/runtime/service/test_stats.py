import os
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import stats
from tests.unit.runtime.service import world


class StatsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.stats = stats.Stats(
            preparation.Settings('nc-unit', 2),
            registry.Registry(self.world.database))

    def test_what_runs(self):
        container_id = self.world.start()
        sample = self.stats.sample(container_id)
        self.assertEqual(container_id, sample.container.id)
        self.assertIsNotNone(sample.usage)
        self.assertGreater(sample.host_cpu_ns, 10**9)
        self.assertGreater(sample.host_memory_bytes, 1 << 28)

    def test_what_does_not_run(self):
        sample = self.stats.sample(self.world.create())
        self.assertIsNone(sample.usage)
        self.assertEqual({}, sample.interfaces)

    def test_nothing(self):
        self.assertRaises(exception.NotFound, self.stats.sample, 'missing')

    def test_interfaces(self):
        text = ('Inter-|   Receive  |  Transmit\n face |bytes ...\n'
                '    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n'
                '  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n')
        with mock.patch('pathlib.Path.read_text', return_value=text):
            self.assertEqual({'eth0': {
                'rx_bytes': 1, 'rx_packets': 2, 'rx_errors': 3,
                'rx_dropped': 4, 'tx_bytes': 5, 'tx_packets': 6,
                'tx_errors': 7, 'tx_dropped': 8}},
                stats._interfaces(os.getpid()))
        self.assertEqual({}, stats._interfaces(2**30))
