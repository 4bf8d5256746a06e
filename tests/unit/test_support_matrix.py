"""The support matrix, held against what the driver does.

A feature rests on methods of ``ComputeDriver`` that the driver has to
override, on its capabilities, or on neither: then Nova does it with the
methods of others.
"""

import configparser
import pathlib

from oslotest import base

from novacontainer.virt import driver

_MATRIX = (pathlib.Path(__file__).parents[2]
           / 'doc/source/user/support-matrix.ini')
_STATES = ('complete', 'partial', 'missing')

#: Feature → the methods and capabilities that it needs.
FEATURES = {
    'attach-volume': {'attach_volume'},
    'attach-tagged-volume': {'supports_tagged_attach_volume'},
    'detach-volume': {'detach_volume'},
    'extend-volume': {'extend_volume', 'supports_extend_volume'},
    'swap-volume': {'swap_volume'},
    'multiattach-volume': {'supports_multiattach'},
    'attach-interface': {'attach_interface', 'supports_attach_interface'},
    'attach-tagged-interface': {'supports_tagged_attach_interface'},
    'detach-interface': {'detach_interface'},
    'maintenance-mode': {'host_maintenance_mode'},
    'evacuate': {'supports_evacuate',
                 'check_instance_shared_storage_local',
                 'check_instance_shared_storage_remote',
                 'check_instance_shared_storage_cleanup'},
    'rebuild': set(),
    'get-guest-info': {'get_info'},
    'get-host-uptime': {'get_host_uptime'},
    'get-host-ip': {'get_host_ip_addr'},
    'live-migrate': {'live_migration', 'pre_live_migration'},
    'force-live-migration-to-complete': {'live_migration_force_complete'},
    'abort-in-progress-live-migration': {'live_migration_abort'},
    'launch': {'spawn', 'supports_image_type_raw'},
    'pause': {'pause'},
    'unpause': {'unpause'},
    'reboot': {'reboot'},
    'rescue': {'rescue'},
    'unrescue': {'unrescue'},
    'resize': {'migrate_disk_and_power_off', 'finish_migration',
               'confirm_migration', 'finish_revert_migration'},
    'cold-migrate': {'supports_migrate_to_same_host'},
    'resume': {'resume'},
    'resume-on-host-boot': {'resume_state_on_host_boot'},
    'set-admin-password': {'set_admin_password'},
    'snapshot': {'snapshot'},
    'backup': set(),
    'shelve': set(),
    'suspend': {'suspend'},
    'soft-delete': set(),
    'terminate': {'destroy', 'cleanup'},
    'power-off': {'power_off'},
    'power-on': {'power_on'},
    'trigger-crash-dump': {'trigger_crash_dump'},
    'console-log': {'get_console_output'},
    'diagnostics': {'get_diagnostics'},
    'config-drive': set(),
    'file-injection': set(),
    'graphical-console': {'get_vnc_console', 'get_spice_console',
                          'get_mks_console'},
    'serial-console': {'get_serial_console'},
    'image-caching': {'cache_image', 'manage_image_cache',
                      'has_imagecache'},
    'trusted-certs': {'supports_trusted_certs'},
    'boot-from-volume': {'get_volume_connector'},
    'host-cpu-monitor': {'get_host_cpu_stats'},
}

#: What every driver has, without a feature of its own.
PLUMBING = {
    'init_host', 'cleanup_host', 'get_available_nodes',
    'get_available_resource', 'update_provider_tree', 'list_instances',
    'list_instance_uuids', 'instance_exists', 'plug_vifs', 'unplug_vifs',
    'inject_network_info',
    # It only refuses, with a reason.
    'check_can_live_migrate_destination',
}


class SupportMatrixTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.matrix = configparser.ConfigParser(interpolation=None)
        self.matrix.read(_MATRIX, encoding='utf-8')
        self.offered = {
            name for name, value in vars(driver.ContainerDriver).items()
            if callable(value) and not name.startswith('_')}
        self.offered.update(
            name for name, has
            in driver.ContainerDriver.capabilities.items() if has)

    def section(self, feature):
        return self.matrix[f'operation.{feature}']

    def test_every_feature_is_known(self):
        self.assertEqual(
            set(FEATURES),
            {name.removeprefix('operation.')
             for name in self.matrix.sections()
             if name.startswith('operation.')})

    def test_what_is_said_is_so(self):
        for feature, needs in FEATURES.items():
            state = self.section(feature)['driver.novacontainer']
            self.assertIn(state, _STATES, feature)
            if state == 'missing':
                self.assertEqual(set(), needs & self.offered, feature)
            else:
                self.assertEqual(set(), needs - self.offered, feature)

    def test_all_that_the_driver_does_is_said(self):
        named = set().union(PLUMBING, *FEATURES.values())
        self.assertEqual(set(), self.offered - named)

    def test_what_is_mandatory_is_complete(self):
        for feature in FEATURES:
            section = self.section(feature)
            if section['status'] == 'mandatory':
                self.assertEqual(
                    'complete', section['driver.novacontainer'], feature)

    def test_what_is_partial_says_how_far(self):
        for feature in FEATURES:
            section = self.section(feature)
            if section['driver.novacontainer'] == 'partial':
                self.assertIn('driver-notes.novacontainer', section, feature)
