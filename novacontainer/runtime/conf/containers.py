"""Options of containers: identity, policy, and defaults."""

from oslo_config import cfg

GROUP = 'containers'

OPTIONS = (
    cfg.IntOpt(
        'userns_base',
        default=0x70000000,
        min=65536,
        max=0xFFFF0000,
        help='First host uid and gid of the pool from which each container '
             'gets 65536 of its own; a multiple of 65536. '
             'The pool must not overlap with accounts of this host or with '
             '/etc/subuid.'),
    cfg.IntOpt(
        'userns_count',
        default=4000,
        min=1,
        max=65535,
        help='How many ranges of 65536 ids the pool holds, which is the '
             'largest number of containers, stopped ones included.'),
    cfg.BoolOpt(
        'allow_host_userns',
        default=False,
        help='Allow HostConfig.UsernsMode "host": root in such a container '
             'is root of the host, held only by capabilities, seccomp and '
             'masked paths.'),
    cfg.BoolOpt(
        'allow_privileged',
        default=False,
        help='Allow HostConfig.Privileged, which gives a container every '
             "capability, every device and the host's user namespace, and "
             'DeviceCgroupRules and fewer MaskedPaths or ReadonlyPaths: '
             'whoever is root in such a container is root of the host.'),
    cfg.BoolOpt(
        'allow_host_namespaces',
        default=False,
        help='Allow IpcMode, PidMode, UTSMode, CgroupnsMode and NetworkMode '
             '"host".'),
    cfg.StrOpt(
        'netns_directory',
        default='/run/netns',
        help='Containers may use the network namespaces that are pinned in '
             'this directory, as by "ip netns add", but for those of other '
             'containers (HostConfig.NetworkMode "ns:/run/netns/NAME"). '
             'Empty: none.'),
    cfg.ListOpt(
        'allowed_devices',
        default=[],
        help='Device nodes of the host that containers may have '
             '(HostConfig.Devices): paths, in which ``*``, ``?`` and ``[]`` '
             'match as in a shell, and ``*`` also matches a slash. A '
             'container with a user namespace can use a node only where its '
             'mode lets others.'),
    cfg.ListOpt(
        'pluggable_devices',
        default=[],
        help='Block devices of the host that may be plugged into containers '
             '(an extension of the API, for volumes): patterns as in '
             "allowed_devices. They become the container's own, whose root "
             'may read and write all of them: name no disk that the host '
             'itself uses.'),
    cfg.ListOpt(
        'bind_roots',
        default=[],
        help='Directories of the host from which containers of clients that '
             'are not root get files as their own (HostConfig.Binds and '
             "Mounts, devices of volumes): the host's root is the "
             "container's root there, and other ids are the same. What root "
             'of the host asks to bind is always so.'),
    cfg.StrOpt(
        'init_path',
        default='/usr/bin/tini-static',
        help='Statically linked init program, which a container with '
             'HostConfig.Init has as its first process.'),
    cfg.StrOpt(
        'lxcfs_directory',
        default='/var/lib/lxcfs',
        help='Where lxcfs is mounted. While it is, containers that start '
             'see their own memory, processors and time of running in '
             '/proc. Empty: they see those of the host.'),
    cfg.IntOpt(
        'log_size_max_bytes',
        default=64 * 1024 * 1024,
        min=0,
        help='Size at which the log of a container starts anew, dropping '
             'what it held. 0 means that it may grow without limit.'),
    cfg.IntOpt(
        'stop_timeout_s',
        default=10,
        min=0,
        help='Seconds that a container gets to end after its stop signal '
             'before it is killed, when neither the request nor the '
             'container says otherwise.'),
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_opts(OPTIONS, group=GROUP)
