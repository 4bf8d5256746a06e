"""Options of the daemon as a whole: its directories and its socket.

They stand in ``[DEFAULT]`` so that each is also a plain command line switch
(``--data-root``, ``--run-root``, ``--socket``).
"""

from oslo_config import cfg
from oslo_config import types

GROUP = 'DEFAULT'

OPTIONS = (
    cfg.StrOpt(
        'data-root',
        default='/var/lib/novacontainer',
        help='Directory for everything that must survive a reboot: images, '
             'the writable layers of containers, their logs and the '
             'database. It must lie on a local file system; on ext4, xfs or '
             'btrfs overlayfs works, elsewhere another storage driver is '
             'used. One daemon at a time may use it.'),
    cfg.StrOpt(
        'run-root',
        default='/run/novacontainer',
        help='Directory for what is gone after a reboot: pinned '
             'namespaces, bundles, exit codes and sockets. It must not be '
             'shared by two daemons.'),
    cfg.StrOpt(
        'socket',
        default='/run/novacontainer/novacontainerd.sock',
        help='Unix socket on which the API is served. There is no TCP '
             'listener, because whoever can speak to this API controls '
             'every container of the host.'),
    cfg.StrOpt(
        'socket-group',
        default='novacontainer',
        help='Group that may use the socket. Members control every '
             'container of this host. When the group does not exist the '
             'socket stays with root alone, and a warning says so.'),
    cfg.Opt(
        'socket-mode',
        type=types.String(regex=r'^0?[0-7]{3}$'),
        default='0660',
        help='Permission bits of the socket, in octal.'),
)

#: The options that may also be given as command line switches.
CLI_OPTIONS = OPTIONS[:4]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_cli_opts(CLI_OPTIONS)
    conf.register_opts(OPTIONS[len(CLI_OPTIONS):])
