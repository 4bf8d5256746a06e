"""The web server's image: busybox-static and four small scripts.

Called by ``images``, and by ``devstack/image.py``.
"""

from collections.abc import Sequence
import pathlib

from demo import archive
from demo import commands
from demo import debs
from demo import errors

ROOTFS = pathlib.Path(__file__).with_name('rootfs') / 'web'

_BUSYBOX = './bin/busybox'


def build(path: pathlib.Path, packages: Sequence[pathlib.Path]) -> None:
    """Write the archive.

    :param packages: fetched packages, busybox-static among them.
    """
    assemble(path, _busybox(packages))


def assemble(path: pathlib.Path, program: bytes) -> None:
    """Write the archive; the DevStack plugin calls this as well.

    :param program: busybox, statically linked.
    """
    # It takes the name it is run by for an applet's, except this one.
    busybox = path.with_name('busybox')
    busybox.write_bytes(program)
    busybox.chmod(0o755)
    applets = commands.output([str(busybox), '--list']).split()
    layer = path.with_suffix('.layer')
    with archive.Layer(layer) as content:
        content.add_file('bin/busybox', busybox.read_bytes(), 0o755)
        content.add_tree(ROOTFS)
        for applet in applets:
            content.add_link(f'bin/{applet}', 'busybox')
        content.add_file('etc/passwd', b'root:x:0:0:root:/root:/bin/sh\n')
        content.add_file('etc/group', b'root:x:0:\n')
        for name, mode in (('root', 0o700), ('tmp', 0o1777), ('proc', 0o755),
                           ('sys', 0o755), ('dev', 0o755)):
            content.add_directory(name, mode)
    archive.write(path, layer,
                  {'Cmd': ['/bin/serve'], 'Env': ['PATH=/bin'],
                   'ExposedPorts': {'80/tcp': {}}, 'WorkingDir': '/www'},
                  debs.architecture(), 'demo/web:1')
    layer.unlink()
    busybox.unlink()


def _busybox(packages: Sequence[pathlib.Path]) -> bytes:
    found = b''
    for deb in packages:
        if deb.name.startswith('busybox-static_'):
            for member, content in debs.members(deb):
                if member.name == _BUSYBOX and content:
                    found = content.read()
    if not found:
        raise errors.DemoError('busybox-static has no /bin/busybox.')
    return found
