"""Where the store keeps its things under the data root.

Called by the composition root and by recovery; calls nothing.
"""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True, slots=True)
class DataPaths:
    """Paths below one data root (default ``/var/lib/novacontainer``)."""

    root: pathlib.Path

    @property
    def database(self) -> pathlib.Path:
        """The sqlite file of all records."""
        return self.root / 'novacontainer.sqlite'

    @property
    def blobs(self) -> pathlib.Path:
        """Bytes as they came: layers, by the digest of their content."""
        return self.root / 'blobs'

    @property
    def volumes(self) -> pathlib.Path:
        """Files that outlive containers, by name of the volume."""
        return self.root / 'volumes'

    @property
    def layers(self) -> pathlib.Path:
        """Unpacked layer trees, by diff_id."""
        return self.root / 'layers'
