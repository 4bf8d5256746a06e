"""What flavors, image properties and metadata make of a server.

As ``novaservers``: all of Nova in this process, real containers.
"""

import os
from unittest import mock

from nova import context

from novacontainer.virt import blockdevice
from tests.functional import computehost
from tests.functional import novaservers

_GIB = 1 << 30


class LimitsTestCase(novaservers.ServersTestCase):

    def setUp(self):
        super().setUp()
        self.flags(max_attempts=1, group='scheduler')

    def flavor(self, disk=1, **extra_specs):
        flavor = self._create_flavor(
            memory_mb=64, vcpu=1, disk=disk, ephemeral=0, swap=16)
        # Before this microversion the API takes whatever is said.
        with mock.patch.object(
                self.api_fixture.admin_api, 'microversion', '2.85'):
            self.api_fixture.admin_api.post_extra_spec(
                flavor, {'extra_specs': {key.replace('__', ':'): value
                                         for key, value
                                         in extra_specs.items()}})
        return flavor

    def boot(self, flavor, expected_state='ACTIVE', image=None, **fields):
        body = self._build_server(
            image_uuid=image or computehost.NOVA_IMAGE,
            flavor_id=flavor, networks='none')
        body.update(fields)
        server = self._wait_for_state_change(
            self.api.post_server({'server': body}), expected_state)
        if expected_state == 'ERROR':
            self.assertNothingLeft()
            return server['fault']['message']
        return server

    def test_root_disk(self):
        server = self.boot(self.flavor())
        disk = os.statvfs(f'/proc/{self.pid(server)}/root')
        size_bytes = disk.f_frsize * disk.f_blocks
        self.assertTrue(0.8 * _GIB < size_bytes <= _GIB, size_bytes)
        # Swap, and the memory that goes with it.
        config = self.host.inspect(server['id'])['HostConfig']
        self.assertEqual(80 << 20, config['MemorySwap'])
        free = self.boot(self.flavor(disk=0))
        self.assertFalse(
            self.host.inspect(
                free['id'])['HostConfig'].get('StorageOpt'))

    def test_disk_io(self):
        flavor = self.flavor(quota__disk_write_bytes_sec='10000000')
        device = blockdevice.holding(str(self.host.daemon.data_root))
        if not device:
            self.assertIn('names no disk', self.boot(flavor, 'ERROR'))
            return
        server = self.boot(flavor)
        self.assertEqual(
            [{'Path': device, 'Rate': 10000000}],
            self.host.inspect(
                server['id'])['HostConfig']['BlkioDeviceWriteBps'])

    def test_ephemeral_disks(self):
        flavor = self._create_flavor(
            memory_mb=64, vcpu=1, disk=1, ephemeral=3)
        server = self.boot(flavor, block_device_mapping_v2=[
            {'boot_index': 0, 'uuid': computehost.NOVA_IMAGE,
             'source_type': 'image', 'destination_type': 'local'},
            *({'boot_index': -1, 'source_type': 'blank',
               'destination_type': 'local', 'volume_size': size_gb}
              for size_gb in (2, 1))])
        root = f'/proc/{self.pid(server)}/root/mnt'
        for number, size_gb in enumerate((2, 1)):
            disk = os.statvfs(f'{root}/ephemeral{number}')
            size_bytes = disk.f_frsize * disk.f_blocks
            self.assertTrue(
                0.8 * size_gb * _GIB < size_bytes <= size_gb * _GIB)
        self.execute(server, '/bin/sh', '-c', 'echo kept >/mnt/ephemeral0/x')
        self._reboot_server(server, hard=True)
        self.assertEqual('kept\n', self.execute(
            server, 'cat', '/mnt/ephemeral0/x'))
        self._delete_server(server)
        self.assertNothingLeft()
        volumes = self.host.daemon.json('GET', '/volumes')['Volumes']
        self.assertEqual([], volumes)

    def test_image_larger_than_the_disk(self):
        """Refused by what it unpacks to, not by what Glance stores."""
        image = self.image(['sleep', '1000'])
        self.boot(self.flavor(), image=image)
        self.stub_out('novacontainer.virt.admission._GIB', 1)
        message = self.boot(self.flavor(), 'ERROR', image=image, name='two')
        self.assertIn("Flavor's disk is too small", message)

    def assertNothingLeft(self):
        # A build that succeeded before may be there.
        self.assertLessEqual(len(self.host.containers()), 1)

    def test_what_makes_no_sense(self):
        for key, value, words in (
                ('novacontainer__pids', 'many', 'must be a whole number'),
                ('novacontainer__frobnicate', '1', 'which there is not'),
                ('quota__cpu_period', '5', 'quota:cpu_period'),
                ('novacontainer__privileged', 'true', 'allow_privileged'),
                ('novacontainer__devices', '/dev/fuse', 'allowed_devices')):
            self.assertIn(words, self.boot(
                self.flavor(**{key: value}), 'ERROR'))
        self.assertIn('only a flavor may say', self.boot(
            self.flavor(), 'ERROR',
            metadata={'novacontainer_privileged': 'true'}))

    def test_who_says_what_runs(self):
        image = self.image(['sh'], properties={
            'novacontainer_entrypoint': 'sh -c',
            'novacontainer_user': '12:34',
            'novacontainer_env_A': 'image',
            'novacontainer_env_B': 'image',
            'novacontainer_label_tier': 'web'})
        server = self.boot(
            self.flavor(novacontainer__pids='50',
                        novacontainer__env__C='flavor',
                        novacontainer__working_dir='/srv'),
            image=image, metadata={
                'B': 'metadata', 'C': 'metadata',
                'novacontainer_command':
                    '\'echo "$A $B $C $(id -u):$(id -g) $(pwd)"; '
                    "sleep 1000'"})
        self.console(server, 'image metadata flavor 12:34 /srv')
        document = self.host.inspect(server['id'])
        self.assertEqual(50, document['HostConfig']['PidsLimit'])
        self.assertEqual('web', document['Config']['Labels']['tier'])
        self.assertEqual(
            server['id'],
            document['Config']['Labels']['org.openstack.nova.instance'])


class ImageCacheTestCase(novaservers.ServersTestCase):
    """Images come before their instances, and go after them."""

    def test_from_an_aggregate_to_the_end(self):
        image = self.image(['sleep', '1000'])
        name = self.reference(image)
        aggregate = self.api.post_aggregate(
            {'aggregate': {'name': 'containers'}})
        self.api.add_host_to_aggregate(
            aggregate['id'], self.compute.host)
        self.api.api_post(
            f'/os-aggregates/{aggregate["id"]}/images',
            {'cache': [{'id': image}]})
        self.wait_for(lambda: name in self.host.images())
        server = self.boot(image)
        self.assertEqual([image], self.glance.downloads)
        self.flags(remove_unused_original_minimum_age_seconds=0,
                   group='image_cache')
        self.age_out()
        self.assertIn(name, self.host.images())
        self._delete_server(server)
        self.age_out()
        self.assertNotIn(name, self.host.images())

    def reference(self, image):
        checksum = self.glance.images[image]['checksum']
        return f'glance/{image}:{checksum}'

    def age_out(self):
        self.compute.manager._run_image_cache_manager_pass(
            context.get_admin_context())

    def test_diagnostics(self):
        server = self.boot()
        self.api.microversion = '2.47'
        found = self.api.api_get(
            f'/servers/{server["id"]}/diagnostics').body
        self.assertGreater(found['cpu0_time'], 0)
        self.assertGreater(found['memory-actual'], 0)
        self.assertIn('eth0_rx', found)
