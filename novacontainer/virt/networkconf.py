"""Options of the driver's networking, in nova.conf's ``[novacontainer]``.

Called by ``virt.networkops``, which registers them, and by ``virt.conf``,
which lists them for the option reference.
"""

from oslo_config import cfg

GROUP = 'novacontainer'

OPTS = [
    cfg.StrOpt(
        'vif_checksum_offload',
        default='auto',
        choices=[
            ('auto', 'on where Neutron says that the port is bound to the '
                     "kernel's datapath, off elsewhere"),
            ('on', 'always on'),
            ('off', 'always off'),
        ],
        help="""
Whether a container's interfaces leave transmit checksums to the device.

A userspace Open vSwitch (``datapath_type=netdev``) forwards such packets
with checksums that were never filled in, and TCP connections hang. Set this
to ``off`` where a network back end does the same without Neutron telling.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options to ``conf``; may be called again."""
    conf.register_opts(OPTS, group=GROUP)
