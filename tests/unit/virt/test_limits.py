from nova import exception
from oslotest import base

from novacontainer.virt import interface
from novacontainer.virt import limits
from tests import instances


class LimitsTestCase(base.BaseTestCase):

    def limits(self, pids_limit=0, **fields):
        return limits.limits(
            instances.instance(**fields).flavor, pids_limit=pids_limit)

    def refusal(self, key, value):
        error = self.assertRaises(
            exception.InvalidInput, self.limits, extra_specs={key: value})
        return str(error)

    def test_memory_and_swap(self):
        found = self.limits(swap=16)
        self.assertEqual(64 * 2 ** 20, found['Memory'])
        self.assertEqual(80 * 2 ** 20, found['MemorySwap'])

    def test_no_swap(self):
        found = self.limits()
        self.assertEqual(found['Memory'], found['MemorySwap'])

    def test_processor(self):
        found = self.limits()
        self.assertEqual(
            (2048, 200_000, 100_000),
            (found['CpuShares'], found['CpuQuota'], found['CpuPeriod']))

    def test_processor_by_extra_specs(self):
        found = self.limits(extra_specs={
            'quota:cpu_shares': '512', 'quota:cpu_quota': '25000',
            'quota:cpu_period': '50000'})
        self.assertEqual(
            (512, 25000, 50000),
            (found['CpuShares'], found['CpuQuota'], found['CpuPeriod']))

    def test_zero_means_the_default(self):
        self.assertEqual(self.limits(), self.limits(extra_specs={
            'quota:cpu_shares': '0', 'quota:cpu_quota': '0',
            'quota:cpu_period': '0'}))

    def test_period_scales_the_default_quota(self):
        found = self.limits(extra_specs={'quota:cpu_period': '50000'})
        self.assertEqual(100_000, found['CpuQuota'])

    def test_negative_quota_is_none(self):
        found = self.limits(extra_specs={'quota:cpu_quota': '-5'})
        self.assertEqual(-1, found['CpuQuota'])

    def test_more_vcpus_than_shares(self):
        flavor = instances.instance().flavor
        flavor.vcpus = 512
        self.assertEqual(262144, limits.limits(flavor)['CpuShares'])

    def test_pids(self):
        self.assertEqual(100, self.limits(pids_limit=100)['PidsLimit'])
        self.assertEqual(7, self.limits(
            pids_limit=100, extra_specs={'novacontainer:pids': '7'},
            )['PidsLimit'])

    def test_nonsense(self):
        for key, value in (
                ('quota:cpu_shares', 'many'), ('quota:cpu_shares', '1'),
                ('quota:cpu_shares', '262145'), ('quota:cpu_quota', '999'),
                ('quota:cpu_quota', '--1'), ('quota:cpu_period', '999'),
                ('quota:cpu_period', '1000001'), ('quota:cpu_period', '')):
            self.assertIn(f'{key} of flavor m1.tiny is {value!r}',
                          self.refusal(key, value))


class RootDiskTestCase(base.BaseTestCase):

    def test_some(self):
        self.assertEqual({'StorageOpt': {'size': '1G'}},
                         limits.root_disk(instances.instance().flavor))

    def test_none(self):
        flavor = instances.instance().flavor
        flavor.root_gb = 0
        self.assertEqual({}, limits.root_disk(flavor))


class DiskIoTestCase(base.BaseTestCase):

    def flavor(self, **extra_specs):
        return instances.instance(extra_specs={
            f'quota:disk_{key}': value
            for key, value in extra_specs.items()}).flavor

    def test_none(self):
        flavor = instances.instance().flavor
        self.assertFalse(limits.limits_disk_io(flavor))
        self.assertEqual({}, limits.disk_io(flavor, ''))

    def test_all(self):
        flavor = self.flavor(read_bytes_sec='1', write_bytes_sec='2',
                             read_iops_sec='3', write_iops_sec='0')
        self.assertTrue(limits.limits_disk_io(flavor))
        self.assertEqual(
            {'BlkioDeviceReadBps': [{'Path': '/dev/vda', 'Rate': 1}],
             'BlkioDeviceWriteBps': [{'Path': '/dev/vda', 'Rate': 2}],
             'BlkioDeviceReadIOps': [{'Path': '/dev/vda', 'Rate': 3}]},
            limits.disk_io(flavor, '/dev/vda'))

    def test_unknown_disk(self):
        self.assertRaises(
            exception.InstanceDeployFailure, limits.disk_io,
            self.flavor(read_iops_sec='3'), '')

    def test_nonsense(self):
        for extra_specs, words in (
                ({'read_iops_sec': 'x'}, 'whole number'),
                ({'total_iops_sec': '5'}, 'apart')):
            error = self.assertRaises(
                exception.InvalidInput, limits.disk_io,
                self.flavor(**extra_specs), '/dev/vda')
            self.assertIn(words, str(error))


class EphemeralTestCase(base.BaseTestCase):

    def test_sizes(self):
        flavor = instances.instance().flavor
        self.assertEqual([], limits.ephemeral_sizes(flavor, None))
        flavor.ephemeral_gb = 7
        self.assertEqual([7], limits.ephemeral_sizes(flavor, None))
        self.assertEqual([], limits.ephemeral_sizes(flavor, {}))
        self.assertEqual([2, 1], limits.ephemeral_sizes(
            flavor, {'ephemerals': [{'size': 2}, {'size': 1}]}))

    def test_disks(self):
        first, second = limits.ephemeral_disks([2, 1])
        self.assertEqual(
            {'Type': 'volume', 'Target': '/mnt/ephemeral0',
             'VolumeOptions': {'NoCopy': True, 'DriverConfig': {
                 'Name': 'local', 'Options': {'size': '2G'}}}}, first)
        self.assertEqual('/mnt/ephemeral1', second['Target'])

    def test_no_limit(self):
        disk, = limits.ephemeral_disks([2], limit_disk=False)
        self.assertEqual({'NoCopy': True}, disk['VolumeOptions'])


class TrafficTestCase(base.BaseTestCase):

    def traffic(self, **extra_specs):
        return limits.traffic(instances.instance(extra_specs={
            f'quota:vif_{key}': value
            for key, value in extra_specs.items()}).flavor)

    def test_none(self):
        self.assertEqual(limits.Traffic(), self.traffic())
        self.assertEqual(limits.Traffic(), self.traffic(
            inbound_average='0', outbound_peak='0'))

    def test_each_direction(self):
        found = self.traffic(
            inbound_average='2000', outbound_average='1000',
            outbound_peak='3000', outbound_burst='512')
        self.assertEqual(
            interface.Rate(2_000_000, 2_000_000, 200_000), found.inbound)
        self.assertEqual(
            interface.Rate(1_000_000, 3_000_000, 512 * 1024), found.outbound)

    def test_room_for_packets(self):
        self.assertEqual(
            66 * 1024, self.traffic(inbound_average='1').inbound.burst_bytes)

    def test_nonsense(self):
        for extra_specs, words in (
                ({'inbound_average': 'much'}, 'whole number'),
                ({'inbound_average': '-1'}, 'from 0 to'),
                ({'outbound_average': '4000001'}, 'from 0 to 4000000'),
                ({'outbound_peak': '5'}, 'no quota:vif_outbound_average'),
                ({'inbound_average': '5', 'inbound_peak': '4'},
                 'less than quota:vif_inbound_average')):
            error = self.assertRaises(
                exception.InvalidInput, self.traffic, **extra_specs)
            self.assertIn(words, str(error))
