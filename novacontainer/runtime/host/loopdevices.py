"""Loop devices: a file as a disk, for as long as somebody uses it.

Called by ``storage.diskimage`` and ``storage.disksizes``.  Calls the kernel
(``linux/loop.h``, loop(4); ``LOOP_CONFIGURE`` is in Linux 5.8 and later).
Raises ``OSError``; callers translate.

No device outlives its use, whoever is killed: each is set to clear itself
when the last descriptor or mount of it goes (``LO_FLAGS_AUTOCLEAR``).
"""

from collections.abc import Iterator
import contextlib
import errno
import fcntl
import os
import pathlib
import struct
import time

_CONTROL = '/dev/loop-control'
_BLOCK_DEVICES = pathlib.Path('/sys/block')

_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_LOOP_GET_STATUS64 = 0x4C05
_LO_FLAGS_AUTOCLEAR = 4

#: ``struct loop_info64``: device, inode, rdevice, offset, size limit,
#: number, encryption type and key size, flags, file name, encryption.
_INFO = struct.Struct('=QQQQQIIII64s64s32sQQ')
#: ``struct loop_config``: descriptor, block size, the above, reserved.
_CONFIG = struct.Struct(f'=II{_INFO.size}s64x')

#: Others on this host take free devices too, and one that is being cleared
#: is neither ours nor free for a moment.
_TRIES = 50
_PAUSE_S = 0.02
_PATIENCE_S = 20.0


def available() -> bool:
    """Say whether the kernel's loop driver is there."""
    return os.path.exists(_CONTROL)


@contextlib.contextmanager
def attached(image: pathlib.Path) -> Iterator[str]:
    """Give the path of a block device that stands for a file.

    The device stays after this is left for as long as it is mounted.  A file
    never has two, which would each write what the other knows nothing of:
    when it has one already, that is given.

    :raises FileNotFoundError: the file, or the kernel's loop driver, is
        not there.
    :raises OSError: the kernel refused.
    """
    file = os.open(image, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        # As the kernel calls it, which has followed the links on the way.
        image = pathlib.Path(os.readlink(f'/proc/self/fd/{file}'))
        path, device = _device_of(file, image)
    finally:
        # A device that was set up keeps the file, and the lock on it.
        os.close(file)
    try:
        yield path
    finally:
        os.close(device)


@contextlib.contextmanager
def kept_off(image: pathlib.Path) -> Iterator[None]:
    """Keep every device from a file, for programs that change it.

    Waits for the one that it may still have: what was unmounted here stays
    mounted for as long as a process has a copy of our mounts, as an OCI
    runtime has while it starts a container.

    :raises BlockingIOError: the file still has a device.
    """
    file = os.open(image, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(file)


def _device_of(file: int, image: pathlib.Path) -> tuple[str, int]:
    """Return the path of a device for a file, and a descriptor of it."""
    for _ in range(_TRIES):
        try:
            # Held by the open file, which the device shares: whoever holds
            # it is the device of this file, or sets it up just now.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found = _existing(file, image)
        else:
            found = _configured(file, image)
        if found is not None:
            return found
        time.sleep(_PAUSE_S)
    raise OSError(errno.EBUSY, 'no loop device could be had', str(image))


def _configured(file: int, image: pathlib.Path) -> tuple[str, int] | None:
    """Set a free device up; None when another program was quicker."""
    control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        path = f'/dev/loop{fcntl.ioctl(control, _LOOP_CTL_GET_FREE)}'
    finally:
        os.close(control)
    device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        name = os.fsencode(image)[-63:]
        info = _INFO.pack(0, 0, 0, 0, 0, 0, 0, 0, _LO_FLAGS_AUTOCLEAR,
                          name, b'', b'', 0, 0)
        fcntl.ioctl(device, _LOOP_CONFIGURE, _CONFIG.pack(file, 0, info))
    except OSError as error:
        os.close(device)
        if error.errno == errno.EBUSY:
            return None
        raise
    return path, device


def _existing(file: int, image: pathlib.Path) -> tuple[str, int] | None:
    """Find the device that a file has; None when it is going just now."""
    for entry in _BLOCK_DEVICES.glob('loop*/loop/backing_file'):
        try:
            if entry.read_text().rstrip('\n') != str(image):
                continue
            path = f'/dev/{entry.parts[-3]}'
            device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            # Cleared between two of these steps.
            continue
        if _backs(device, file):
            return path, device
        os.close(device)
    return None


def _backs(device: int, file: int) -> bool:
    """Say whether a device, which is open and so stays, is that of a file."""
    info = bytearray(_INFO.size)
    try:
        fcntl.ioctl(device, _LOOP_GET_STATUS64, info)
    except OSError:
        # ENXIO: cleared before it was opened.
        return False
    inode: int = _INFO.unpack(info)[1]
    return inode == os.fstat(file).st_ino
