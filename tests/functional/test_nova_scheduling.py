"""Which servers come to this host, and what it says of itself.

As ``novaservers``: all of Nova in this process, with a real Placement.
"""

import os

from nova import context as nova_context

from tests.functional import computehost
from tests.functional import novaservers

_GIB = 1 << 30
_METRICS = {'cpu.frequency', 'cpu.percent'} | {
    f'cpu.{part}.{unit}' for part in ('user', 'kernel', 'idle', 'iowait')
    for unit in ('time', 'percent')}


class SchedulingTestCase(novaservers.ServersTestCase):

    #: nova.conf of the compute host.
    OPTIONS = {}

    def _setup_compute_service(self):
        self.flags(**self.OPTIONS)
        return super()._setup_compute_service()

    def setUp(self):
        super().setUp()
        self.provider = self._get_provider_uuid_by_name('compute')
        self.disk = os.statvfs(self.host.daemon.data_root)

    def flavor(self, disk=1, **extra_specs):
        return self._create_flavor(
            memory_mb=64, vcpu=1, disk=disk, ephemeral=0,
            extra_spec={key.replace('__', ':'): value
                        for key, value in extra_specs.items()})

    def try_boot(self, flavor, image=computehost.NOVA_IMAGE):
        """Returns the fault, or '' when the server is up."""
        server = self.api.post_server({'server': self._build_server(
            image_uuid=image, flavor_id=flavor, networks='none')})
        server = self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        self.assertEqual('fault' in server, server['status'] == 'ERROR')
        return server.get('fault', {}).get('message', '')

    def update(self):
        """Have a period of the compute service pass."""
        self.compute.manager.update_available_resource(
            nova_context.get_admin_context())

    def disk_gb(self):
        return self.disk.f_frsize * self.disk.f_blocks // _GIB


class InventoryTestCase(SchedulingTestCase):

    OPTIONS = {
        'reserved_host_cpus': 1, 'reserved_host_disk_mb': 1500,
        'cpu_allocation_ratio': 3.0, 'ram_allocation_ratio': 1.25,
        'disk_allocation_ratio': 2.0,
    }

    def setUp(self):
        super().setUp()
        # The base class of servers has set another.
        self.flags(reserved_host_memory_mb=256)
        self.update()

    def test_is_the_host_s_with_ratios_and_reserves(self):
        inventory = self._get_provider_inventory(self.provider)
        with open('/proc/meminfo', encoding='ascii') as file:
            memory_mb = int(file.readline().split()[1]) // 1024
        # The daemon's data is where the instances' disks are.
        self.assertEqual({
            'VCPU': (os.cpu_count(), 1, 3.0),
            'MEMORY_MB': (memory_mb, 256, 1.25),
            'DISK_GB': (self.disk_gb(), 2, 2.0),
        }, {name: (row['total'], row['reserved'], row['allocation_ratio'])
            for name, row in inventory.items()})

    def test_what_servers_use_is_taken_from_it(self):
        self.assertEqual('', self.try_boot(self.flavor()))
        self.assertEqual({'VCPU': 1, 'MEMORY_MB': 64, 'DISK_GB': 1},
                         self._get_provider_usages(self.provider))

    def test_more_than_there_is(self):
        message = self.try_boot(self.flavor(disk=self.disk_gb() + 1))
        self.assertIn('No valid host', message)
        self.assertEqual([], self.host.containers())

    def test_as_hypervisor(self):
        # The last version that has figures of the disk.
        self.api.microversion = '2.87'
        found, = self.api.api_get(
            '/os-hypervisors/detail').body['hypervisors']
        self.assertEqual(
            ('docker', 'compute', os.cpu_count(), self.disk_gb()),
            (found['hypervisor_type'], found['hypervisor_hostname'],
             found['vcpus'], found['local_gb']))
        free_gb = self.disk.f_frsize * self.disk.f_bavail // _GIB
        self.assertAlmostEqual(
            free_gb, found['disk_available_least'], delta=2)


