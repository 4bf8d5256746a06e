"""Options of the engine: the OCI runtime and its monitor."""

from oslo_config import cfg

GROUP = 'engine'

OPTIONS = (
    cfg.StrOpt(
        'runtime',
        default='auto',
        help='OCI runtime that makes the containers: "auto" (crun where it '
             'works on this host, else runc), or the name or the path of '
             'one that speaks the same command line. The daemon refuses to '
             'start when the one that is named does not work here.'),
    cfg.StrOpt(
        'conmon_path',
        default='conmon',
        help='Path of conmon, or its name to be looked up in PATH. One '
             'conmon per container holds its output and exit code, so that '
             'containers outlive the daemon.'),
    cfg.StrOpt(
        'cgroup_parent',
        default='novacontainer',
        regex=r'^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$',
        help='Cgroup below which every container gets a cgroup of its own, '
             'relative to the root of the hierarchy.'),
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_opts(OPTIONS, group=GROUP)
