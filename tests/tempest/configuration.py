"""``tempest.conf``, made from what the driver and the cloud can do.

Called by ``tests.tempest.__main__``.  What the driver leaves to
``ComputeDriver``, which only raises, Tempest is told is not there; so a
method that is added is tested from then on without a change here.
"""

from collections.abc import Iterable
import configparser
import pathlib

from nova.virt import driver as nova_driver

from demo import catalog
from demo import directory as directories
from demo import ports
from demo import tenant
from novacontainer.virt import driver
from tests.tempest import guestimage

#: Tempest's name of a feature → the driver's methods that make it.
_FEATURES = {
    'change_password': ('set_admin_password',),
    'console_output': ('get_console_output',),
    'interface_attach': ('attach_interface', 'detach_interface'),
    'pause': ('pause', 'unpause'),
    'rescue': ('rescue', 'unrescue'),
    'resize': ('migrate_disk_and_power_off', 'finish_migration',
               'confirm_migration', 'finish_revert_migration'),
    'shelve': ('snapshot',),
    'snapshot': ('snapshot',),
    'spice_console': ('get_spice_console',),
    'suspend': ('suspend', 'resume'),
    'swap_volume': ('swap_volume',),
    'vnc_console': ('get_vnc_console',),
}
#: What one host, or this cloud, does not have.
_ABSENT = ('attach_encrypted_volume', 'cold_migration', 'live_migration',
           'serial_console', 'volume_multiattach', 'shelve_migrate')

#: name → (id, what it gives).
_FLAVORS = {'tempest-small': (101, {'ram': 128, 'vcpus': 1, 'disk': 1}),
            'tempest-large': (102, {'ram': 192, 'vcpus': 1, 'disk': 2})}


_POOL = 'tempest'


def offers(methods: Iterable[str]) -> bool:
    """Say whether the driver has all of these methods of its own."""
    return all(getattr(driver.ContainerDriver, name)
               is not getattr(nova_driver.ComputeDriver, name)
               for name in methods)


def write(directory: directories.Directory, path: pathlib.Path,
          image_ids: list[str]) -> None:
    """Write the file, and have the cloud hold what it names.

    :param path: of the file.
    :param image_ids: of the two guest images.
    """
    admin = catalog.connect(directory, 'admin')
    for name, (identity, gives) in _FLAVORS.items():
        if not admin.compute.find_flavor(name):
            admin.compute.create_flavor(name=name, id=str(identity), **gives)
    external = _network_defaults(admin.network)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict({
        **_access(directory, path.parent),
        **_compute(image_ids),
        **_network(external),
    })
    with path.open('w') as file:
        parser.write(file)


def _network_defaults(network: object) -> str:
    """Have what Neutron takes when a project asks for any network.

    :returns: id of the network of floating addresses.
    """
    external = network.find_network(tenant.EXTERNAL)
    network.update_network(external, is_default=True)
    if not network.find_subnet_pool(_POOL):
        network.create_subnet_pool(
            name=_POOL, prefixes=['10.40.0.0/16'], default_prefix_length=26,
            is_shared=True, is_default=True)
    return external.id


def _access(directory: directories.Directory,
            work: pathlib.Path) -> dict[str, dict[str, object]]:
    """Where the cloud is, and who its administrator is."""
    return {
        'DEFAULT': {'log_file': work / 'tempest.log', 'debug': False},
        'oslo_concurrency': {'lock_path': work / 'lock'},
        'auth': {
            'use_dynamic_credentials': True,
            'admin_username': 'admin',
            'admin_password': directory.password(),
            'admin_project_name': 'admin',
            'admin_domain_name': 'Default',
        },
        'identity': {
            'uri_v3': f'http://127.0.0.1:{ports.KEYSTONE}/v3',
            'auth_version': 'v3',
            'region': 'RegionOne',
        },
        'service_available': {
            'cinder': False, 'swift': False, 'horizon': False,
            'neutron': True, 'nova': True, 'glance': True,
        },
    }


def _compute(image_ids: list[str]) -> dict[str, dict[str, object]]:
    """What the compute service has, and how to get into a guest."""
    small, large = (identity for identity, _ in _FLAVORS.values())
    return {
        'compute': {
            'image_ref': image_ids[0],
            'image_ref_alt': image_ids[1],
            'flavor_ref': small,
            'flavor_ref_alt': large,
            'min_compute_nodes': 1,
            'max_microversion': 'latest',
            'build_interval': 1,
            'build_timeout': 180,
            'ready_wait': 0,
            'hypervisor_type': 'docker',
        },
        'compute-feature-enabled': {
            **{feature: offers(methods)
               for feature, methods in _FEATURES.items()},
            **dict.fromkeys(_ABSENT, False),
            # Its contents are files here, and Tempest looks for a disk.
            'config_drive': False,
            'metadata_service': True,
        },
        'validation': {
            'run_validation': True,
            'connect_method': 'floating',
            'image_ssh_user': 'root',
            'image_ssh_password': guestimage.PASSWORD,
            'ping_timeout': 90,
            'ssh_timeout': 90,
        },
        'image': {'http_image': ''},
        'image-feature-enabled': {'import_image': False},
        'scenario': {'dhcp_client': ''},
    }


def _network(external: str) -> dict[str, dict[str, object]]:
    """What Neutron has.

    :param external: id of the network of floating addresses.
    """
    return {
        'network': {
            'public_network_id': external,
            'floating_network_name': tenant.EXTERNAL,
            'project_networks_reachable': False,
            'shared_physical_network': False,
        },
        'network-feature-enabled': {
            'api_extensions': 'all', 'floating_ips': True, 'ipv6': True,
        },
    }
