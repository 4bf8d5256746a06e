"""Which devices the processes of a cgroup may open, changed as they run.

Called by ``service.plugs``.  Calls ``engine.devicefilter``,
``host.deviceprograms`` and the cgroup file systems.

Version 1 has files for it (``admin-guide/cgroup-v1/devices.rst``).  In
version 2 the OCI runtime attached a program to the cgroup; it is replaced by
one for the whole list, in one step: all that are attached have to agree, so
that another beside it could only refuse more.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import errno
import os
import pathlib
import typing

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import devicefilter
from novacontainer.runtime import exception
from novacontainer.runtime.host import deviceprograms
from novacontainer.runtime import models

#: What our programs are called: by it they are known again.
PROGRAM_NAME = 'novacontainer'

_INSTEAD = ('Stop the container, plug or unplug the device, and start it '
            'again.')

_Numbers = tuple[int, int]


class DeviceRules(typing.Protocol):
    """The rules of one cgroup."""

    def apply(self, rules: Sequence[models.Json]) -> None:
        """Let these block devices through beside the standard ones.

        What is open already stays open.  There is no moment in which
        anything else could be opened.

        :param rules: all that the container has, as members of
            ``linux.resources.devices`` (runtime-spec) that allow something.
        :raises NotSupported: this host cannot.
        :raises Internal: the kernel refused; the rules are as they were.
        """

    def settle(self, rules: Sequence[models.Json]) -> None:
        """Do :meth:`apply` if ever it was done here: after a crash."""


def of(cgroup_path: str, root: pathlib.Path = cgroups.ROOT) -> DeviceRules:
    """Return the rules of a cgroup.

    :raises NotSupported: this host has none; says what to do instead.
    """
    relative = cgroup_path.lstrip('/')
    legacy = root / 'devices' / relative
    if legacy.is_dir():
        return _Files(legacy)
    own = root / relative
    if cgroups.layout(root) is cgroups.Layout.V2 and own.is_dir():
        return _Program(own)
    raise exception.NotSupported(
        'On this host the devices of a container that runs cannot change: '
        'that needs control groups of version 2 alone, or the controller '
        f'"devices" of version 1.  {_INSTEAD}', 'host.cgroups')


class _Files:
    """Version 1: a file that allows, and one that takes back."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory

    def apply(self, rules: Sequence[models.Json]) -> None:
        """See :meth:`DeviceRules.apply`."""
        # Only block devices come and go.
        wanted = _block_devices(rules)
        listed = self._listed()
        for numbers, access in wanted.items():
            self._write('devices.allow', numbers,
                        access - listed.get(numbers, set()))
        for numbers, access in listed.items():
            self._write('devices.deny', numbers,
                        access - wanted.get(numbers, set()))

    def settle(self, rules: Sequence[models.Json]) -> None:
        """See :meth:`DeviceRules.settle`."""
        self.apply(rules)

    def _listed(self) -> dict[_Numbers, set[str]]:
        """Return the block devices that are let through one by one.

        Rules for whole classes of devices (``b *:* m``) are not among them.
        """
        path = self._directory / 'devices.list'
        try:
            lines = path.read_text().splitlines()
        except OSError as error:
            raise _failed(f'Cannot read {path}', error) from error
        found = {}
        for kind, numbers, access in map(str.split, lines):
            if kind == 'b' and '*' not in numbers:
                major, _, minor = numbers.partition(':')
                found[int(major), int(minor)] = set(access)
        return found

    def _write(self, name: str, numbers: _Numbers, access: set[str]) -> None:
        if not access:
            return
        path = self._directory / name
        major, minor = numbers
        letters = ''.join(sorted(access))
        try:
            path.write_text(f'b {major}:{minor} {letters}')
        except OSError as error:
            raise _failed(f'Cannot write {path}', error) from error


class _Program:
    """Version 2: one program for the whole list."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory

    def apply(self, rules: Sequence[models.Json]) -> None:
        """See :meth:`DeviceRules.apply`."""
        with self._opened() as cgroup:
            old = self._replaceable(deviceprograms.attached(cgroup))
            with deviceprograms.loaded(
                    devicefilter.program(rules), PROGRAM_NAME) as program:
                if old is None:
                    deviceprograms.attach(cgroup, program)
                else:
                    deviceprograms.replace(cgroup, program, old)

    def settle(self, rules: Sequence[models.Json]) -> None:
        """See :meth:`DeviceRules.settle`."""
        with self._opened() as cgroup:
            names = [one.name for one in deviceprograms.attached(cgroup)]
        if PROGRAM_NAME in names:
            self.apply(rules)

    def _replaceable(
            self, present: Sequence[deviceprograms.Attached]) -> int | None:
        """Return the number of the one that is ours, or the OCI runtime's.

        :return: None when there is no program at all.
        """
        ours = [one.id for one in present if one.name == PROGRAM_NAME]
        if ours:
            return ours[0]
        if len(present) > 1:
            raise exception.NotSupported(
                f'Something else attached a program for devices to '
                f"{self._directory}, and which one is the OCI runtime's "
                f'cannot be seen.  {_INSTEAD}', 'host.cgroups')
        return present[0].id if present else None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            cgroup = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY
                             | os.O_CLOEXEC)
            try:
                yield cgroup
            finally:
                os.close(cgroup)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOSYS):
                raise exception.NotSupported(
                    'The daemon may not change the devices of a container '
                    'that runs: it needs bpf(2) with CAP_BPF and '
                    f'CAP_NET_ADMIN ({error}).  {_INSTEAD}',
                    'host.cgroups') from error
            raise _failed('Cannot change the program for devices of '
                          f'{self._directory}', error) from error


def _block_devices(
        rules: Sequence[models.Json]) -> dict[_Numbers, set[str]]:
    found: dict[_Numbers, set[str]] = {}
    for rule in rules:
        if rule['type'] == 'b' and 'major' in rule and 'minor' in rule:
            numbers = rule['major'], rule['minor']
            found.setdefault(numbers, set()).update(rule['access'])
    return found


def _failed(what: str, error: OSError) -> exception.Internal:
    return exception.Internal(f'{what}: {error}', 'engine.cgroup')
