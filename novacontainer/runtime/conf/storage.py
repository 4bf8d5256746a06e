"""Options of storage: what the root file systems of containers are made of."""

from oslo_config import cfg

GROUP = 'storage'

OPTIONS = (
    cfg.StrOpt(
        'driver',
        default='auto',
        choices=[
            ('auto', 'What the data root was made with; else overlay where '
                     'it works, else btrfs, else vfs.'),
            ('overlay', 'Overlayfs: layers are shared by all containers.'),
            ('btrfs', 'Snapshots; the data root must lie on btrfs.'),
            ('vfs', 'A full copy of the image for each container: slow and '
                    'large, and works on every local file system.')],
        help='Storage driver. A data root belongs to the driver that it was '
             'made with until its containers and images are removed.'),
)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register this group on ``conf``."""
    conf.register_opts(OPTIONS, group=GROUP)
