import os
from unittest import mock

import fixtures
from nova.compute import provider_tree
from nova import exception
from nova.virt import node
from oslo_config import fixture as config_fixture
from oslo_serialization import jsonutils
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.client import system
from novacontainer.virt import hostops
from tests import instances

_NODE = '6a2b3c4d-0000-4000-8000-000000000002'


class HostOpsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.conf = self.useFixture(config_fixture.Config(hostops.CONF))
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.system = mock.create_autospec(
            system.System, instance=True)
        self.client.system.info.return_value = {
            'NCPU': 4, 'Architecture': 'x86_64', 'ServerVersion': '0.1.0.dev7',
            'DockerRootDir': self.useFixture(fixtures.TempDir()).path}
        self.useFixture(fixtures.MockPatchObject(
            node, 'get_local_node_uuid', return_value=_NODE))
        self.useFixture(fixtures.MockPatchObject(
            hostops, '_memory', return_value=(8 << 30, 6 << 30)))
        self.useFixture(fixtures.MockPatchObject(
            os, 'statvfs', return_value=mock.Mock(
                f_frsize=4096, f_blocks=100 << 18, f_bavail=60 << 18)))
        self.ops = hostops.HostOps(self.client)

    def test_resource(self):
        self.ops.init_host('cpu1')
        resource = self.ops.get_available_resource()
        self.assertEqual(
            {'vcpus': 4, 'vcpus_used': 0, 'memory_mb': 8192,
             'memory_mb_used': 2048, 'local_gb': 100, 'local_gb_used': 40,
             'disk_available_least': 60, 'hypervisor_type': 'docker',
             'hypervisor_version': 1000, 'hypervisor_hostname': 'cpu1',
             'uuid': _NODE, 'numa_topology': None},
            {key: value for key, value in resource.items()
             if key not in ('cpu_info', 'supported_instances')})
        self.assertEqual(
            4, jsonutils.loads(resource['cpu_info'])['topology']['cores'])
        self.assertEqual([('x86_64', 'docker', 'exe')],
                         resource['supported_instances'])

    def test_runtime_away(self):
        away = exceptions.ConnectionFailed('The socket is gone.')
        self.client.system.info.side_effect = away
        self.client.system.ping.side_effect = away
        self.assertRaises(exception.HypervisorUnavailable,
                          self.ops.get_available_resource)
        self.assertRaises(exception.HypervisorUnavailable,
                          self.ops.init_host, 'cpu1')

    def test_node_name_before_the_start(self):
        self.conf.config(host='from-conf')
        self.assertEqual(['from-conf'], self.ops.get_available_nodes())

    def test_provider_tree(self):
        self.conf.config(reserved_host_cpus=1, reserved_host_memory_mb=512)
        tree = provider_tree.ProviderTree()
        tree.new_root('cpu1', _NODE)
        tree.update_traits('cpu1', ['CUSTOM_OF_THE_OPERATOR'])
        self.ops.update_provider_tree(
            tree, 'cpu1', {'VCPU': 4.0, 'MEMORY_MB': 1.5, 'DISK_GB': 1.0}, 3)
        data = tree.data('cpu1')
        self.assertEqual(
            {'VCPU': (4, 4, 4.0, 1), 'MEMORY_MB': (8192, 8192, 1.5, 512),
             'DISK_GB': (100, 100, 1.0, 3)},
            {name: (row['total'], row['max_unit'], row['allocation_ratio'],
                    row['reserved'])
             for name, row in data.inventory.items()})
        self.assertEqual({'CUSTOM_OF_THE_OPERATOR', 'CUSTOM_NOVACONTAINER'},
                         set(data.traits))

    def test_nothing_is_not_an_inventory(self):
        os.statvfs.return_value = mock.Mock(
            f_frsize=4096, f_blocks=1, f_bavail=1)
        tree = provider_tree.ProviderTree()
        tree.new_root('cpu1', _NODE)
        self.ops.update_provider_tree(
            tree, 'cpu1', {'VCPU': 1, 'MEMORY_MB': 1, 'DISK_GB': 1}, 0)
        self.assertNotIn('DISK_GB', tree.data('cpu1').inventory)

    def test_nothing_is_shared_but_with_oneself(self):
        self.ops.init_host('cpu1')
        here = instances.instance(host='cpu1')
        data = self.ops.shared_storage_local(here)
        self.assertTrue(self.ops.shared_storage_remote(data))
        self.ops.init_host('cpu2')
        self.assertFalse(self.ops.shared_storage_remote(data))

    def test_what_has_moved_away_is_a_leftover(self):
        self.ops.init_host('cpu1')
        self.assertRaises(
            NotImplementedError, self.ops.shared_storage_local,
            instances.instance(host='cpu2'))

    def test_address(self):
        self.conf.config(my_ip='192.0.2.7')
        self.assertEqual('192.0.2.7', self.ops.get_host_ip_addr())

    def test_uptime(self):
        self.assertIn('load average', self.ops.get_host_uptime())


class MemoryTestCase(base.BaseTestCase):

    def test_this_host(self):
        total, available = hostops._memory()
        self.assertGreater(total, available)
        self.assertGreater(available, 0)


class VersionNumberTestCase(base.BaseTestCase):

    def test_forms(self):
        for version, number in (('1.2.3', 1002003), ('0.1.0.dev12', 1000),
                                ('2', 2000000), ('', 0)):
            self.assertEqual(number, hostops.version_number(version))
