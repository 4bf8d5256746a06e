"""A small Debian that boots its own systemd: for unit files and the like.

Used by the tests of the units.  The root file system comes from debootstrap,
once for each list of packages, and is kept below ``/var/cache``; each machine
writes into a layer of its own.  systemd-nspawn boots it, in control groups of
its own and without a network.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import platform
import secrets
import shutil
import signal
import subprocess
import time
import unittest

import fixtures

CACHE = pathlib.Path('/var/cache/novacontainer-machines')

#: What a host of containers needs, and nothing that brings a network.
PACKAGES = ('conmon', 'crun', 'e2fsprogs', 'iproute2', 'libseccomp2',
            'logrotate', 'procps', 'python3', 'runc', 'systemd',
            'systemd-sysv')

#: A Debian without any of it, but with what every installed one has.
BARE = ('iproute2', 'procps', 'systemd', 'systemd-sysv')

#: Root file systems that were not used for so long are removed.
_STALE_S = 7 * 24 * 3600
_CGROUPS = pathlib.Path('/sys/fs/cgroup')
_BOOT_S = 90
_END_S = 60
_IN_CGROUPS = ('for one in $0; do echo $$ >"$one/cgroup.procs"; done; '
               'exec "$@"')
#: As the first process of the machine systemd powers off (systemd(1)).
_POWER_OFF = signal.SIGRTMIN + 4
#: nspawn mounts them read-only, which no host does.
_WRITABLE_CGROUPS = """\
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=sh -ec 'for one in /sys/fs/cgroup/*/; do \
    mount -o remount,bind,rw "$one"; done'
