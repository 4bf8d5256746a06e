"""A layer with a shell in it, made of Debian's busybox-static.

Used by the tests that run real containers.
"""

import os
import shutil

BINARY = '/bin/busybox'
APPLETS = ('cat', 'chmod', 'chown', 'echo', 'env', 'false', 'grep', 'head',
           'hostname', 'id', 'ip', 'kill', 'ls', 'mkdir', 'mknod', 'mount',
           'nc', 'ping', 'ps', 'pwd', 'rm', 'sh', 'sleep', 'stat', 'stty',
           'tail', 'test', 'touch', 'true', 'umount', 'unshare', 'wc')


def make_layer(directory):
    """Fill a new directory; return it."""
    for name in ('bin', 'etc', 'proc', 'dev', 'sys', 'tmp', 'var'):
        (directory / name).mkdir(parents=True, mode=0o755)
    (directory / 'tmp').chmod(0o1777)
    shutil.copy(BINARY, directory / 'bin/busybox')
    for name in APPLETS:
        os.symlink('busybox', directory / 'bin' / name)
    (directory / 'etc/passwd').write_text(
        'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n')
    (directory / 'etc/group').write_text('root:x:0:\nuser:x:1000:\n')
    return directory
