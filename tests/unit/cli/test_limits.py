import argparse

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import limits


class LimitsTestCase(base.BaseTestCase):

    def members(self, *words):
        parser = argparse.ArgumentParser()
        limits.add_arguments(parser)
        return limits.members(parser.parse_args(words))

    def test_nothing_is_asked(self):
        self.assertEqual({}, self.members())

    def test_members(self):
        self.assertEqual(
            {'Memory': 2**20, 'MemorySwap': -1, 'NanoCpus': 15 * 10**8,
             'CpusetCpus': '0', 'PidsLimit': 0, 'BlkioWeight': 10,
             'RestartPolicy': {'Name': 'on-failure',
                               'MaximumRetryCount': 3}},
            self.members('-m', '1m', '--memory-swap', '-1', '--cpus', '1.5',
                         '--cpuset-cpus', '0', '--pids-limit', '0',
                         '--blkio-weight', '10', '--restart',
                         'on-failure:3'))

    def test_a_restart_policy_that_makes_no_sense(self):
        self.assertRaises(failure.CommandFailed, self.members, '--restart',
                          'always:x')