"""


def run(*command, **kwargs):
    """Run a command; its output is in the exception when it fails."""
    done = subprocess.run(
        [os.fspath(word) for word in command], text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, **kwargs)
    if done.returncode:
        raise AssertionError(f'{command} failed:\n{done.stdout}')
    return done.stdout


def root_file_system(packages=PACKAGES):
    """Return the path of a Debian like this host's; made once."""
    suite = platform.freedesktop_os_release()['VERSION_CODENAME']
    key = hashlib.sha256(
        ' '.join((suite, *packages)).encode()).hexdigest()[:12]
    place = CACHE / f'{suite}-{key}'
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (CACHE / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            for old in CACHE.glob('*-*'):
                if old.stat().st_mtime < time.time() - _STALE_S:
                    shutil.rmtree(old)
            _bootstrap(suite, packages, place)
        os.utime(place)
    return place


def _bootstrap(suite, packages, place):
    """Make it beside its place, so that only a whole one is ever there."""
    making = place.with_name(f'making-{place.name}')
    shutil.rmtree(making, ignore_errors=True)
    mirrors = _mirrors(suite)
    if not mirrors:
        run('apt-get', 'update')
        mirrors = _mirrors(suite)
    settings = making / 'etc/dpkg/dpkg.cfg.d'
    settings.mkdir(parents=True)
    # It is thrown away, should this host crash meanwhile.
    (settings / 'quick').write_text(
        'force-unsafe-io\npath-exclude=/usr/share/doc/*\n'
        'path-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n')
    # What one of them has downloaded the next has, too.
    archives = CACHE / 'archives'
    archives.mkdir(exist_ok=True)
    # In a mount namespace: what it mounts must not outlive it.
    run('unshare', '--mount', 'debootstrap', '--variant=minbase',
        f'--cache-dir={archives}', f'--include={",".join(packages)}', suite,
        making, mirrors[0])
    for name in ('var/cache/apt', 'var/lib/apt/lists'):
        shutil.rmtree(making / name)
    (making / 'etc/machine-id').write_text('')
    making.rename(place)


def _mirrors(suite):
    """Ask apt where this host has its packages from."""
    return run('apt-get', 'indextargets', '--format', '$(REPO_URI)',
               'Created-By: Packages', f'Codename: {suite}',
               'Component: main').split()


class Machine(fixtures.Fixture):
    """A machine that is off until :meth:`boot`.

    ``root`` is its file system; what is written there survives a boot, but
    for ``/var/lib``, which is not there before.

    :param binds: directories of this host that it sees, read-only.
    :param packages: what is installed there.
    """

    def __init__(self, binds=(), packages=PACKAGES):
        super().__init__()
        self._binds = binds
        self._packages = packages
        self._nspawn = None
        self._init = 0

    def _setUp(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest(
                'Machines need root: run this gate as root.')
        lower = root_file_system(self._packages)
        # Short, as paths of unix sockets are; not below /tmp, which may be
        # a tmpfs, where layers cannot be mapped to users.
        # mkdtemp may put "_" into a name, which machines cannot have.
        self.name = f'nc-vm-{secrets.token_hex(4)}'
        self.directory = pathlib.Path('/var/tmp', self.name)
        self.directory.mkdir(mode=0o755)
        self.addCleanup(shutil.rmtree, self.directory)
        self.root = self.directory / 'root'
        for name in ('root', 'upper', 'work'):
            (self.directory / name).mkdir(mode=0o755)
        run('cp', '-a', lower / 'var/lib', self.directory / 'lib')
        run('mount', '-t', 'overlay', '-o',
            f'lowerdir={lower},upperdir={self.directory}/upper,'
            f'workdir={self.directory}/work', 'overlay', self.root)
        self.addCleanup(run, 'umount', self.root)
        units = self.root / 'etc/systemd/system'
        (units / 'cgroups.service').write_text(_WRITABLE_CGROUPS)
        (units / 'sysinit.target.wants').mkdir(exist_ok=True)
        (units / 'sysinit.target.wants/cgroups.service').symlink_to(
            '../cgroups.service')
        self.addCleanup(self._end)

    def boot(self):
        """Start it, and wait until systemd has started everything."""
        log = (self.directory / 'console').open('ab')
        with log:
            self._nspawn = subprocess.Popen(
                ['sh', '-ec', _IN_CGROUPS, ' '.join(self._make_cgroups()),
                 'systemd-nspawn', '--quiet', '--keep-unit', '--register=no',
                 '--capability=all', '--private-network', '--boot',
                 # crun makes a session keyring, systemd filters in BPF.
                 '--system-call-filter=@keyring bpf',
                 '--link-journal=no', '--console=pipe',
                 f'--machine={self.name}', f'--directory={self.root}',
                 # Layers on an overlay could not be mapped.
                 f'--bind={self.directory}/lib:/var/lib',
                 '--bind=/dev/fuse',
                 *(f'--bind-ro={path}' for path in self._binds)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _BOOT_S
        while not self._is_up():
            if (self._nspawn.poll() is not None
                    or time.monotonic() > deadline):
                raise AssertionError('The machine does not boot:\n'
                                     + (self.directory / 'console').read_text(
                                         errors='replace'))
            time.sleep(0.1)

    def power_off(self):
        """Shut it down as a button does, and wait for its end."""
        os.kill(self._init, _POWER_OFF)
        self._nspawn.wait(_END_S)
        self._nspawn = None

    def run(self, *command, user='root'):
        """Run a command in it, through no shell; returns its output."""
        return run(*self._inside(user), *command)

    def status(self, *command, user='root'):
        """Run a command that may fail; returns its exit code and output."""
        done = subprocess.run(
            [*self._inside(user), *command], text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def _inside(self, user):
        enter = ['nsenter', '--all', f'--target={self._init}',
                 f'--root=/proc/{self._init}/root', 'env', '-i',
                 '--chdir=/', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin']
        return enter + (['runuser', '-u', user, '--'] if user != 'root'
                        else [])

    def _is_up(self):
        children = pathlib.Path(
            f'/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children')
        with contextlib.suppress(FileNotFoundError):
            found = [int(pid) for pid in children.read_text().split()]
            if not found:
                return False
            self._init, = found
            _, said = self.status('systemctl', 'is-system-running', '--wait')
            return said.strip() in ('running', 'degraded')
        return False

    def _make_cgroups(self):
        """Make a group of its own in each hierarchy; returns them."""
        made = []
        for tree in self._trees():
            own = tree / self.name
            own.mkdir(exist_ok=True)
            for name in ('cpuset.cpus', 'cpuset.mems'):
                if (tree / name).exists():
                    (own / name).write_text((tree / name).read_text())
            made.append(os.fspath(own))
        return made

    @staticmethod
    def _trees():
        return [path.parent for path in _CGROUPS.glob('*/cgroup.procs')
                if not path.parent.is_symlink()] or [_CGROUPS]

    def _end(self):
        """End whatever runs, and take its control groups away."""
        if self._nspawn is not None and self._nspawn.poll() is None:
            # It passes this on, and takes the machine with it when asked
            # again.
            self._nspawn.terminate()
            try:
                self._nspawn.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._nspawn.terminate()
                self._nspawn.wait(_END_S)
        for tree in self._trees():
            own = tree / self.name
            for path in sorted(own.rglob('*'), reverse=True):
                if path.is_dir():
                    path.rmdir()
            if own.is_dir():
                own.rmdir()
