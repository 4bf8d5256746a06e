"""Volumes as mounts that are attached nowhere yet.

Called by ``service.staging`` and ``service.copyup``.  Calls
``service.volumes``, ``host.mounts``, ``storage.diskimage``.

Whatever a volume is, :meth:`VolumeMounts.clone` gives a detached mount of
it, with its files' ids as they are on the disk.  A tmpfs is a mount itself:
it stays at the volume's directory for as long as somebody has it.
"""

from collections.abc import Iterable, Iterator, Mapping
import contextlib
import errno
import os
import pathlib
import threading

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import inroot
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import volumes
from novacontainer.runtime.service import volumespec
from novacontainer.runtime.storage import diskimage

LOG = logging.getLogger(__name__)


class VolumeMounts:
    """Mounts of the volumes of one daemon."""

    def __init__(self, service: volumes.VolumeService,
                 policy: bindpolicy.Policy) -> None:
        self._volumes = service
        self._policy = policy
        self._guard = threading.Lock()
        # Of which tmpfs volume there are how many holders.
        self._holders: dict[str, set[str]] = {}

    def clone(self, volume: models.Volume, subpath: str,
              holder: str) -> int:
        """Return a descriptor of a detached mount of a volume.

        :param holder: who has it until :meth:`release`, should it be a
            tmpfs.
        :raises InvalidRequest: its directory of the host, or the part of
            it, is not there.
        :raises OSError: the kernel refused.
        """
        found = self._clone(volume, subpath, holder)
        if volumespec.is_readonly(volume):
            try:
                mounts.restrict(found, mounts.MOUNT_ATTR_RDONLY, True)
            except OSError:
                os.close(found)
                raise
        return found

    def get(self, name: str) -> models.Volume:
        """Return the volume of this name.

        :raises NotFound: there is none.
        """
        return self._volumes.get(name)

    def tell(self, name: str, action: str,
             attributes: Mapping[str, str]) -> None:
        """Publish what happened to a volume."""
        self._volumes.tell(name, action, attributes)

    def _clone(self, volume: models.Volume, subpath: str,
               holder: str) -> int:
        if volumespec.size_bytes(volume.options):
            return diskimage.detached(self._volumes.disk(volume.name))
        if device := volumespec.device(volume.options):
            with self._device(volume, device) as directory:
                return _clone(volume, directory, subpath, recursive=True)
        if volumespec.is_tmpfs(volume):
            self._hold(volume, holder)
        return _clone(
            volume, str(self._volumes.path(volume.name)), subpath)

    @contextlib.contextmanager
    def opened(self, volume: models.Volume) -> Iterator[pathlib.Path]:
        """Give the directory of a volume's files, but of a tmpfs.

        :raises: as :meth:`clone`.
        """
        if volumespec.size_bytes(volume.options):
            with diskimage.mounted(self._volumes.disk(volume.name)) as path:
                yield path
        elif device := volumespec.device(volume.options):
            with self._device(volume, device) as directory:
                yield pathlib.Path(directory)
        else:
            yield self._volumes.path(volume.name)

    def release(self, holder: str) -> None:
        """Drop what somebody held; a tmpfs goes with its last holder.

        :raises OSError: the kernel refused.
        """
        with self._guard:
            for name, holders in list(self._holders.items()):
                holders.discard(holder)
                if not holders:
                    del self._holders[name]
                    self._drop(name)

    def resume(self, holders: Iterable[models.Container]) -> None:
        """Learn, when the daemon starts, who holds what; drop the rest."""
        found: dict[str, set[str]] = {}
        for container in holders:
            for point in container.mounts:
                found.setdefault(point.source, set()).add(container.id)
        for volume in self._volumes.list({}):
            if not volumespec.is_tmpfs(volume):
                continue
            if users := found.get(volume.name):
                self._holders[volume.name] = users
                continue
            try:
                self._drop(volume.name)
            except OSError as error:
                LOG.error('The tmpfs of volume %s could not be unmounted: '
                          '%s', volume.name, error)

    def _hold(self, volume: models.Volume, holder: str) -> None:
        path = self._volumes.path(volume.name)
        with self._guard:
            if not os.path.ismount(path):
                words = volumespec.tmpfs_words(volume)
                flags = mounts.MS_NOSUID | mounts.MS_NODEV
                if 'noexec' in words:
                    flags |= mounts.MS_NOEXEC
                mounts.mount(
                    'tmpfs', str(path), 'tmpfs', flags,
                    ','.join(word for word in words if '=' in word))
            self._holders.setdefault(volume.name, set()).add(holder)

    def _drop(self, name: str) -> None:
        path = self._volumes.path(name)
        if os.path.ismount(path):
            mounts.unmount(str(path), mounts.MNT_DETACH)

    @contextlib.contextmanager
    def _device(self, volume: models.Volume, path: str) -> Iterator[str]:
        """Open the directory of the host that a volume is."""
        try:
            handle = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise exception.InvalidRequest(
                f'error while mounting volume {volume.name}: {path} of the '
                f'host: {error.strerror}', 'volume.device') from error
        try:
            opened = f'/proc/self/fd/{handle}'
            # Where a link on the way leads elsewhere by now.
            self._policy.check_device(os.readlink(opened), volume.by_root)
            # Holds for children, too.
            yield f'/proc/{os.getpid()}/fd/{handle}'
        finally:
            os.close(handle)


def _clone(volume: models.Volume, directory: str, subpath: str,
           recursive: bool = False) -> int:
    if not subpath:
        return mounts.clone_tree(directory, recursive)
    top = os.open(directory, os.O_PATH | os.O_CLOEXEC)
    try:
        part = inroot.open_path(top, subpath, os.O_PATH)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        raise exception.InvalidRequest(
            f'cannot access path {subpath} of volume {volume.name}: '
            f'{error.strerror}', 'volume.subpath') from error
    finally:
        os.close(top)
    try:
        return mounts.clone_tree(f'/proc/self/fd/{part}', recursive)
    finally:
        os.close(part)
