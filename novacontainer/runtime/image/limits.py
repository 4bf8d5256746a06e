"""What one untrusted image may cost this host.

Called by the services and the archive readers; calls nothing.  The
composition root fills it from the options (``runtime.conf.images``).
"""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; a load that goes past one is refused and undone.

    :param layer_bytes: sum of the file sizes of one unpacked layer.
    :param layer_entries: files and directories of one layer.
    :param layers: layers of one image; overlayfs itself takes 500.
    :param document_bytes: one JSON document (config, manifest, index).
    :param documents_bytes: all documents of one archive together, as they
        are kept in memory until the manifest is known.
    :param members: entries of the outer archive.
    """

    layer_bytes: int = 64 << 30
    layer_entries: int = 5_000_000
    layers: int = 127
    document_bytes: int = 8 << 20
    documents_bytes: int = 32 << 20
    members: int = 100_000
