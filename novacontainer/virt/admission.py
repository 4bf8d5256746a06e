"""What a build is refused for before anything is made; pure.

Called by ``virt.containerops``.  A container that lacks what was asked for
would look like a success, so the build fails and its fault says what to do.
"""

import typing

from nova import exception
from nova.objects import image_meta as image_objects
from nova.objects import instance as instance_objects
from nova.virt import driver

from novacontainer.client import images
from novacontainer.virt import limits

_GIB = 1024 ** 3


def check(
    instance: instance_objects.Instance,
    block_device_info: dict[str, typing.Any] | None,
) -> None:
    """Say no to what would silently be missing from the instance.

    :raises: exception.InvalidInput for limits that make no sense
    :raises: exception.BuildAbortException
    """
    limits.traffic(instance.flavor)
    volumes = driver.block_device_info_get_mapping(block_device_info)
    if any(volume.get('boot_index') == 0 for volume in volumes):
        raise exception.BuildAbortException(
            instance_uuid=instance.uuid,
            reason='A container does not boot from a volume: boot from an '
                   'image, and attach the volume beside it.')


def require_command(
    image_meta: image_objects.ImageMeta,
    image: images.Image,
    body: dict[str, typing.Any],
) -> None:
    """Say no to an image that nothing says how to run.

    :param body: the container's create body.
    :raises: exception.ImageUnacceptable
    """
    if image.command or body.get('Cmd'):
        return
    raise exception.ImageUnacceptable(
        image_id=image_meta.id,
        reason='it names no command. Give it a CMD, or set the image '
               'property os_command_line.')


def require_disk(
    instance: instance_objects.Instance,
    image: images.Image,
) -> None:
    """Say no to an image that is larger than the flavor's root disk.

    nova-api compares the archive in Glance, which may be compressed; here
    the files count that it holds.

    :raises: exception.FlavorDiskSmallerThanImage
    """
    disk_bytes = instance.flavor.root_gb * _GIB
    if disk_bytes and image.size_bytes > disk_bytes:
        raise exception.FlavorDiskSmallerThanImage(
            flavor_size=disk_bytes, image_size=image.size_bytes)
