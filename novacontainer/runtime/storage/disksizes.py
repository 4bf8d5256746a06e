"""Changes the size of a container's disk while it is mounted nowhere.

Called by the storage drivers.  Calls ``host.loopdevices``,
``storage.diskimage`` and the programs e2fsck, resize2fs (e2fsprogs) and cp.

A disk grows where it is.  For a smaller one its files are copied onto a new
disk, which takes the old one's place by a rename: whatever happens meanwhile,
one of both is there, whole.
"""

from collections.abc import Sequence
import contextlib
import errno
import os
import pathlib
import shutil
import subprocess

from novacontainer.runtime import exception
from novacontainer.runtime.host import loopdevices
from novacontainer.runtime.storage import diskimage

_NEW = '.new'
#: e2fsck(8): more than these means that errors were left uncorrected.
_CORRECTED = 2


def resize(image: pathlib.Path, wanted_bytes: int) -> None:
    """Give a disk another size; its files stay as they are.

    :raises InvalidRequest: no disk can have that size.
    :raises Conflict: the files do not fit; nothing has changed.
    :raises NotSupported: the programs are not installed.
    :raises Internal: a program failed; in its words.
    :raises OSError: as when the host's own disk is full.
    """
    diskimage.check_size(wanted_bytes)
    wanted_bytes = diskimage.rounded(wanted_bytes)
    now_bytes = image.stat().st_size
    # Of the same size as well: an earlier try may have come to no end.
    if wanted_bytes >= now_bytes:
        _grow(image, wanted_bytes)
    else:
        with diskimage.mounted(image) as disk:
            replace(image, wanted_bytes, [
                path for path in disk.iterdir()
                if path.name != 'lost+found'])


def replace(image: pathlib.Path, wanted_bytes: int,
            entries: Sequence[pathlib.Path]) -> None:
    """Put a new disk, which holds copies of the entries, at a place.

    :raises: as :func:`resize`
    """
    new = image.with_name(image.name + _NEW)
    new.unlink(missing_ok=True)
    with contextlib.ExitStack() as undo:
        undo.callback(new.unlink, missing_ok=True)
        diskimage.make(new, wanted_bytes)
        with diskimage.mounted(new) as disk:
            _copy(entries, disk)
        # Unmounted, all is in the file.
        _synchronise(new)
        os.replace(new, image)
        undo.pop_all()
    _synchronise(image.parent)


def _grow(image: pathlib.Path, wanted_bytes: int) -> None:
    try:
        with loopdevices.kept_off(image):
            # resize2fs(8) only touches what was just checked; and what it
            # was killed over is mended so by the next try.
            _run('e2fsck', '-f', '-y', str(image), fine=_CORRECTED)
            os.truncate(image, wanted_bytes)
            _run('resize2fs', str(image))
            _synchronise(image)
    except BlockingIOError as error:
        raise exception.Conflict(
            'Another process of this host still has the root disk mounted; '
            'try again when it has ended.', 'storage.mounted') from error


def _copy(entries: Sequence[pathlib.Path], target: pathlib.Path) -> None:
    if not entries:
        return
    try:
        _run('cp', '-dR', '--sparse=always',
             '--preserve=mode,ownership,timestamps,links,xattr',
             '--', *map(str, entries), f'{target}/')
    except exception.Internal as fault:
        if os.strerror(errno.ENOSPC) in fault.message:
            raise exception.Conflict(
                'The files of the container do not fit onto a root disk of '
                'that size; delete some, or give it a larger one.',
                'storage.too_small') from fault
        raise


def _synchronise(path: pathlib.Path) -> None:
    """Have a file, or a directory's names, on the disk from here on."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _run(program: str, *arguments: str, fine: int = 0) -> None:
    """Run a program; more than ``fine`` as its status is a failure."""
    environment = diskimage.environment()
    if shutil.which(program, path=environment['PATH']) is None:
        raise exception.NotSupported(
            f'This host cannot change the size of a root disk: {program} is '
            'not installed; install e2fsprogs.', 'storage.size_limit')
    done = subprocess.run(
        [program, *arguments], stdin=subprocess.DEVNULL, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    if done.returncode > fine:
        said = done.stdout.decode(errors='replace').strip()[-1000:]
        raise exception.Internal(
            f'{program} failed with status {done.returncode}: {said}',
            'storage.failed')
