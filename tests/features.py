"""What the driver does, by the names of Nova's features.

Used by the test of the support matrix and by the configuration of Tempest.
A feature rests on methods of ``ComputeDriver`` that the driver has to
override, on its capabilities, or on neither: then Nova does it with the
methods of others.
"""

from novacontainer.virt import driver

#: Feature → the methods and capabilities that it needs.
FEATURES = {
    'attach-volume': {'attach_volume', 'get_volume_connector'},
    'attach-tagged-volume': {'supports_tagged_attach_volume',
                             'supports_device_tagging'},
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
    # Nova's drivers have no method or capability for it alone.
    'boot-from-volume': {'boots_from_volumes'},
    'host-cpu-monitor': {'get_host_cpu_stats'},
}


def offered() -> set[str]:
    """Methods that the driver has of its own, and its capabilities."""
    found = {name for name, value in vars(driver.ContainerDriver).items()
             if callable(value) and not name.startswith('_')}
    found.update(name for name, has
                 in driver.ContainerDriver.capabilities.items() if has)
    return found


def complete(*names: str) -> bool:
    """Say whether the driver has all that these features need."""
    return all(FEATURES[name] <= offered() for name in names)
