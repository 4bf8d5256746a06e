"""What an instance finds inside: settings, keys, limits, its own /proc."""

from demo import catalog
from demo import images
from tests.cloud import cloudcase

_USER_DATA = 'I2Nsb3VkLWNvbmZpZwo='  # "#cloud-config\n"


class GuestTest(cloudcase.CloudTestCase):

    def setUp(self):
        """Be able to make flavors."""
        super().setUp()
        self.admin = catalog.connect(self.directory, 'admin').compute

    def flavor(self, *, ephemeral=0, **extra_specs):
        """Make a flavor that goes with the test; returns its name."""
        name = f'test-{self.id().rpartition(".")[2]}'
        made = self.admin.create_flavor(
            name=name, ram=128, vcpus=1, disk=1, ephemeral=ephemeral)
        self.addCleanup(self.admin.delete_flavor, made)
        self.admin.create_flavor_extra_specs(
            made, {key.replace('__', ':'): value
                   for key, value in extra_specs.items()})
        return name

    def test_settings_from_metadata(self):
        server = self.boot(images.DEBIAN, metadata={
            'GREETING': 'hello there',
            'novacontainer_env_COLOUR': 'blue',
            'novacontainer_command':
                "sh -c 'env > /env; exec /usr/local/sbin/serve-ssh'"})
        environment = self.shell(server, 'cat /env')
        self.assertIn('GREETING=hello there', environment)
        self.assertIn('COLOUR=blue', environment)

    def test_config_drive(self):
        server = self.boot(images.DEBIAN, config_drive=True,
                           user_data=_USER_DATA)
        found = self.shell(
            server, 'cat /mnt/config/openstack/latest/meta_data.json')
        self.assertIn(server.id, found)
        self.assertEqual('#cloud-config', self.shell(
            server, 'cat /var/lib/cloud/seed/config_drive/openstack/latest'
            '/user_data'))
        self.assertEqual('refused', self.shell(
            server, 'touch /mnt/config/x 2> /dev/null || echo refused'))

    def test_disk_has_an_end(self):
        server = self.boot(images.DEBIAN)
        self.assertIn('No space left', self.shell(
            server, 'dd if=/dev/zero of=/root/big bs=1M count=1200 2>&1 '
            '| head -1; rm /root/big'))

    def test_proc_is_the_instance_s_own(self):
        server = self.boot(images.DEBIAN)
        self.assertEqual('1', self.shell(
            server, 'grep -c ^processor /proc/cpuinfo'))
        self.assertEqual('131072', self.shell(
            server, "awk '/^MemTotal/ { print $2 }' /proc/meminfo"))

    def test_limits_of_a_flavor(self):
        server = self.boot(images.DEBIAN, flavor=self.flavor(
            novacontainer__pids='60', novacontainer__capabilities='NET_ADMIN',
            quota__cpu_period='100000', quota__cpu_quota='50000',
            quota__vif_outbound_average='1250'))
        self.assertEqual('60', self.shell(
            server, 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max'
            ' 2> /dev/null'))
        self.assertIn('50000', self.shell(
            server, 'cat /sys/fs/cgroup/cpu.max '
            '/sys/fs/cgroup/cpu/cpu.cfs_quota_us 2> /dev/null'))
        # 1250 kilobytes.
        self.assertIn('rate 10Mbit', self.shell(
            server, 'tc class show dev eth0'))
        self.assertEqual('1450', self.shell(
            server, 'ip link set eth0 mtu 1450; cat /sys/class/net/eth0/mtu'))

    def test_privileged_is_for_the_operator_to_allow(self):
        server = self.boot(images.DEBIAN, status='ERROR', flavor=self.flavor(
            novacontainer__privileged='true'))
        fault = self.admin.get_server(server.id).fault['message']
        self.assertIn('privileged', fault)

    def test_extra_specs_are_checked_by_the_api(self):
        flavor = self.admin.find_flavor(self.flavor())
        answer = self.admin.post(
            f'/flavors/{flavor.id}/os-extra_specs',
            # Since this microversion extra specs are checked at all.
            microversion='2.86',
            json={'extra_specs': {'novacontainer:pids': 'many'}})
        self.assertEqual(400, answer.status_code)
        self.assertIn('many', answer.text)
