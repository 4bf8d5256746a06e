"""What must be so on this host before the daemon can do anything.

Called by ``runtime.daemon`` at start.  Calls /proc.

Each refusal is a sentence that says what to do.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import fcntl
import os
import pathlib
import shutil
import stat

from oslo_log import log as logging

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults

LOG = logging.getLogger(__name__)

MOUNTINFO = pathlib.Path('/proc/self/mountinfo')

#: The unpacker's and crun's tools come with these packages on Debian.
_PACKAGES = {'conmon': 'conmon', 'crun': 'crun', 'runc': 'runc'}

_SEARCH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def check_privileges() -> None:
    """Refuse to run as anyone but root.

    :raises Forbidden: we are not.
    """
    if os.geteuid() != 0:
        raise exception.Forbidden(
            'novacontainerd must run as root: it mounts file systems and '
            'makes namespaces; start it with sudo or as a system service',
            'daemon.not_root')


def check_programs(runtime: str, conmon: str) -> None:
    """Refuse to run without the programs that hold the containers.

    :param runtime: ``auto``, or name or path of an OCI runtime.
    :param conmon: name or path.
    :raises NotSupported: one is missing; says what to install.
    """
    wanted = [conmon] if runtime == 'auto' else [conmon, runtime]
    missing = [name for name in wanted if not _found(name)]
    if runtime == 'auto' and not (_found('crun') or _found('runc')):
        missing.append('crun')
    if missing:
        packages = ' '.join(_PACKAGES.get(name, name) for name in missing)
        raise exception.NotSupported(
            f'{" and ".join(missing)} not found; on Debian: '
            f'apt install {packages}', 'host.program_missing')


def check_data_root(data_root: pathlib.Path) -> None:
    """Warn of a file system that forgets.

    Whether a storage driver works there is tried by ``storage.select``.
    """
    kind = filesystem(data_root)
    if kind in ('tmpfs', 'ramfs'):
        LOG.warning('%s lies on %s: images and containers take memory, and '
                    'are gone after a reboot', data_root, kind)


def check_records(database: pathlib.Path,
                  trees: Sequence[pathlib.Path]) -> None:
    """Refuse to begin new records beside the files of lost ones.

    Recovery would take all of them for orphans, and remove them.

    :param trees: directories that only records make sense of.
    :raises Unavailable: says what to restore or to move.
    """
    if database.exists() and database.stat().st_size:
        return
    orphans = [tree for tree in trees
               if tree.is_dir() and any(tree.iterdir())]
    if orphans:
        raise exception.Unavailable(
            f'The records in {database} are gone, but there are files that '
            f'belong to them in {" and ".join(map(str, orphans))}. Restore '
            f'{database.name} from a backup, or move {database.parent} away '
            'to begin anew', 'daemon.records_missing')


def check_reachable(directory: pathlib.Path) -> None:
    """Refuse a directory that a container's mapped root cannot get to.

    To the kernel that root is nobody in particular, so each directory on
    the way must let others through.

    :raises NotSupported: says which does not.
    """
    for parent in (directory, *directory.resolve().parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise exception.NotSupported(
                f'{parent} does not let others through, so containers could '
                f'not reach {directory}; run chmod o+x {parent}, or choose '
                'another directory', 'host.not_reachable')


@contextlib.contextmanager
def sole_owner(directory: pathlib.Path) -> Iterator[None]:
    """Keep every other daemon out of a directory.

    The lock ends with this process, however it ends.

    :raises Conflict: another daemon is in there.
    """
    path = directory / 'daemon.lock'
    with diskfaults.translated(f'Cannot use {directory}'):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode('ascii', 'replace').strip()
            raise exception.Conflict(
                f'Another novacontainerd (pid {holder or "unknown"}) uses '
                f'{directory}. Stop it, or give this one directories of its '
                'own with --data-root, --run-root and --socket',
                'daemon.already_running') from error
        os.truncate(handle, 0)
        os.write(handle, f'{os.getpid()}\n'.encode())
        yield
    finally:
        os.close(handle)


def filesystem(path: pathlib.Path,
               mountinfo: pathlib.Path = MOUNTINFO) -> str:
    """Return the type of the file system that holds ``path``.

    By device number, as bind mounts and links make names unsure (proc(5)).
    """
    device = os.stat(path).st_dev
    number = f'{os.major(device)}:{os.minor(device)}'
    for line in mountinfo.read_text(errors='replace').splitlines():
        fields, _, rest = line.partition(' - ')
        if fields.split()[2] == number:
            return rest.split()[0]
    return 'unknown'


def _found(name: str) -> bool:
    return shutil.which(name, path=_SEARCH) is not None
