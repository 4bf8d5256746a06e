"""The create body of an instance's container; pure.

Called by ``virt.containerops``; what it returns is sent to the runtime as
``POST /containers/create`` (Docker Engine API 1.44, Config with HostConfig).
Calls ``extraspecs``, ``limits``, ``process`` and ``resolver``.
"""

from collections.abc import Sequence
import typing

from nova.network import model
from nova.objects import image_meta as image_objects
from nova.objects import instance as instance_objects

from novacontainer.virt import extraspecs
from novacontainer.virt import limits
from novacontainer.virt import process
from novacontainer.virt import resolver

#: Label that every container of ours carries, and no other.
INSTANCE_LABEL = 'org.openstack.nova.instance'
#: Nova's short name of the instance (instance_name_template).
NAME_LABEL = 'org.openstack.nova.name'
PROJECT_LABEL = 'org.openstack.nova.project'


def container_name(instance: instance_objects.Instance) -> str:
    """Name by which the instance's container is found again."""
    return name_for(instance.uuid)


def name_for(uuid: str) -> str:
    """The same for an instance of which no more is known."""
    return f'nova-{uuid}'


def aside_name(instance: instance_objects.Instance) -> str:
    """Name of the instance's own container while another rescues it."""
    return f'{container_name(instance)}-rescued'


def build(
    instance: instance_objects.Instance,
    image_meta: image_objects.ImageMeta,
    reference: str,
    network_info: Sequence[model.VIF],
    *,
    pids_limit: int = 0,
    limit_disk: bool = True,
    mounts: Sequence[dict[str, typing.Any]] = (),
    terminal: bool = False,
) -> dict[str, typing.Any]:
    """Describe the container that an instance is.

    :param reference: the image's name in the runtime.
    :param pids_limit: for flavors that do not say; 0 means no limit.
    :param limit_disk: enforce the flavor's ``root_gb``.
    :param mounts: for ``HostConfig.Mounts``.
    :param terminal: run the process on a terminal that takes input.
    :raises: exception.ImageUnacceptable for an unreadable command line
    :raises: exception.InvalidInput for extra specs, properties or metadata
        that make no sense
    """
    hostname, _, domain = (instance.hostname or '').partition('.')
    servers, search = resolver.resolver(network_info)
    flavor = instance.flavor
    said = extraspecs.values(flavor)
    config = process.process(instance, image_meta, said)
    config['Labels'].update({
        INSTANCE_LABEL: instance.uuid,
        NAME_LABEL: instance.name,
        PROJECT_LABEL: instance.project_id or '',
    })
    return {
        'Image': reference,
        'Hostname': hostname,
        'Domainname': domain,
        **config,
        **({'Tty': True, 'OpenStdin': True} if terminal else {}),
        'HostConfig': {
            # The driver wires the interfaces itself.
            'NetworkMode': 'none',
            'Dns': servers,
            'DnsSearch': search,
            'ExtraHosts': _hosts(instance, network_info),
            'Mounts': list(mounts),
            # An instance's files are on its root disk: limited with it, and
            # in its snapshots.
            'ImageVolumeMode': 'ignore',
            **limits.limits(flavor, pids_limit=pids_limit),
            **(limits.root_disk(flavor) if limit_disk else {}),
            **extraspecs.isolation(said),
        },
    }


def _hosts(instance: instance_objects.Instance,
           network_info: Sequence[model.VIF]) -> list[str]:
    """Lines of /etc/hosts: the instance's own name and first addresses."""
    if not instance.hostname:
        return []
    addresses: dict[int, str] = {}
    for vif in network_info:
        for address in vif.fixed_ips():
            addresses.setdefault(address['version'], address['address'])
    names = dict.fromkeys(
        (instance.hostname, instance.hostname.partition('.')[0]))
    return [f'{name}:{addresses[version]}'
            for version in sorted(addresses) for name in names]
