"""Which devices the processes of a cgroup may open, changed as they run.

Called by ``service.plugs``.  Calls the cgroup file systems.

Only version 1 has files for it (``admin-guide/cgroup-v1/devices.rst``).  In
version 2 it is an eBPF program that the OCI runtime attached, which is not
ours to replace.
"""

from collections.abc import Mapping
import pathlib

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime import exception


def check(cgroup_path: str, root: pathlib.Path = cgroups.ROOT) -> None:
    """Refuse where the rules of what runs cannot change.

    :raises NotSupported: says what to do instead.
    """
    if not _directory(cgroup_path, root).is_dir():
        raise exception.NotSupported(
            'On this host the devices of a container that runs cannot '
            'change: that needs the controller "devices" of control groups '
            'of version 1.  Stop the container, plug or unplug the device, '
            'and start it again.', 'host.cgroups')


def allow(cgroup_path: str, numbers: tuple[int, int], access: str,
          root: pathlib.Path = cgroups.ROOT) -> None:
    """Let a block device through.

    :param numbers: major and minor.
    :param access: one or more of ``r``, ``w`` and ``m``.
    :raises Internal: the kernel refused.
    """
    major, minor = numbers
    _write(_directory(cgroup_path, root) / 'devices.allow',
           f'b {major}:{minor} {access}')


def restrict(cgroup_path: str, kept: Mapping[tuple[int, int], str],
             root: pathlib.Path = cgroups.ROOT) -> None:
    """Let no block device through any more that is not to be kept.

    What is open already stays open.  Rules for whole classes of devices
    (``b *:* m``) stay as they are.

    :param kept: the access to each device, by its numbers.
    :raises Internal: the kernel refused.
    """
    directory = _directory(cgroup_path, root)
    for numbers, access in _listed(directory / 'devices.list'):
        gone = ''.join(letter for letter in access
                       if letter not in kept.get(numbers, ''))
        if gone:
            major, minor = numbers
            _write(directory / 'devices.deny', f'b {major}:{minor} {gone}')


def _listed(path: pathlib.Path) -> list[tuple[tuple[int, int], str]]:
    """Return the block devices that are let through one by one."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise exception.Internal(
            f'Cannot read {path}: {error}', 'engine.cgroup') from error
    found = []
    for kind, numbers, access in map(str.split, lines):
        if kind == 'b' and '*' not in numbers:
            major, _, minor = numbers.partition(':')
            found.append(((int(major), int(minor)), access))
    return found


def _directory(cgroup_path: str, root: pathlib.Path) -> pathlib.Path:
    return root / 'devices' / cgroup_path.lstrip('/')


def _write(control: pathlib.Path, rule: str) -> None:
    try:
        control.write_text(rule)
    except OSError as error:
        raise exception.Internal(
            f'Cannot write {control}: {error}', 'engine.cgroup') from error
