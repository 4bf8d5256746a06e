"""``tempest.conf``, made from what the driver and the cloud can do.

Called by ``tests.tempest.__main__``.  Tempest is told what the driver has by
the table that the support matrix is held against; so a feature that is added
is tested from then on without a change here.
"""

import configparser
import pathlib

from demo import catalog
from demo import directory as directories
from demo import ports
from demo import tenant
from tests import features
from tests.tempest import guestimage

#: Tempest's name → what it needs of the support matrix.
_FEATURES = {
    'change_password': ('set-admin-password',),
    'console_output': ('console-log',),
    'interface_attach': ('attach-interface', 'detach-interface'),
    'live_migration': ('live-migrate',),
    'pause': ('pause', 'unpause'),
    'personality': ('file-injection',),
    'rescue': ('rescue', 'unrescue'),
    'resize': ('resize',),
    'serial_console': ('serial-console',),
    'shelve': ('shelve',),
    'snapshot': ('snapshot',),
    # The same, with an image of its own and volumes that stay.
    'stable_rescue': ('rescue', 'unrescue'),
    'suspend': ('suspend', 'resume'),
    'swap_volume': ('swap-volume',),
    'vnc_console': ('graphical-console',),
    'volume_multiattach': ('multiattach-volume',),
}
#: What one host does not have, and this cloud has not set up: encryption
#: needs a key manager.
_ABSENT = ('attach_encrypted_volume', 'cold_migration', 'ide_bus',
           'shelve_migrate', 'spice_console')

#: name → (id, what it gives).
_FLAVORS = {'tempest-small': (101, {'ram': 128, 'vcpus': 1, 'disk': 1}),
            'tempest-large': (102, {'ram': 192, 'vcpus': 1, 'disk': 2})}
#: Tests set up interfaces and change addresses from inside.
_EXTRA_SPECS = {'novacontainer:capabilities': 'NET_ADMIN'}

_POOL = 'tempest'
_VOLUME_TYPE = 'tempest-multiattach'


def write(directory: directories.Directory, path: pathlib.Path,
          image_ids: list[str]) -> None:
    """Write the file, and have the cloud hold what it names.

    :param path: of the file.
    :param image_ids: of the two guest images.
    """
    admin = catalog.connect(directory, 'admin')
    for name, (identity, gives) in _FLAVORS.items():
        if not admin.compute.find_flavor(name):
            made = admin.compute.create_flavor(
                name=name, id=str(identity), **gives)
            admin.compute.create_flavor_extra_specs(made, _EXTRA_SPECS)
    external = _network_defaults(admin.network)
    if not admin.block_storage.find_type(_VOLUME_TYPE):
        admin.block_storage.create_type(
            name=_VOLUME_TYPE, extra_specs={'multiattach': '<is> True'})
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict({
        **_access(directory, path.parent),
        **_compute(directory, image_ids),
        **_network(external),
        **_volumes(),
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
            'cinder': True, 'swift': False, 'horizon': False,
            'neutron': True, 'nova': True, 'glance': True,
        },
    }


def compute_features() -> dict[str, bool]:
    """What Tempest calls the features; the DevStack plugin asks as well."""
    return {
        **{name: features.complete(*needs)
           for name, needs in _FEATURES.items()},
        **dict.fromkeys(_ABSENT, False),
        # Its contents are files here, and Tempest looks for a disk.
        'config_drive': False,
        'metadata_service': True,
        'hostname_fqdn_sanitization': True,
    }


def _compute(directory: directories.Directory,
             image_ids: list[str]) -> dict[str, dict[str, object]]:
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
        'compute-feature-enabled': compute_features(),
        'validation': {
            'run_validation': True,
            'connect_method': 'floating',
            'image_ssh_user': 'root',
            'image_ssh_password': guestimage.PASSWORD,
            'image_alt_ssh_password': guestimage.PASSWORD,
            'ping_timeout': 90,
            'ssh_timeout': 90,
        },
        'image': {'http_image': ''},
        'image-feature-enabled': {'import_image': False},
        'scenario': {
            'dhcp_client': 'udhcpc',
            'img_file': guestimage.compressed_path(directory),
            'img_container_format': 'docker',
            'img_disk_format': 'raw',
        },
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
            'ipv6_subnet_attributes': True, 'port_security': True,
        },
    }


def _volumes() -> dict[str, dict[str, object]]:
    """What Cinder has."""
    return {
        'volume': {
            'catalog_type': 'volumev3',
            'max_microversion': 'latest',
            'volume_type_multiattach': _VOLUME_TYPE,
        },
        'volume-feature-enabled': {
            'backup': False, 'extend_attached_volume': True,
        },
    }
