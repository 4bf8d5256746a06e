"""From a record and a mounted root file system to an OCI document.

Called by ``service.preparation``.  Calls ``oci`` for the document and
``host.inroot`` to read the image's accounts.
"""

import pathlib

from novacontainer.runtime import exception
from novacontainer.runtime.host import inroot
from novacontainer.runtime import models
from novacontainer.runtime.oci import seccomp
from novacontainer.runtime.oci import spec as oci_spec
from novacontainer.runtime.oci import users
from novacontainer.runtime.service import config as container_config
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import resources

#: Longest passwd or group file that is believed.
ACCOUNTS_MAX_BYTES = 4 * 1024 * 1024


def describe(
    container: models.Container,
    rootfs: pathlib.Path,
    sandbox: models.SandboxPaths,
    cgroup_path: str,
    mounts: tuple[models.Mount, ...],
    links: tuple[str, ...] = (),
) -> models.ContainerSpec:
    """Return what ``oci.spec`` needs to know.

    :param mounts: what is mounted beside the defaults.
    :param links: variables that tell of linked containers.
    :raises InvalidRequest: the image does not have the user or group.
    """
    config, host = container.config, container.host_config
    passwd = accounts(rootfs, '/etc/passwd')
    user = users.resolve(
        config.get('User') or '', passwd, accounts(rootfs, '/etc/group'),
        host.get('GroupAdd') or ())
    return models.ContainerSpec(
        id=container.id,
        rootfs=rootfs,
        args=(*((isolation.INIT, '--') if host.get('Init') else ()),
              *(config.get('Entrypoint') or ()),
              *(config.get('Cmd') or ())),
        env=(*links, *_environment(config, users.home(user.uid, passwd))),
        cwd=config.get('WorkingDir') or '/',
        user=user,
        hostname=config['Hostname'],
        domainname=config.get('Domainname') or '',
        sandbox=sandbox,
        id_map=container.id_map,
        cgroup_path=cgroup_path,
        terminal=bool(config.get('Tty')),
        console_size=hostconfig.console_size(host),
        readonly_rootfs=bool(host.get('ReadonlyRootfs')),
        no_new_privileges=hostconfig.no_new_privileges(host),
        seccomp_unconfined=hostconfig.seccomp_unconfined(host),
        seccomp_profile=hostconfig.seccomp_profile(host),
        cap_add=tuple(host.get('CapAdd') or ()),
        cap_drop=tuple(host.get('CapDrop') or ()),
        resources=resources.limits(host),
        mounts=mounts,
        ulimits=resources.ulimits(host),
        sysctls=dict(host.get('Sysctls') or {}),
        shm_size_bytes=0 if host.get('IpcMode') == 'none' else (
            host.get('ShmSize') or resources.SHM_BYTES),
        oom_score_adj=host.get('OomScoreAdj') or 0,
        privileged=bool(host.get('Privileged')),
        host_namespaces=isolation.host_namespaces(host),
        devices=isolation.nodes(host),
        device_rules=isolation.device_rules(host),
        masked_paths=isolation.hidden_paths(host),
        readonly_paths=isolation.readonly_paths(host),
    )


def document(spec: models.ContainerSpec,
             cgroup_version: int) -> models.Json:
    """Return the runtime-spec document, with the system call filter."""
    return oci_spec.build(spec, cgroup_version=cgroup_version,
                          seccomp=seccomp.for_container(spec))


def _environment(config: models.Json, home: str) -> tuple[str, ...]:
    env = tuple(container_config.without_bare_names(config.get('Env') or ()))
    if any(entry.startswith('HOME=') for entry in env):
        return env
    return (*env, f'HOME={home}')


def accounts(rootfs: pathlib.Path, path: str) -> bytes:
    """Return a file of the image, b'' when it has none."""
    try:
        return inroot.open_in_root(rootfs, path, ACCOUNTS_MAX_BYTES)
    except exception.NotFound:
        return b''
