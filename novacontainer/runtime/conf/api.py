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
             'image) at the same time. They are kept apart so that a large '
             'image never delays a stop. A transfer that waits for its '
             'client lets another one work meanwhile.'),
    cfg.IntOpt(
        'patience',
        default=300,
        min=1,
        help='Seconds that a client may be silent: before its first request '
             'or the next one, while it sends one (it is then answered 408), '
             'or while it takes an image.'),
    cfg.IntOpt(
        'connections',
        default=0,
        min=0,
        help='Number of clients that may be connected at the same time; '
             'more are answered 503. Each one that follows logs, events or '
             'a container counts. 0 stands for half of the open files that '
             'the daemon may have (LimitNOFILE of its service), and at the '
             'most 4096.'),
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_opts(OPTIONS, group=GROUP)
