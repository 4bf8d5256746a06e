"""Servers of another size, and on another host."""

import os

from tests.functional import novaservers

_MIB = 1 << 20
#: What a gigabyte of a flavor is here, since it is to be filled.
_UNIT_MB = 96


class ResizeTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False

    def setUp(self):
        super().setUp()
        self.flags(allow_resize_to_same_host=True)
        self.stub_out('novacontainer.virt.limits.root_disk', lambda flavor: {
            'StorageOpt': {'size': f'{flavor.root_gb * _UNIT_MB}M'}})
        self.small = self.flavor('small', memory_mb=64, vcpu=1, disk=1)
        self.large = self.flavor('large', memory_mb=128, vcpu=2, disk=2)

    def flavor(self, name, **fields):
        return self._create_flavor(name=name, ephemeral=0, **fields)

    def started(self, flavor):
        return self.boot(flavorRef=flavor)

    def grown(self):
        """A server with the large flavor.

        For Nova the disk that it was built with is the smallest that it can
        ever have.
        """
        server = self.started(self.small)
        self.resize(server, self.large)
        return self.act(server, 'confirmResize', 'ACTIVE')

    def resize(self, server, flavor, until='VERIFY_RESIZE'):
        return self.act(server, 'resize', until, {'flavorRef': flavor})

    def assertHas(self, server, memory_mb, vcpus, disk_gb):
        """Look at the record, and from inside."""
        config = self.host.inspect(server['id'])['HostConfig']
        self.assertEqual(
            (memory_mb * _MIB, vcpus * 100_000, f'{disk_gb * _UNIT_MB}M'),
            (config['Memory'], config['CpuQuota'],
             config['StorageOpt']['size']))
        if self.status(server) == 'running':
            disk = os.statvfs(f'/proc/{self.pid(server)}/root')
            found = disk.f_frsize * disk.f_blocks / _MIB / _UNIT_MB
            self.assertTrue(0.7 * disk_gb < found <= disk_gb, found)
            stats = self.host.daemon.json(
                'GET', f'/containers/nova-{server["id"]}/stats?stream=0')
            self.assertEqual(memory_mb * _MIB, stats['memory_stats']['limit'])

    def test_up_and_confirm(self):
        server = self.started(self.small)
        self.write(server, 'kept')
        before = self.host.inspect(server['id'])['Id']
        self.assertHas(server, 64, 1, 1)
        self.resize(server, self.large)
        self.assertHas(server, 128, 2, 2)
        self.act(server, 'confirmResize', 'ACTIVE')
        self.assertHas(server, 128, 2, 2)
        text = self.console(server, 'kept')
        self.assertEqual(2, text.count(f'inet {self.address(server)}/24'))
        self.assertEqual(before, self.host.inspect(server['id'])['Id'])
        self._delete_server(server)
        self.assertNothingLeft()

    def test_down_and_revert(self):
        server = self.grown()
        self.write(server, 'kept')
        self.resize(server, self.small)
        self.assertHas(server, 64, 1, 1)
        self.act(server, 'revertResize', 'ACTIVE')
        self.assertHas(server, 128, 2, 2)
        text = self.console(server, 'kept')
        self.assertEqual(4, text.count(f'inet {self.address(server)}/24'))

    def test_what_is_stopped(self):
        server = self.started(self.small)
        self._stop_server(server)
        self.resize(server, self.large)
        self.assertEqual('exited', self.status(server))
        self.act(server, 'revertResize', 'SHUTOFF')
        self.assertHas(server, 64, 1, 1)
        self.resize(server, self.large)
        self.act(server, 'confirmResize', 'SHUTOFF')
        self.assertHas(server, 128, 2, 2)
        self._start_server(server)

    def test_what_does_not_fit_goes_on_as_it_was(self):
        server = self.grown()
        self.execute(server, 'dd', 'if=/dev/urandom', 'of=/big', 'bs=1M',
                     f'count={_UNIT_MB + 10}')
        self.api.post_server_action(
            server['id'], {'resize': {'flavorRef': self.small}})
        self._wait_for_migration_status(server, ['error'])
        server = self._wait_for_server_parameter(
            server, {'status': 'ACTIVE', 'OS-EXT-STS:task_state': None})
        self.assertEqual('large', server['flavor']['original_name'])
        self.assertHas(server, 128, 2, 2)
        self.execute(server, 'rm', '/big')
        self.resize(server, self.small)

    def test_delete_while_it_is_to_be_verified(self):
        server = self.started(self.small)
        self.resize(server, self.large)
        self._delete_server(server)
        self.assertNothingLeft()

    def test_cold_migration_stays_here(self):
        server = self.started(self.small)
        before = self.pid(server)
        self.act(server, 'migrate', 'VERIFY_RESIZE')
        self.assertNotEqual(before, self.pid(server))
        self.act(server, 'confirmResize', 'ACTIVE')
        self.assertHas(server, 64, 1, 1)

    def test_live_migration_is_refused(self):
        server = self.started(self.small)
        self.api.post_server_action(server['id'], {'os-migrateLive': {
            'host': None, 'block_migration': 'auto'}})
        self._wait_for_server_parameter(
            server, {'status': 'ACTIVE', 'OS-EXT-STS:task_state': None})
