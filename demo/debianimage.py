"""The ssh server's image: a small Debian, put together from its packages.

Called by ``images``.  No maintainer script runs, so what their scripts would
have made (accounts, the merged /usr) is written here.
"""

from collections.abc import Sequence
import pathlib
import tarfile
import typing

from demo import archive
from demo import debs

ROOTFS = pathlib.Path(__file__).with_name('rootfs') / 'debian'

#: What the image is made of; apt adds what these depend on.
PACKAGES = ('base-files', 'base-passwd', 'bash', 'busybox-static',
            'coreutils', 'dash', 'diffutils', 'findutils', 'grep', 'gzip',
            'hostname', 'iproute2', 'iputils-ping', 'libc-bin', 'mawk',
            'ncurses-base', 'netbase', 'openssh-server', 'sed', 'tar',
            'util-linux',
            # Else usrmerge is chosen, which takes all of perl.
            'usr-is-merged')

# Nothing that a shell and sshd would miss.
_LEFT_OUT = ('usr/share/doc/', 'usr/share/man/', 'usr/share/locale/',
             'usr/share/info/', 'usr/share/lintian/', 'usr/share/i18n/',
             'usr/share/zoneinfo/', 'usr/lib/x86_64-linux-gnu/gconv/',
             'usr/lib/aarch64-linux-gnu/gconv/')

# Debian 12 has /bin and the like as links into /usr, while its packages
# still carry files below the old names.
_MERGED = ('bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32')

_KEYS_ONLY = (b'UsePAM no\nPermitRootLogin prohibit-password\n'
              b'PasswordAuthentication no\nUseDNS no\n')
_PASSWORDS = (b'UsePAM no\nPermitRootLogin yes\n'
              b'PasswordAuthentication yes\nUseDNS no\n')

_SSHD = 'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n'


def build(path: pathlib.Path, packages: Sequence[pathlib.Path],
          rootfs: pathlib.Path = ROOTFS, passwords: bool = False) -> None:
    """Write the archive.

    :param packages: :data:`PACKAGES` and what they depend on, fetched.
    :param rootfs: files besides those of the packages; ``serve-ssh`` is the
        first process.
    :param passwords: root may log in with a password.
    """
    layer = path.with_suffix('.layer')
    masters = {}
    with archive.Layer(layer) as content:
        for name in _MERGED:
            content.add_link(name, f'usr/{name}')
        for deb in packages:
            for member, data in debs.members(deb):
                name = merged(member.name)
                if name.startswith('usr/share/base-passwd/') and data:
                    masters[name.rpartition('/')[2]] = data.read().decode()
                elif not name.startswith(_LEFT_OUT):
                    _add(content, member, name, data)
        passwd = masters['passwd.master'] + _SSHD
        content.add_file('etc/passwd', passwd.replace(':*:', ':x:').encode())
        content.add_file('etc/shadow', _shadow(passwd).encode(), 0o600)
        content.add_file('etc/group', masters['group.master'].encode())
        content.add_file('etc/ssh/sshd_config',
                         _PASSWORDS if passwords else _KEYS_ONLY)
        content.add_file('etc/nsswitch.conf', b'passwd: files\n'
                         b'group: files\nhosts: files dns\n')
        content.add_link('usr/bin/awk', 'mawk')
        content.add_tree(rootfs)
    archive.write(path, layer,
                  {'Cmd': ['/usr/local/sbin/serve-ssh'],
                   'Env': ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin'
                           ':/usr/bin:/sbin:/bin'],
                   'ExposedPorts': {'22/tcp': {}}},
                  debs.architecture(), 'demo/ssh:1')
    layer.unlink()


def merged(name: str) -> str:
    """A member's name as it is with a merged /usr."""
    name = name.removeprefix('./').strip('/')
    top = name.partition('/')[0]
    if top in _MERGED and name != top:
        return f'usr/{name}'
    return name


def _shadow(passwd: str) -> str:
    """Lines for the accounts, none with a password yet (shadow(5))."""
    names = [line.partition(':')[0] for line in passwd.splitlines()]
    return ''.join(f'{name}:*:::::::\n' for name in names)


def _add(content: archive.Layer, member: tarfile.TarInfo, name: str,
         data: typing.IO[bytes] | None) -> None:
    """Add a package's member under its merged name."""
    if name in _MERGED:
        return
    member.name = name
    if member.islnk():
        member.linkname = merged(member.linkname)
    content.add(member, data)
