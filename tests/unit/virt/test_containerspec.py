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

    def test_terminal(self):
        body = self.build(terminal=True)
        self.assertTrue(body['Tty'])
        self.assertTrue(body['OpenStdin'])
        self.assertFalse({'Tty', 'OpenStdin'} & set(self.build()))

    def test_the_driver_makes_the_network(self):
        self.assertEqual('none', self.build()['HostConfig']['NetworkMode'])

    def test_all_files_are_on_the_root_disk(self):
        self.assertEqual('ignore',
                         self.build()['HostConfig']['ImageVolumeMode'])

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

    def test_limits_of_the_flavor(self):
        limits = self.limits(extra_specs={'novacontainer:pids': '7'})
        self.assertEqual((200_000, 7),
                         (limits['CpuQuota'], limits['PidsLimit']))

    def test_root_disk(self):
        self.assertEqual({'size': '1G'}, self.limits()['StorageOpt'])
        self.assertNotIn('StorageOpt',
                         self.build(limit_disk=False)['HostConfig'])

    def test_isolation(self):
        self.assertTrue(self.limits(extra_specs={
            'novacontainer:privileged': 'yes'})['Privileged'])

    def test_what_runs(self):
        body = self.build(instances.instance(
            metadata={'A': '1', 'novacontainer_label_tier': 'web'},
            extra_specs={'novacontainer:command': 'sleep 1'}))
        self.assertEqual((['A=1'], ['sleep', '1'], 'web'),
                         (body['Env'], body['Cmd'], body['Labels']['tier']))

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
