"""Choosing the OCI runtime that works on this host.

Called by ``runtime.daemon`` at start.  Calls ``engine.cgroups``,
``host.mounts``.

crun is preferred: it is faster and takes compiled seccomp filters.  But crun
refuses hosts with both cgroup versions ("hybrid") as long as the version 2
hierarchy has a controller.  In practice that is hugetlb, which systemd's
hybrid mode and older init scripts do not mount; mounting it as a version 1
hierarchy is harmless when nothing uses it, and makes crun work.
"""

import contextlib
import logging
import pathlib
import shutil

from novacontainer.runtime.engine import base
from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import supervised
from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts

LOG = logging.getLogger(__name__)

AUTO = 'auto'
_SEARCH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def choose(*, run_root: pathlib.Path, runtime: str = AUTO,
           conmon: str = 'conmon',
           cgroup_root: pathlib.Path = cgroups.ROOT) -> base.Engine:
    """Return the engine of this host.

    :param run_root: see :class:`engine.supervised.Supervised`.
    :param runtime: ``auto``, or the name or path of one OCI runtime.
    :param conmon: name or path of conmon.
    :raises NotSupported: a binary is missing, or none works here.
    """
    conmon_path = _found(conmon)
    if conmon_path is None:
        raise exception.NotSupported(
            f'{conmon} was not found; install the package conmon.',
            'host.conmon')
    binary, why = _runtime(runtime, cgroup_root)
    engine = supervised.Supervised(run_root, binary, conmon_path)
    LOG.info('Containers are run by %s %s (%s): %s',
             engine.name, engine.version, binary, why)
    return engine


def _runtime(wanted: str,
             cgroup_root: pathlib.Path) -> tuple[pathlib.Path, str]:
    """Return the binary to use, and why it is that one."""
    if wanted != AUTO:
        binary = _found(wanted)
        if binary is None:
            raise exception.NotSupported(
                f'The OCI runtime {wanted} was not found; install it or '
                'change the configuration.', 'host.oci_runtime')
        obstacle = crun_obstacle(cgroup_root) if binary.name == 'crun' else ''
        if obstacle:
            raise exception.NotSupported(
                f'crun does not work here: {obstacle}; configure runc.',
                'host.oci_runtime')
        return binary, 'configured'
    crun, runc = _found('crun'), _found('runc')
    obstacle = crun_obstacle(cgroup_root) if crun else 'it is not installed'
    if crun is not None and not obstacle:
        return crun, 'preferred, and works here'
    if runc is None:
        raise exception.NotSupported(
            f'crun cannot be used: {obstacle}; and runc is not installed.',
            'host.oci_runtime')
    return runc, f'crun cannot be used: {obstacle}'


def _found(name: str) -> pathlib.Path | None:
    path = shutil.which(name, path=_SEARCH)
    return pathlib.Path(path) if path else None


def crun_obstacle(root: pathlib.Path) -> str:
    """Say why crun would refuse this host, after trying to help; or ''."""
    if cgroups.layout(root) is not cgroups.Layout.HYBRID:
        return ''
    present = _controllers(root)
    if present == {'hugetlb'}:
        reason = _free_hugetlb(root)
        present = _controllers(root)
    else:
        reason = 'only hugetlb can be moved without harm'
    if not present:
        return ''
    return (f'the version 2 hierarchy at {root}/unified has the controllers '
            f'{", ".join(sorted(present))} beside version 1 ones ({reason})')


def _controllers(root: pathlib.Path) -> set[str]:
    return set((root / 'unified/cgroup.controllers').read_text().split())


def _free_hugetlb(root: pathlib.Path) -> str:
    """Mount hugetlb as a version 1 hierarchy; return why not, or ''."""
    if (root / 'unified/cgroup.subtree_control').read_text().split():
        return 'hugetlb is in use by version 2 groups'
    target = root / 'hugetlb'
    try:
        target.mkdir(exist_ok=True)
        # EBUSY when a group uses the controller: the kernel's own check.
        mounts.mount('cgroup', str(target), 'cgroup',
                     mounts.MS_NOSUID | mounts.MS_NODEV | mounts.MS_NOEXEC,
                     'hugetlb')
    except OSError as error:
        with contextlib.suppress(OSError):
            target.rmdir()
        return f'mounting it at {target} failed: {error.strerror}'
    LOG.info('Mounted the hugetlb controller at %s: in the version 2 '
             'hierarchy it keeps crun from working', target)
    return ''
