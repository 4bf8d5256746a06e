"""The floor: what the parts cost with nothing of ours between them.

Called by: ``lifecycle``.  An overlay is mounted, the OCI runtime is run (by
conmon, or bare), the end awaited, all removed: straight from Python, with no
daemon, no record and no user namespace.  The document is the one that our
containers get, so that the OCI runtime has the same work.
"""

import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import tarfile
import time
import uuid

from benchmarks import cgroups
from novacontainer.runtime.engine import seccomp_bpf
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.oci import seccomp
from novacontainer.runtime.oci import spec as oci_spec

ANNOTATION = 'run.oci.seccomp_bpf_data'
CGROUP_PARENT = 'novacontainer-bench-floor'
#: How often the exit file of conmon is looked for.
TICK_S = 0.0005
#: Longest that one step may take before something is wrong.
TIMEOUT_S = 30


def unpack(archive, target):
    """Unpack the one layer of an old-layout archive as the lower layer."""
    with tarfile.open(archive) as outer:
        name = next(name for name in outer.getnames()
                    if name.endswith('layer.tar'))
        with tarfile.open(fileobj=outer.extractfile(name)) as inner:
            inner.extractall(target)


class Floor:
    """One way to run a container without a daemon.

    :param name: as the tables show it.
    :param binary: ``crun`` or ``runc``.
    :param conmon: whether a conmon watches it.
    :param compiled: whether the seccomp filter is compiled beforehand.
    """

    def __init__(self, name, root, lower, binary, conmon, compiled):
        self.name = name
        self.root = pathlib.Path(root) / re.sub(r'\W+', '-', name)
        self.lower = lower
        self.binary = shutil.which(binary)
        self.conmon = shutil.which('conmon') if conmon else None
        self.filter = seccomp.for_capabilities(defaults.capabilities((), ()))
        self.program = (seccomp_bpf.compiled(self.filter.document)
                        if compiled else None)
        self.root.mkdir()

    def clean(self):
        """Remove the cgroups that the OCI runtimes leave at the top."""
        cgroups.remove(CGROUP_PARENT)

    def works(self):
        """Return '' when a container comes to life, else what went wrong."""
        if self.binary is None:
            return 'not installed'
        try:
            self.life()
        except subprocess.CalledProcessError as error:
            return (error.stderr or str(error)).strip()[-200:]
        return ''

    def life(self):
        """Take one container through its life; see ``peers.Daemon.life``."""
        began = time.perf_counter()
        ident = uuid.uuid4().hex
        home = self.root / ident
        for part in ('upper', 'work', 'merged'):
            (home / part).mkdir(parents=True)
        mounts.mount('overlay', str(home / 'merged'), 'overlay', 0,
                     f'lowerdir={self.lower},upperdir={home / "upper"},'
                     f'workdir={home / "work"}')
        try:
            self._write_config(home, ident)
            watched = self._create(home, ident)
            self._run('start', ident)
            running = time.perf_counter()
            self._wait(home, ident, watched)
            self._run('delete', ident)
        finally:
            self._kill(ident)
            mounts.unmount(str(home / 'merged'))
            shutil.rmtree(home)
        return {'running': (running - began) * 1000,
                'whole life': (time.perf_counter() - began) * 1000}

    def _kill(self, ident):
        """Remove what a failure half-way may have left."""
        if (self.root / 'state' / ident).exists():
            self._run('delete', '--force', ident)

    def _run(self, *words):
        """Run the OCI runtime; what it says goes to a file.

        A pipe would be inherited by the container and never end.
        """
        self._call([self.binary, '--root', str(self.root / 'state'),
                    *words])

    def _call(self, command, **options):
        said = self.root / 'said'
        with said.open('w') as output:
            code = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, check=False, timeout=TIMEOUT_S,
                **options).returncode
        if code:
            raise subprocess.CalledProcessError(
                code, command, stderr=said.read_text())

    def _write_config(self, home, ident):
        document = oci_spec.build(
            models.ContainerSpec(
                id=ident, rootfs=home / 'merged', args=('true',), env=(),
                cwd='/', user=models.User(), hostname=ident[:12],
                sandbox=models.SandboxPaths(home / 'unused', None),
                id_map=None, cgroup_path=f'/{CGROUP_PARENT}/{ident}'),
            cgroup_version=1,
            seccomp=None if self.program else self.filter)
        for namespace in document['linux']['namespaces']:
            namespace.pop('path', None)
        if self.program:
            document['annotations'] = {ANNOTATION: self.program}
        (home / 'config.json').write_text(json.dumps(document))

    def _create(self, home, ident):
        """Create the container; return a pidfd of it without conmon."""
        if self.conmon is None:
            self._run('create', '--bundle', str(home), '--pid-file',
                      str(home / 'pid'), ident)
            return os.pidfd_open(int((home / 'pid').read_text()))
        read_end, write_end = os.pipe()
        command = [
            self.conmon, '--api-version', '1', '-c', ident, '-u', ident,
            '-n', ident, '-r', self.binary, '-b', str(home),
            '--runtime-arg=--root', f'--runtime-arg={self.root / "state"}',
            '-p', str(home / 'pid'), '--exit-dir', str(home / 'exit'),
            '--socket-dir-path', str(home),
            '-l', f'k8s-file:{home / "log"}']
        (home / 'exit').mkdir()
        self._call(command, pass_fds=(write_end,),
                   env={**os.environ, '_OCI_SYNCPIPE': str(write_end)})
        os.close(write_end)
        with open(read_end) as pipe:
            answer = json.loads(pipe.readline())
        if answer['data'] <= 0:
            raise subprocess.CalledProcessError(
                1, command, stderr=answer.get('message', 'conmon failed'))
        return None

    def _wait(self, home, ident, pidfd):
        if pidfd is None:
            while not (home / 'exit' / ident).exists():
                time.sleep(TICK_S)
            return
        select.select([pidfd], [], [], TIMEOUT_S)
        os.close(pidfd)
