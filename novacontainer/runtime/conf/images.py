"""Options of the image store: bounds for what an untrusted image may cost."""

from oslo_config import cfg

GROUP = 'images'

OPTIONS = (
    cfg.IntOpt(
        'layer_size_max_bytes',
        default=64 * 1024 ** 3,
        min=1024 ** 2,
        help='Largest unpacked size of one layer. A load that goes past '
             'it is refused and undone.'),
    cfg.IntOpt(
        'layer_entries_max',
        default=5_000_000,
        min=1000,
        help='Largest number of files and directories in one layer.'),
    cfg.IntOpt(
        'layers_max',
        default=127,
        min=1,
        max=500,
        help='Largest number of layers of one image.'),
    cfg.ListOpt(
        'import_directories',
        default=[],
        help='Directories of this host from which clients may have images '
             'imported by naming a file and its checksum, instead of sending '
             'it: such as the directory of a Glance whose file system store '
             'is shared. Every client that may use the socket can have any '
             'image in there. Empty: none.'),
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_opts(OPTIONS, group=GROUP)
