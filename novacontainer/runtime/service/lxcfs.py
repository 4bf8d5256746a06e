"""A view of /proc that shows a container's own limits: lxcfs.

Called by ``service.preparation`` (mounts) and ``runtime.daemon``, which has
``service.system`` tell about it.  Calls the file system.

lxcfs is a daemon of its own that serves files in FUSE (package ``lxcfs``).
Each container that starts while it lives gets them in the place of the
kernel's: memory and swap by its limits, processors by its cpuset (with
``lxcfs --enable-cfs`` by its quota), and the time since its own start.  A
container that has them loses them when lxcfs dies, until it starts again.
"""

import os
import pathlib

from novacontainer.runtime import models

#: What lxcfs 5 has and the OCI runtimes let pass (lxcfs(1)).
_FILES = ('cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'stat', 'swaps',
          'uptime')

_OPTIONS = ('bind', 'rprivate', 'nosuid', 'nodev', 'noexec')


class Lxcfs:
    """What lxcfs serves on this host, if it does.

    :param directory: where it is mounted; '' for nowhere.
    """

    def __init__(self, directory: str) -> None:
        self._proc = pathlib.Path(directory) / 'proc' if directory else None

    def mounts(self, container: models.Container,
               ) -> tuple[models.Mount, ...]:
        """Return what a container gets in its /proc, when lxcfs lives.

        A privileged one sees what the host sees.
        """
        if self._proc is None or container.host_config.get('Privileged'):
            return ()
        if self.status() != 'live':
            return ()
        return tuple(
            models.Mount('bind', str(self._proc / name), f'/proc/{name}',
                         _OPTIONS)
            for name in _FILES if (self._proc / name).exists())

    def status(self) -> str:
        """Say ``live``, ``dead`` (it was killed), ``absent`` or ``off``."""
        if self._proc is None:
            return 'off'
        try:
            # ENOTCONN where the daemon behind a FUSE mount has gone.
            (self._proc / 'meminfo').stat()
        except (FileNotFoundError, NotADirectoryError):
            return 'absent'
        except OSError:
            return 'dead'
        return 'live' if os.path.ismount(self._proc.parent) else 'absent'
