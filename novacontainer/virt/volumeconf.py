"""Options of the driver's volumes, in nova.conf's ``[novacontainer]``.

Called by ``virt.connections``, which registers them, and by ``virt.conf``,
which lists them for the option reference.
"""

from oslo_config import cfg

GROUP = 'novacontainer'

OPTS = [
    cfg.BoolOpt(
        'volume_use_multipath',
        default=False,
        help="""
Whether volumes are connected over all paths that their storage offers.

It needs multipathd on the host, for iSCSI and Fibre Channel, or the kernel's
own multipathing, for NVMe over Fabrics.
"""),
    cfg.BoolOpt(
        'volume_enforce_multipath',
        default=False,
        help="""
Whether a volume is refused where ``volume_use_multipath`` is set and the host
has no multipathing that runs, instead of being connected over one path.
"""),
    cfg.IntOpt(
        'volume_scan_attempts',
        default=5,
        min=1,
        help="""
How often the host is asked for the device of a volume that was connected.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Make the options known."""
    conf.register_opts(OPTS, group=GROUP)
