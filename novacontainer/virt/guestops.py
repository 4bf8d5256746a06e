"""What is put into an instance's files: passwords, keys, whole files.

Called by ``virt.driver`` and ``virt.containerops``; calls ``passwords`` and
the client.  The files are the tenant's, so nothing there is believed: the
runtime resolves every path inside the container's root, in a confined
process, and here only regular files of a modest size are taken for what
their names say.  A password travels in an archive, never on a command line.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import posixpath
import tarfile
import time

from nova import exception
from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.virt import conf
from novacontainer.virt import containerspec
from novacontainer.virt import errors
from novacontainer.virt import passwords

CONF = conf.CONF
LOG = logging.getLogger(__name__)

_SHADOW = '/etc/shadow'
#: What passwd(1) and its kin leave behind, too.
_SHADOW_BEFORE = '/etc/shadow-'
_ACCOUNTS = '/etc/passwd'
_ROOT = 'root'
#: No honest file of these is larger.
_FILE_MAX_BYTES = 1 << 20
_COLONS = 6

_Instance = instance_objects.Instance


@dataclasses.dataclass(frozen=True, slots=True)
class _File:
    """A regular file, or a directory."""

    path: str
    data: bytes = b''
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    is_directory: bool = False


class GuestOps:
    """Operations on an instance's files.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client

    def prepare(
        self,
        instance: _Instance,
        files: Sequence[tuple[str, str | bytes]] = (),
        admin_password: str | None = None,
    ) -> None:
        """Put everything into a new container, before its first start.

        Without a shadow file there is nothing to log in with, and then
        there is no password; a key and files are always put there.

        :param files: absolute paths and contents.
        :raises: exception.InvalidInput for a path that leads nowhere
        :raises ClientError: when the runtime cannot put them there.
        """
        found = [_injected(path, data) for path, data in files]
        if CONF.novacontainer.inject_password and admin_password:
            try:
                found += self._password(instance, admin_password)
            except LookupError as error:
                LOG.debug('No password is set: %s', error,
                          instance=instance)
        if CONF.novacontainer.inject_key and instance.key_data:
            found += self._key(instance, instance.key_data)
        if found:
            self._write(instance, found)

    def set_admin_password(self, instance: _Instance,
                           password: str) -> None:
        """Change the password of root, or of the image's os_admin_user.

        :raises: exception.SetAdminPasswdNotSupported where the instance has
            no shadow file, or not this user in it
        :raises: exception.InstanceNotFound
        """
        with errors.translated(errors.Operation.LOGIN, instance):
            try:
                found = self._password(instance, password)
            except LookupError as error:
                raise exception.SetAdminPasswdNotSupported(
                    f'The password cannot be set: {error}') from None
            self._write(instance, found)

    def _password(self, instance: _Instance,
                  password: str) -> list[_File]:
        """The shadow file with a new password, and the one before.

        :raises LookupError: there is no such file, or no such user.
        """
        user = instance.image_meta.properties.get('os_admin_user') or _ROOT
        before = self._read(instance, _SHADOW)
        if before is None:
            raise LookupError(
                f'the instance has no {_SHADOW}, so nobody can log in to it '
                'with a password.')
        try:
            data = passwords.with_password(before.data, user, password)
        except LookupError:
            raise LookupError(
                f'{_SHADOW} of the instance has no user {user}.') from None
        return [dataclasses.replace(before, path=_SHADOW_BEFORE),
                dataclasses.replace(before, data=data)]

    def _key(self, instance: _Instance, key: str) -> list[_File]:
        """authorized_keys of the user that the command runs as."""
        document = self._client.containers.document(_name(instance))
        user = (document.get('Config') or {}).get('User') or _ROOT
        uid, gid, home = self._account(instance, user.partition(':')[0])
        directory = posixpath.join(home, '.ssh')
        path = posixpath.join(directory, 'authorized_keys')
        there = self._read(instance, path)
        lines = there.data if there else b''
        wanted = key.strip().encode()
        if wanted in lines.split(b'\n'):
            return []
        if lines and not lines.endswith(b'\n'):
            lines += b'\n'
        return [
            _File(directory, b'', 0o700, uid, gid, is_directory=True),
            _File(path, lines + wanted + b'\n', 0o600, uid, gid)]

    def _account(self, instance: _Instance,
                 user: str) -> tuple[int, int, str]:
        """Uid, gid and home of a user by name or number."""
        if user in (_ROOT, '0'):
            # As it is everywhere; to look it up would cost each boot time.
            return 0, 0, '/root'
        passwd = self._read(instance, _ACCOUNTS)
        return _account(passwd.data if passwd else b'', user)

    def _read(self, instance: _Instance, path: str) -> _File | None:
        """A regular file; None for anything else, and for nothing."""
        try:
            # Cheap, where most have nothing at all.
            there = self._client.files.stat(_name(instance), path)
            if (there.is_directory or there.is_link
                    or there.size_bytes > _FILE_MAX_BYTES):
                return None
            with self._client.files.read(
                    _name(instance), path) as download, tarfile.open(
                        fileobj=download, mode='r|') as archive:
                member = archive.next()
                if (member is None or not member.isreg()
                        or member.size > _FILE_MAX_BYTES):
                    return None
                file = archive.extractfile(member)
                data = file.read() if file else b''
        except exceptions.NotFound as error:
            if error.code == 'container.not_found':
                raise
            return None
        return _File(path, data, member.mode, member.uid, member.gid)

    def _write(self, instance: _Instance, files: Sequence[_File]) -> None:
        self._client.files.write(
            _name(instance), '/', _archive(files))


def _name(instance: _Instance) -> str:
    return containerspec.container_name(instance)


def _injected(path: str, data: str | bytes) -> _File:
    clean = posixpath.normpath('/' + path.lstrip('/'))
    if clean == '/' or '\0' in clean or '..' in path.split('/'):
        raise exception.InvalidInput(
            reason=f'No file can be put at {path!r} in the instance; give '
                   'an absolute path without "..".')
    return _File(clean, data.encode() if isinstance(data, str) else data)


def _account(passwd: bytes, user: str) -> tuple[int, int, str]:
    """What the text of /etc/passwd says of a user (passwd(5)).

    One that is not in the file is root, or has nothing but a number.
    """
    for line in passwd.decode('utf-8', 'replace').splitlines():
        fields = line.split(':')
        if len(fields) <= _COLONS or user not in (fields[0], fields[2]):
            continue
        if (fields[2].isdecimal() and fields[3].isdecimal()
                and fields[5].startswith('/')):
            return int(fields[2]), int(fields[3]), fields[5]
    number = int(user) if user.isdecimal() else 0
    return number, number, '/root' if not number else '/'


def _archive(files: Sequence[_File]) -> Iterator[bytes]:
    """A tar of files, piece by piece."""
    now = int(time.time())
    for file in files:
        member = tarfile.TarInfo(file.path.lstrip('/'))
        member.mode, member.uid, member.gid = file.mode, file.uid, file.gid
        member.mtime = now
        member.size = len(file.data)
        if file.is_directory:
            member.type = tarfile.DIRTYPE
        padding = b'\0' * (-len(file.data) % tarfile.BLOCKSIZE)
        yield member.tobuf(tarfile.PAX_FORMAT) + file.data + padding
    yield b'\0' * tarfile.BLOCKSIZE * 2
