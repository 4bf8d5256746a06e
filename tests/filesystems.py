"""File systems in files, for tests that need one of a kind."""

import shutil
import subprocess
import unittest

SIZE_BYTES = 1 << 30


def btrfs(place, clean_up):
    """Mount a new btrfs below a directory until the test's end.

    :param clean_up: ``addCleanup`` of a test, or the like.
    :return: its mount point.
    """
    if shutil.which('mkfs.btrfs', path='/usr/sbin:/sbin:/usr/bin') is None:
        raise unittest.SkipTest(
            'There is no mkfs.btrfs: install btrfs-progs to run this test.')
    with open('/proc/filesystems', encoding='ascii') as known:
        if 'btrfs' not in known.read().split():
            raise unittest.SkipTest(
                'This kernel has no btrfs: load its module to run this '
                'test.')
    image, point = place / 'btrfs.img', place / 'data'
    with open(image, 'wb') as file:
        file.truncate(SIZE_BYTES)
    subprocess.run(['mkfs.btrfs', '-q', image], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    point.mkdir()
    subprocess.run(['mount', '-o', 'loop', image, point], check=True)
    clean_up(subprocess.run, ['umount', '-l', point], check=True)
    return point
