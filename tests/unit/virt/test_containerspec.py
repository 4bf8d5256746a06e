from nova import exception
from oslotest import base

from novacontainer.virt import containerspec
from tests import instances
from tests import networkinfo


class BuildTestCase(base.BaseTestCase):

    def build(self, instance=None, image_meta=None, network_info=(),
              **kwargs):
        return containerspec.build(
            instance or instances.instance(),
            image_meta or instances.image_meta(), 'glance/x:y',
            network_info, **kwargs)

    def limits(self, **fields):
        return self.build(instances.instance(**fields))['HostConfig']

    def test_name(self):
        instance = instances.instance()
        self.assertEqual(f'nova-{instance.uuid}',
                         containerspec.container_name(instance))

    def test_identity(self):
        instance = instances.instance()
        body = self.build(instance)
        self.assertEqual('glance/x:y', body['Image'])
        self.assertEqual('web', body['Hostname'])
        self.assertEqual('', body['Domainname'])
        self.assertEqual(
            {'org.openstack.nova.instance': instance.uuid,
             'org.openstack.nova.name': 'instance-00000001',
             'org.openstack.nova.project': instance.project_id},
            body['Labels'])

    def test_the_driver_makes_the_network(self):
        self.assertEqual('none', self.build()['HostConfig']['NetworkMode'])

    def test_qualified_hostname(self):
        body = self.build(instances.instance(hostname='web.example.org'))
        self.assertEqual(('web', 'example.org'),
                         (body['Hostname'], body['Domainname']))

    def test_no_hostname(self):
        vif = networkinfo.vif(networkinfo.subnet('10.0.0.0/24', '10.0.0.5'))
        body = self.build(instances.instance(hostname=None),
                          network_info=[vif])
        self.assertEqual(('', []), (body['Hostname'],
                                    body['HostConfig']['ExtraHosts']))

    def test_memory_and_swap(self):
        limits = self.limits(swap=16)
        self.assertEqual(64 * 2 ** 20, limits['Memory'])
        self.assertEqual(80 * 2 ** 20, limits['MemorySwap'])

    def test_no_swap(self):
        limits = self.limits()
        self.assertEqual(limits['Memory'], limits['MemorySwap'])

    def test_processor(self):
        limits = self.limits()
        self.assertEqual(
            (2048, 200_000, 100_000),
            (limits['CpuShares'], limits['CpuQuota'], limits['CpuPeriod']))

    def test_processor_by_extra_specs(self):
        limits = self.limits(extra_specs={
            'quota:cpu_shares': '512', 'quota:cpu_quota': '25000',
            'quota:cpu_period': '50000'})
        self.assertEqual(
            (512, 25000, 50000),
            (limits['CpuShares'], limits['CpuQuota'], limits['CpuPeriod']))

    def test_pids(self):
        body = self.build(pids_limit=100)
        self.assertEqual(100, body['HostConfig']['PidsLimit'])
        body = self.build(
            instances.instance(extra_specs={'container:pids_limit': '7'}),
            pids_limit=100)
        self.assertEqual(7, body['HostConfig']['PidsLimit'])

    def test_extra_spec_that_is_no_number(self):
        error = self.assertRaises(
            exception.BuildAbortException, self.limits,
            extra_specs={'quota:cpu_shares': 'many'})
        self.assertIn("quota:cpu_shares of flavor m1.tiny is 'many'",
                      str(error))

    def test_resolver_and_hosts(self):
        vifs = [
            networkinfo.vif(
                networkinfo.subnet('10.0.0.0/24', '10.0.0.5',
                                   dns=['10.0.0.2']),
                networkinfo.subnet('fd00::/64', 'fd00::5')),
            networkinfo.vif(networkinfo.subnet('10.1.0.0/24', '10.1.0.5')),
        ]
        config = self.build(instances.instance(hostname='web.example.org'),
                            network_info=vifs)['HostConfig']
        self.assertEqual(['10.0.0.2'], config['Dns'])
        self.assertEqual(
            ['web.example.org:10.0.0.5', 'web:10.0.0.5',
             'web.example.org:fd00::5', 'web:fd00::5'],
            config['ExtraHosts'])


class EnvironmentTestCase(base.BaseTestCase):

    def test_keys_that_are_names(self):
        self.assertEqual(
            ['A=1', 'EMPTY=', '_b2=x=y z'],
            containerspec.environment({
                '_b2': 'x=y z', 'A': '1', 'EMPTY': '', '2c': 'no',
                'with-dash': 'no', 'with space': 'no', 'é': 'no',
                'line\n': 'no'}))


class CommandTestCase(BuildTestCase):

    def command(self, line):
        return self.build(image_meta=instances.image_meta(
            properties={'os_command_line': line}))

    def test_the_image_s_own(self):
        self.assertNotIn('Cmd', self.build())
        self.assertNotIn('Cmd', self.command(''))

    def test_override(self):
        self.assertEqual(['/bin/sh', '-c', 'echo "a  b"'],
                         self.command("/bin/sh -c 'echo \"a  b\"'")['Cmd'])

    def test_unreadable(self):
        error = self.assertRaises(
            exception.ImageUnacceptable, self.command, "sh -c 'oops")
        self.assertIn('os_command_line', str(error))
        self.assertIn("sh -c 'oops", str(error))
