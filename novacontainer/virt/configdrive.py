"""Config drives: the metadata of an instance as files inside it.

Called by ``virt.containerops``; calls Nova's metadata.  There is no block
device: the files lie in a directory of the host, below ``instances_path``,
which the container sees read-only in two places.  So they are not part of its
root file system, nor of snapshots.
"""

from collections.abc import Sequence
import os
import shutil
import tempfile
import typing

from nova.api.metadata import base as metadata
from nova import exception
from nova.network import model
from nova.objects import instance as instance_objects
from nova.virt import configdrive

from novacontainer.virt import conf

CONF = conf.CONF

#: Where cloud-init looks without a device (its data source ConfigDrive), and
#: where people mount a config drive by Nova's documentation.
TARGETS = ('/var/lib/cloud/seed/config_drive', '/mnt/config')

_NAME = 'config_drive'
#: The container's root is nobody in particular on the host.
_DIRECTORY_MODE = 0o755
_FILE_MODE = 0o644


def required_by(instance: instance_objects.Instance) -> bool:
    """Whether the request, the image or nova.conf asks for one."""
    return bool(configdrive.required_by(instance))


def path(instance: instance_objects.Instance) -> str:
    """The directory on the host, made or not."""
    return os.path.join(_home(instance), _NAME)


def mounts(
    instance: instance_objects.Instance,
) -> list[dict[str, typing.Any]]:
    """What HostConfig's Mounts says of it (Docker Engine API 1.44)."""
    if not required_by(instance):
        return []
    return [{'Type': 'bind', 'Source': path(instance), 'Target': target,
             'ReadOnly': True} for target in TARGETS]


def make(
    instance: instance_objects.Instance,
    network_info: Sequence[model.VIF],
    *,
    files: Sequence[tuple[str, str | bytes]] = (),
    admin_password: str | None = None,
) -> None:
    """Write the directory, if the instance is to have one; all or nothing.

    :param files: paths and contents, which go into the metadata as well.
    :raises: exception.InstanceDeployFailure when the disk does not take it
    """
    if not required_by(instance):
        return
    content = metadata.InstanceMetadata(
        instance, content=list(files), network_info=network_info,
        extra_md={'admin_pass': admin_password} if admin_password else {})
    home = _home(instance)
    try:
        os.makedirs(home, _DIRECTORY_MODE, exist_ok=True)
        fresh = tempfile.mkdtemp(prefix=f'{_NAME}-', dir=home)
        for name, data in content.metadata_for_config_drive():
            _write(fresh, name, data)
        os.chmod(fresh, _DIRECTORY_MODE)
        shutil.rmtree(path(instance), ignore_errors=True)
        os.rename(fresh, path(instance))
    except OSError as error:
        remove(instance)
        raise exception.InstanceDeployFailure(
            reason=f'The config drive cannot be written: {error}.'
            ) from error


def remove(instance: instance_objects.Instance) -> None:
    """Remove it; fine when there is none."""
    shutil.rmtree(_home(instance), ignore_errors=True)


def _home(instance: instance_objects.Instance) -> str:
    return os.path.join(CONF.instances_path, instance.uuid)


def _write(top: str, name: str, data: str | bytes) -> None:
    directory = top
    for part in os.path.dirname(name).split('/'):
        directory = os.path.join(directory, part)
        if not os.path.isdir(directory):
            os.mkdir(directory)
            # Whatever the umask of nova-compute is.
            os.chmod(directory, _DIRECTORY_MODE)
    place = os.path.join(top, name)
    with open(place, 'wb') as file:
        file.write(data.encode() if isinstance(data, str) else data)
    os.chmod(place, _FILE_MODE)
