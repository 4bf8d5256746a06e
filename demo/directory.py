"""The one directory under which everything of the demo lives.

Used by every module for its paths; touches nothing but this directory.
"""

import dataclasses
import os
import pathlib
import pwd
import re
import secrets
import shutil

from demo import errors

DEFAULT = '/var/lib/novacontainer-demo'

#: The unprivileged system user, and its group, that run the services.
USER = 'novacontainer-demo'

# A unix socket's path is limited to 107 bytes (unix(7)) and the longest of
# ours, conmon's attach socket, takes some 70 of them; the path also stands in
# configuration files and in sudoers(5), where other characters need escapes.
_PATH = re.compile(r'/[A-Za-z0-9/._-]{1,39}')

_MARKER = '.novacontainer-demo'


@dataclasses.dataclass(frozen=True)
class Directory:
    """Paths of the demo, all below ``root``."""

    root: pathlib.Path

    @property
    def etc(self) -> pathlib.Path:
        """Configuration of every service."""
        return self.root / 'etc'

    @property
    def run(self) -> pathlib.Path:
        """Sockets and pid files."""
        return self.root / 'run'

    @property
    def log(self) -> pathlib.Path:
        """One log a process, and one a command."""
        return self.root / 'log'

    @property
    def data(self) -> pathlib.Path:
        """Databases, images, containers."""
        return self.root / 'data'

    @property
    def cache(self) -> pathlib.Path:
        """What a second run need not make again."""
        return self.root / 'cache'

    @property
    def venv(self) -> pathlib.Path:
        """The Python environment with OpenStack and novacontainer."""
        return self.root / 'venv'

    @property
    def home(self) -> pathlib.Path:
        """Home of the demo's user; the tenant's ssh key is in it."""
        return self.root / 'home'

    @property
    def runtime_data(self) -> pathlib.Path:
        """Data root of novacontainerd."""
        return self.data / 'novacontainer'

    @property
    def runtime_run(self) -> pathlib.Path:
        """Run root of novacontainerd."""
        return self.run / 'novacontainer'

    @property
    def runtime_socket(self) -> pathlib.Path:
        """Unix socket on which novacontainerd serves its API."""
        return self.runtime_run / 'novacontainerd.sock'

    @property
    def lxcfs(self) -> pathlib.Path:
        """Where lxcfs is mounted."""
        return self.run / 'lxcfs'

    @property
    def exists(self) -> bool:
        """Whether a demo was ever begun here."""
        return (self.root / _MARKER).exists()

    def tool(self, name: str) -> str:
        """Path of a program of the Python environment."""
        return str(self.venv / 'bin' / name)

    def create(self) -> None:
        """Make the tree; what stands is left as it is.

        :raises DemoError: the directory holds something that is not a demo.
        """
        foreign = self.root.exists() and not self.exists
        if foreign and any(self.root.iterdir()):
            raise errors.DemoError(
                f'{self.root} exists and is not a demo directory: move it '
                'away, or set NOVACONTAINER_DEMO_DIR to another path.')
        for path in (self.root, self.etc, self.run, self.log, self.data,
                     self.cache, self.home):
            path.mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.root / _MARKER).touch()

    def own(self, path: pathlib.Path, mode: int = 0o750) -> pathlib.Path:
        """Make a directory that belongs to the demo's user."""
        path.mkdir(parents=True, exist_ok=True)
        account = pwd.getpwnam(USER)
        os.chown(path, account.pw_uid, account.pw_gid)
        path.chmod(mode)
        return path

    def password(self) -> str:
        """The password of every account of this cloud, made once."""
        path = self.etc / 'password'
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16))
        return path.read_text()

    def remove(self) -> None:
        """Delete the whole tree, if it is a demo's."""
        if self.exists:
            # The marker goes last: an interrupted removal can be repeated.
            for path in self.root.iterdir():
                if path.name == _MARKER:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            shutil.rmtree(self.root)


def chosen() -> Directory:
    """The directory that the environment names, or the default.

    :raises DemoError: the path cannot be used.
    """
    path = os.environ.get('NOVACONTAINER_DEMO_DIR') or DEFAULT
    if not _PATH.fullmatch(path) or '..' in path.split('/'):
        raise errors.DemoError(
            f'NOVACONTAINER_DEMO_DIR={path} cannot be used: give an absolute '
            'path of at most 40 letters, digits, dots, dashes and slashes.')
    return Directory(pathlib.Path(path))
