"""Capabilities that this process could give to a child.

Called by ``engine.supervised``.  Calls /proc.
"""

#: Names by number (include/uapi/linux/capability.h), up to Linux 5.9.
NAMES = (
    'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER',
    'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETPCAP',
    'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST',
    'CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER',
    'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_CHROOT', 'CAP_SYS_PTRACE',
    'CAP_SYS_PACCT', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE',
    'CAP_SYS_RESOURCE', 'CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG', 'CAP_MKNOD',
    'CAP_LEASE', 'CAP_AUDIT_WRITE', 'CAP_AUDIT_CONTROL', 'CAP_SETFCAP',
    'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_WAKE_ALARM',
    'CAP_BLOCK_SUSPEND', 'CAP_AUDIT_READ', 'CAP_PERFMON', 'CAP_BPF',
    'CAP_CHECKPOINT_RESTORE',
)


def bounding(status_path: str = '/proc/self/status') -> frozenset[str]:
    """Return the bounding set of this process (capabilities(7)).

    A service manager, or a container around this one, may have cut it.
    """
    with open(status_path, encoding='ascii', errors='replace') as status:
        for line in status:
            name, _, value = line.partition(':')
            if name == 'CapBnd':
                bits = int(value, 16)
                return frozenset(NAMES[number] for number in range(len(NAMES))
                                 if bits >> number & 1)
    return frozenset(NAMES)