class TraitTestCase(SchedulingTestCase):

    def test_traits_are_ours_and_the_operator_s(self):
        traits = set(self._get_provider_traits(self.provider))
        # What the driver can, in Placement's words.
        self.assertLessEqual(
            {'CUSTOM_NOVACONTAINER', 'COMPUTE_IMAGE_TYPE_RAW',
             'COMPUTE_NET_ATTACH_INTERFACE', 'COMPUTE_NODE',
             'COMPUTE_SAME_HOST_COLD_MIGRATE', 'COMPUTE_TRUSTED_CERTS'},
            traits)
        # And what needs a virtual machine.
        self.assertEqual(set(), {
            trait for trait in traits
            if trait.startswith((
                'COMPUTE_GRAPHICS', 'COMPUTE_SECURITY', 'COMPUTE_STORAGE',
                'COMPUTE_IMAGE_TYPE_QCOW2', 'COMPUTE_NET_VIF_MODEL',
                'COMPUTE_VIOMMU', 'HW_'))})
        self.placement.put('/traits/CUSTOM_RACK_7', {}, version='1.6')
        self._set_provider_traits(
            self.provider, sorted({*traits, 'CUSTOM_RACK_7'}))
        self.update()
        self.assertEqual({*traits, 'CUSTOM_RACK_7'},
                         set(self._get_provider_traits(self.provider)))

    def test_flavors_that_want_containers_and_those_that_do_not(self):
        self.assertEqual('', self.try_boot(
            self.flavor(trait__CUSTOM_NOVACONTAINER='required')))
        self.assertIn('No valid host', self.try_boot(
            self.flavor(trait__CUSTOM_NOVACONTAINER='forbidden')))

    def test_images_that_want_containers_and_those_that_do_not(self):
        self.assertEqual('', self.try_boot(self.flavor(), self.image(
            ['sleep', '1000'],
            properties={'trait:CUSTOM_NOVACONTAINER': 'required'})))


class ImagePropertiesTestCase(SchedulingTestCase):
    """Nova's ImagePropertiesFilter, which is on by default."""

    def fate(self, **properties):
        return self.try_boot(self.flavor(), self.image(
            ['sleep', '1000'], properties=properties))

    def test_hypervisor_type(self):
        self.assertEqual('', self.fate(hypervisor_type='docker'))
        self.assertEqual('', self.fate(img_hv_type='docker'))
        self.assertIn('No valid host', self.fate(hypervisor_type='kvm'))
        self.assertIn('No valid host', self.fate(img_hv_type='qemu'))
        # Those that are for virtual machines were not even begun.
        self.assertEqual(2, len(self.glance.downloads))


class MonitorTestCase(SchedulingTestCase):
    """``[DEFAULT] compute_monitors``: the host's processors over time."""

    OPTIONS = {'compute_monitors': ['cpu.virt_driver']}

    def notified(self):
        """Have a period pass; returns the values that it sends."""
        self.notifier.reset()
        self.update()
        sent, = self.notifier.wait_for_versioned_notifications(
            'metrics.update')
        return {metric['nova_object.data']['name']:
                metric['nova_object.data']['value']
                for metric in sent['payload']['nova_object.data'][
                    'metrics']}

    def test_notifications_and_the_scheduler_have_them(self):
        before = self.notified()
        self.assertEqual(_METRICS, set(before))
        # The work of this test is what the host does meanwhile.
        self.assertEqual('', self.try_boot(self.flavor()))
        after = self.notified()
        for part in ('user', 'kernel', 'idle'):
            self.assertGreaterEqual(
                after[f'cpu.{part}.time'], before[f'cpu.{part}.time'])
        self.assertGreater(after['cpu.user.time'] + after['cpu.kernel.time'],
                           before['cpu.user.time']
                           + before['cpu.kernel.time'])
        self.assertTrue(0 <= after['cpu.percent'] <= 100, after)
        host, = self.scheduler.manager.host_manager.get_host_states_by_uuids(
            nova_context.get_admin_context(), [self.provider], None)
        known = {metric.name: metric.value for metric in host.metrics}
        self.assertEqual(_METRICS, set(known))
        for name, value in after.items():
            # Nova carries percents as fractions, and cuts them on the way.
            self.assertAlmostEqual(value, known[name], delta=1)
