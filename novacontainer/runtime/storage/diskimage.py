"""A disk of a fixed size in a sparse file, for a container that is limited.

Called by ``storage.homes``, the drivers and ``service.volumemounts``.  Calls
``host.loopdevices``, ``host.mounts`` and the program mkfs.ext4.

The file takes only the room of what was written, and gives it back when that
is deleted.  It has a journal, because nobody checks the file system after a
crash of the host.  Its tables are not zeroed: a sparse file reads as zeros.

Mounts are made detached (fsmount(2)), so that a daemon that is killed on its
way leaves neither a mount nor a loop device.
"""

from collections.abc import Iterator
import contextlib
import errno
import os
import pathlib
import shutil
import subprocess

from novacontainer.runtime import exception
from novacontainer.runtime.host import loopdevices
from novacontainer.runtime.host import mounts

#: Smaller ones have hardly room for their journal.
MIN_BYTES = 16 << 20
#: What an ext4 with blocks of 4 KiB takes as one file, as most hosts have.
MAX_BYTES = (16 << 40) - 4096

_BLOCK_BYTES = 4096
_NO_PROGRAM = 'mkfs.ext4 is not installed; install e2fsprogs'
_NO_DEVICES = 'it has no loop devices; load the kernel module loop'
#: Not in every account's PATH.
_SBIN = '/usr/sbin:/sbin'
_MKFS = ('mkfs.ext4', '-q', '-F', '-m', '0', '-E',
         'lazy_itable_init=1,lazy_journal_init=1,nodiscard')
_OPTIONS = (
    ('errors', 'remount-ro'),
    # Deleted files give their room back to the host.
    ('discard', None),
    # The kernel would zero in the background what reads as zeros anyway.
    ('noinit_itable', None),
)
#: MOUNT_ATTR_NODEV and the like have the values of MS_NODEV and the like;
#: 0x10 is MOUNT_ATTR_NOATIME.  Overlayfs asks its own mount about these.
_ATTRIBUTES = mounts.MS_NODEV | mounts.MS_NOSUID | mounts.MS_NOEXEC | 0x10


def check_size(size_bytes: int) -> None:
    """Refuse what no disk image can be.

    :raises InvalidRequest: too small or too large.
    """
    if not MIN_BYTES <= size_bytes <= MAX_BYTES:
        raise exception.InvalidRequest(
            f'A disk of {size_bytes} bytes cannot be made; give '
            f'{MIN_BYTES} (16M) to {MAX_BYTES} (just below 16T), or 0 for '
            'no limit.', 'storage.size_range')


def rounded(size_bytes: int) -> int:
    """Return the size up to the end of its last block."""
    return size_bytes + -size_bytes % _BLOCK_BYTES


def lack() -> str:
    """Say what this host needs before it can make disks; '' for nothing."""
    if shutil.which(_MKFS[0], path=environment()['PATH']) is None:
        return _NO_PROGRAM
    return '' if loopdevices.available() else _NO_DEVICES


def describe() -> str:
    """Say, for an operator, how a disk is limited so, or why it is not."""
    missing = lack()
    return (f'none: {missing}' if missing
            else 'ext4 in a sparse file, on a loop device')


def make(image: pathlib.Path, size_bytes: int) -> None:
    """Make an empty disk; takes some 20 ms and 4 MB for 10 GiB.

    :param size_bytes: what :func:`check_size` takes; rounded up to a block.
    :raises NotSupported: this host has no mkfs.ext4.
    :raises Internal: it failed; in its words.
    :raises OSError: the file could not be made.
    """
    size_bytes = rounded(size_bytes)
    file = os.open(image, os.O_WRONLY | os.O_CREAT | os.O_EXCL
                   | os.O_CLOEXEC, 0o600)
    try:
        os.truncate(file, size_bytes)
    finally:
        os.close(file)
    try:
        made = subprocess.run(
            [*_MKFS, str(image)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
            env=environment())
    except FileNotFoundError as error:
        raise _unmet(_NO_PROGRAM) from error
    if made.returncode:
        said = made.stderr.decode(errors='replace').strip()
        if os.strerror(errno.ENOSPC) in said:
            raise OSError(errno.ENOSPC, said)
        raise exception.Internal(
            f'mkfs.ext4 failed with status {made.returncode}: {said}',
            'storage.failed')


def environment() -> dict[str, str]:
    """Find the program as people have it, and read what it says."""
    path = os.environ.get('PATH', os.defpath)
    return {'PATH': f'{path}:{_SBIN}', 'LC_ALL': 'C'}


@contextlib.contextmanager
def mounted(image: pathlib.Path) -> Iterator[pathlib.Path]:
    """Make what is on a disk reachable, without attaching it anywhere.

    The path holds for children of this process too, and for a disk that is
    mounted elsewhere at the same time.

    :raises NotSupported: this host has no loop devices.
    :raises OSError: the kernel refused.
    """
    mount_fd = detached(image)
    try:
        yield pathlib.Path(f'/proc/{os.getpid()}/fd/{mount_fd}')
    finally:
        os.close(mount_fd)


def attach(image: pathlib.Path, target: pathlib.Path) -> None:
    """Mount a disk at a directory; it stays until it is unmounted.

    :raises NotSupported: this host has no loop devices.
    :raises OSError: the kernel refused.
    """
    mount_fd = detached(image)
    try:
        mounts.attach(mount_fd, str(target))
    finally:
        os.close(mount_fd)


def detached(image: pathlib.Path) -> int:
    """Return a descriptor of a new, detached mount of a disk.

    :raises NotSupported: this host has no loop devices.
    :raises OSError: the kernel refused.
    """
    with contextlib.ExitStack() as stack:
        try:
            device = stack.enter_context(loopdevices.attached(image))
        except FileNotFoundError as error:
            if not image.exists():
                raise
            raise _unmet(_NO_DEVICES) from error
        context = stack.enter_context(mounts.FilesystemContext('ext4'))
        context.set_string('source', device)
        for key, value in _OPTIONS:
            if value is None:
                context.set_flag(key)
            else:
                context.set_string(key, value)
        context.create()
        return context.mount(_ATTRIBUTES)


def _unmet(why: str) -> exception.NotSupported:
    return exception.NotSupported(
        f'This host cannot limit the size of a disk: {why}, or use 0 '
        '(no limit).', 'storage.size_limit')
