import json

import fixtures
from oslotest import base

from novacontainer.cli import stats
from tests.unit.cli import command


def sample(ident='f00', total=0, system=0, **members):
    """Make a sample as the runtime sends it."""
    return {
        'id': ident * 8, 'name': '/web', 'read': f't{system}',
        'preread': '', 'precpu_stats': {},
        'cpu_stats': {'cpu_usage': {'total_usage': total},
                      'system_cpu_usage': system, 'online_cpus': 2},
        'memory_stats': {'usage': 3000, 'limit': 4000,
                         'stats': {'inactive_file': 1000}},
        'networks': {'eth0': {'rx_bytes': 1, 'tx_bytes': 2},
                     'eth1': {'rx_bytes': 3, 'tx_bytes': 4}},
        'blkio_stats': {'io_service_bytes_recursive': [
            {'op': 'Read', 'value': 5}, {'op': 'write', 'value': 6},
            {'op': 'Read', 'value': 7}, {'op': 'total', 'value': 18}]},
        'pids_stats': {'current': 9}, **members}


_GONE = command.answer({'message': 'No such container: x'}, status=404)


class StatsTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MockPatchObject(stats, '_PERIOD_S', 0))

    def test_once(self):
        ended = self.run_command(
            ['stats', '--no-stream', 'web'],
            command.answer(sample(total=100, system=1000)),
            command.answer(sample(total=200, system=1400)))
        _, row = ended.output.splitlines()
        self.assertEqual(
            ['f00f00f00f00', 'web', '50.00%', '2kB', '4kB', '50.00%', '4B',
             '6B', '12B', '6B', '9'], row.split())
        self.assertEqual(
            2 * ['GET /containers/web/stats?stream=0&one-shot=1'],
            self.paths())

    def test_all_that_run(self):
        ended = self.run_command(
            ['stats', '--no-stream', '--no-trunc'],
            command.answer([{'Id': 'a'}, {'Id': 'b'}]),
            command.answer(sample()), _GONE,
            command.answer([{'Id': 'a'}]), command.answer(sample()))
        self.assertEqual(0, ended.code)
        self.assertEqual('f00' * 8, ended.output.splitlines()[1].split()[0])
        self.assertEqual('GET /containers/json?all=0&size=0',
                         self.paths()[0])

    def test_for_machines(self):
        ended = self.run_command(
            ['stats', '--no-stream', '-f', 'json', 'web'],
            command.answer(sample(total=1, system=2)),
            command.answer(sample(total=3, system=4)))
        shown, = json.loads(ended.output)
        self.assertEqual('t2', shown['preread'])
        self.assertEqual(
            (2, 4), (shown['precpu_stats']['system_cpu_usage'],
                     shown['cpu_stats']['system_cpu_usage']))

    def test_until_all_are_removed(self):
        ended = self.run_command(
            ['stats', 'web'], command.answer(sample()),
            command.answer(sample()), _GONE, terminal=True)
        self.assertEqual((0, ''), (ended.code, ended.errors))
        self.assertEqual(2, ended.output.count('\x1b[H\x1b[J'))

    def test_lines_for_machines(self):
        ended = self.run_command(
            ['stats', '-f', 'json', 'web'], command.answer(sample()),
            command.answer(sample()), _GONE)
        line, = ended.output.splitlines()
        self.assertEqual('/web', json.loads(line)['name'])

    def test_nothing_of_this_name(self):
        ended = self.run_command(['stats', 'x'], _GONE)
        self.assertEqual((1, 'novacontainer: No such container: x\n'),
                         (ended.code, ended.errors))

    def test_what_does_not_run(self):
        still = sample(cpu_stats={'cpu_usage': {'total_usage': 0}},
                       memory_stats={}, networks=None, pids_stats={},
                       blkio_stats={'io_service_bytes_recursive': None})
        ended = self.run_command(['stats', '--no-stream', 'web'],
                                 command.answer(still),
                                 command.answer(still))
        self.assertEqual(
            ['0.00%', '0B', '0B', '0.00%', '0B', '0B', '0B', '0B', '0'],
            ended.output.splitlines()[1].split()[2:])


class ComputationTestCase(base.BaseTestCase):

    def test_no_rate_without_a_sample_before(self):
        self.assertEqual(0, stats.cpu_percent(sample(total=5, system=9)))

    def test_memory(self):
        for memory, used in (({}, 0), ({'usage': 7}, 7), (
                {'usage': 7, 'stats': {'total_inactive_file': 2,
                                       'inactive_file': 1}}, 5), (
                {'usage': 7, 'stats': {'inactive_file': 9}}, 7)):
            self.assertEqual(used, stats.memory_bytes(memory))
