"""Options of the HTTP API: how much work it takes on at once."""

from oslo_config import cfg

GROUP = 'api'

OPTIONS = (
    cfg.IntOpt(
        'read_workers',
        default=8,
        min=1,
        help='Number of threads that serve look-ups (inspect, list).'),
    cfg.IntOpt(
        'workers',
        default=32,
        min=2,
        help='Number of threads that serve changes (create, start, stop …). '
             'A stop occupies one until the container is down. Requests '
             'above this number wait their turn.'),
    cfg.IntOpt(
        'bulk_workers',
        default=4,
        min=1,
        help='Number of threads that move bulk data (load and save an '
             'image). They are kept apart so that a large image never '
             'delays a stop.'),
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_opts(OPTIONS, group=GROUP)
