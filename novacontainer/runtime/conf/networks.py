"""Options of networks: those that are not Neutron's."""

from oslo_config import cfg
from oslo_config import types

GROUP = 'networks'

_POOLS = ('172.17.0.0/16:16', '172.18.0.0/15:16', '172.20.0.0/14:16',
          '172.24.0.0/14:16', '172.28.0.0/14:16', '192.168.0.0/16:20')

OPTIONS = (
    cfg.StrOpt(
        'default',
        default='auto',
        choices=[
            ('auto', '"bridge" where this host can have bridges, else '
                     '"none", and whoever creates a container is told why'),
            ('bridge', 'a bridge with network address translation'),
            ('none', 'no interface but the loopback')],
        help='Network of containers that do not say which one they want. '
             'What Nova makes says so, and is not concerned.'),
    cfg.StrOpt(
        'cni_directory',
        default='/usr/lib/cni',
        help='Where the CNI plugins "bridge", "static" and "portmap" are, '
             "as in Debian's package containernetworking-plugins."),
    cfg.Opt(
        'bridge',
        type=types.String(max_length=15),
        default='nc0',
        help='Name of the bridge of the network "bridge". It is made when '
             'the first container is connected to it. Two daemons on one '
             'host need different ones.'),
    cfg.Opt(
        'bridge_subnet',
        type=types.String(regex=r'^(|[0-9.]+/[0-9]+)$'),
        default='',
        help='IPv4 subnet of the network "bridge", such as 172.17.0.0/16. '
             'Empty: the first one of the pools that neither another '
             'network nor a route of this host has.'),
    cfg.ListOpt(
        'pools',
        default=list(_POOLS),
        help='Where the IPv4 subnets come from of networks that do not say '
             'which one they want: BASE/LENGTH:SIZE, parts of SIZE bits are '
             'cut from the base.'),
    cfg.IntOpt(
        'mtu',
        default=0,
        min=0,
        max=65535,
        help='Largest packet, in bytes, on networks that do not say. 0: the '
             "kernel's default, 1500."),
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_opts(OPTIONS, group=GROUP)
