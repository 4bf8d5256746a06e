"""What a container gets when nobody asks for anything else: Docker's set.

Called by ``oci.spec``.  A leaf: data and pure functions.

Sources: Docker's documented defaults ("Runtime privilege and Linux
capabilities" in the docker run reference) and the runtime-spec's
config-linux.md.
"""

from collections.abc import Sequence

from novacontainer.runtime import exception
from novacontainer.runtime import models

PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

#: Capabilities of a container's root (capabilities(7)).
CAPABILITIES = frozenset({
    'CAP_AUDIT_WRITE', 'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER',
    'CAP_FSETID', 'CAP_KILL', 'CAP_MKNOD', 'CAP_NET_BIND_SERVICE',
    'CAP_NET_RAW', 'CAP_SETFCAP', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_SETUID',
    'CAP_SYS_CHROOT',
})

#: Every capability of Linux 5.9, the newest set that crun 1.8 knows.
ALL_CAPABILITIES = CAPABILITIES | frozenset({
    'CAP_AUDIT_CONTROL', 'CAP_AUDIT_READ', 'CAP_BLOCK_SUSPEND', 'CAP_BPF',
    'CAP_CHECKPOINT_RESTORE', 'CAP_DAC_READ_SEARCH', 'CAP_IPC_LOCK',
    'CAP_IPC_OWNER', 'CAP_LEASE', 'CAP_LINUX_IMMUTABLE', 'CAP_MAC_ADMIN',
    'CAP_MAC_OVERRIDE', 'CAP_NET_ADMIN', 'CAP_NET_BROADCAST', 'CAP_PERFMON',
    'CAP_SYSLOG', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_MODULE',
    'CAP_SYS_NICE', 'CAP_SYS_PACCT', 'CAP_SYS_PTRACE', 'CAP_SYS_RAWIO',
    'CAP_SYS_RESOURCE', 'CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG',
    'CAP_WAKE_ALARM',
})

#: Hidden: they tell about, or reach into, the host.
MASKED_PATHS = (
    '/proc/acpi',
    '/proc/asound',
    '/proc/interrupts',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/sys/devices/virtual/powercap',
    '/sys/firmware',
)

#: Readable, because programs look there, but settings of the host.
READONLY_PATHS = (
    '/proc/bus',
    '/proc/fs',
    '/proc/irq',
    '/proc/sys',
    '/proc/sysrq-trigger',
)


def capabilities(add: Sequence[str], drop: Sequence[str],
                 privileged: bool = False) -> frozenset[str]:
    """Return the capabilities after adding and dropping, as Docker does.

    :param add: names with or without ``CAP_``, any case; ``ALL`` is all.
    :param drop: likewise; what is in both lists is kept, except that
        dropping ``ALL`` drops the defaults first.
    :raises InvalidRequest: an unknown name.
    """
    if privileged:
        return ALL_CAPABILITIES
    added, dropped = _names(add), _names(drop)
    if 'CAP_ALL' in added:
        return ALL_CAPABILITIES - dropped
    kept = frozenset() if 'CAP_ALL' in dropped else CAPABILITIES - dropped
    return kept | added


def _names(words: Sequence[str]) -> frozenset[str]:
    names = set()
    for word in words:
        name = word.upper()
        if not name.startswith('CAP_'):
            name = f'CAP_{name}'
        if name != 'CAP_ALL' and name not in ALL_CAPABILITIES:
            raise exception.InvalidRequest(
                f'Unknown capability: {word}', 'container.capability')
        names.add(name)
    return frozenset(names)


def environment(env: Sequence[str], hostname: str,
                terminal: bool) -> list[str]:
    """Return ``env`` with PATH, HOSTNAME and TERM added where missing."""
    given = {entry.partition('=')[0] for entry in env}
    standard = {'PATH': PATH, 'HOSTNAME': hostname}
    if terminal:
        standard['TERM'] = 'xterm'
    return [f'{name}={value}' for name, value in standard.items()
            if name not in given] + list(env)


def mounts(shm_size_bytes: int,
           privileged: bool = False,
           bind_sys: bool = False) -> tuple[models.Mount, ...]:
    """Return the mounts that every container has, in order.

    :param bind_sys: /sys is that of the host, since no other can be made.
    """
    kernel = ('nosuid', 'noexec', 'nodev')
    readonly = () if privileged else ('ro',)
    return (
        models.Mount('proc', 'proc', '/proc', kernel),
        models.Mount('tmpfs', 'tmpfs', '/dev',
                     ('nosuid', 'strictatime', 'mode=755', 'size=65536k')),
        models.Mount('devpts', 'devpts', '/dev/pts',
                     ('nosuid', 'noexec', 'newinstance', 'ptmxmode=0666',
                      'mode=0620', 'gid=5')),
        models.Mount('bind', '/sys', '/sys',
                     ('rbind', 'rprivate', *kernel, 'ro')) if bind_sys
        else models.Mount('sysfs', 'sysfs', '/sys', (*kernel, *readonly)),
        models.Mount('cgroup', 'cgroup', '/sys/fs/cgroup',
                     (*readonly, *kernel, 'relatime')),
        models.Mount('mqueue', 'mqueue', '/dev/mqueue', kernel),
        models.Mount('tmpfs', 'shm', '/dev/shm',  # noqa: S108
                     (*kernel, 'mode=1777', f'size={shm_size_bytes}')),
    )


def sysctls(id_map: models.IdMap | None) -> dict[str, str]:
    """Return the settings of a network namespace of one's own.

    Any process may bind low ports and send pings, as in Docker's containers
    since 20.10.  The group range has to be one that the user namespace maps.
    """
    last_group = id_map.size - 1 if id_map else 2147483647
    return {'net.ipv4.ip_unprivileged_port_start': '0',
            'net.ipv4.ping_group_range': f'0 {last_group}'}
