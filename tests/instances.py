"""Builds Nova's instances and image descriptions for tests."""

from nova.compute import vm_states
from nova import objects
from oslo_utils.fixture import uuidsentinel as uuids

objects.register_all()


def instance(extra_specs=None, swap=0, **fields):
    """An instance as the driver gets it in a build."""
    fields = {
        'id': 1,
        'uuid': uuids.instance,
        'project_id': uuids.project,
        'hostname': 'web',
        'metadata': {},
        'system_metadata': {},
        'image_ref': uuids.image,
        'config_drive': '',
        'launched_at': None,
        'vm_state': vm_states.ACTIVE,
        'trusted_certs': None,
        'flavor': objects.Flavor(
            name='m1.tiny', memory_mb=64, vcpus=2, root_gb=1,
            ephemeral_gb=0, swap=swap, extra_specs=extra_specs or {}),
        **fields,
    }
    return objects.Instance(**fields)


def image_meta(**fields):
    """A Glance image as the driver gets it in a build."""
    return objects.ImageMeta.from_dict({
        'id': uuids.image,
        'name': 'nginx',
        'checksum': 'c0ffee' * 6,
        'container_format': 'docker',
        'disk_format': 'raw',
        'properties': {},
        **fields,
    })
