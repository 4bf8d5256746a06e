"""Options of the engine: the OCI runtime and its monitor."""

from oslo_config import cfg

GROUP = 'engine'

OPTIONS = (
    cfg.StrOpt(
        'runtime',
        default='auto',
        choices=[
            ('auto', 'crun where it works on this host, else runc'),
            ('crun', 'crun, and refuse to start when it does not work'),
            ('runc', 'runc, and refuse to start when it does not work'),
        ],
        help='OCI runtime that makes the containers.'),
    cfg.StrOpt(
        'crun_path',
        default='crun',
        help='Path of crun, or its name to be looked up in PATH.'),
    cfg.StrOpt(
        'runc_path',
        default='runc',
        help='Path of runc, or its name to be looked up in PATH.'),
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
