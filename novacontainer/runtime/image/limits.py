"""What one untrusted image may cost this host.

Called by the services and the archive readers; calls nothing.  The
composition root fills it from the options (``runtime.conf.images``).
"""

import dataclasses

#: What a tar spends on an entry beside its data, generously.
ENTRY_BYTES = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; a load that goes past one is refused and undone.

    :param layer_bytes: sum of the file sizes of one unpacked layer.
    :param layer_entries: files and directories of one layer.
    :param layers: layers of one image; overlayfs itself takes 500.
    :param document_bytes: one JSON document (config, manifest, index).
    :param documents_bytes: all documents of one archive together, as they
        are kept in memory until the manifest is known.
        The names of all members count too, as they are kept as well.
    :param members: entries of the outer archive.
    :param archive_layers: members of one archive that are unpacked, as each
        could be a layer until the manifest is known.
    :param archive_images: images of one archive.
    :param archive_names: names that an archive gives to its images.
    """

    layer_bytes: int = 64 << 30
    layer_entries: int = 5_000_000
    layers: int = 127
    document_bytes: int = 8 << 20
    documents_bytes: int = 16 << 20
    members: int = 100_000
    archive_layers: int = 2000
    archive_images: int = 1000
    archive_names: int = 10_000

    @property
    def layer_tar_bytes(self) -> int:
        """Largest tar of a layer: its files, and what surrounds them."""
        return self.layer_bytes + self.layer_entries * ENTRY_BYTES
