"""The container service over the real engine, storage and namespaces.

Used by the integration tests of the container service.  No HTTP and no
process of its own: :meth:`Runtime.restart` plays a daemon that was killed
and started again.  At the end every container is removed, and what is left
then makes the test fail.
"""

import io
import os
import pathlib
import shutil
import signal
import tempfile
import time

import fixtures

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import select
from novacontainer.runtime.host import mounts
from novacontainer.runtime.host import processes
from novacontainer.runtime.network import bridges
from novacontainer.runtime.service import addressing
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import containers
from novacontainer.runtime.service import copyup
from novacontainer.runtime.service import events
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import images
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import networks
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import sandboxes
from novacontainer.runtime.service import staging
from novacontainer.runtime.service import volumemounts
from novacontainer.runtime.service import volumes
from novacontainer.runtime.storage import overlay
from novacontainer.runtime.store import blobs
from novacontainer.runtime.store import database
from novacontainer.runtime.store import layers
from novacontainer.runtime.store import paths
from novacontainer.runtime.store import volumefiles
from novacontainer.runtime.unpack import unpacker
from tests import archives

#: Not the default pool, which the demo on the same machine may use.
USERNS_BASE = 0x60000000


class Runtime(fixtures.Fixture):
    """A :class:`ContainerService` (``containers``) with its ``images``.

    ``events`` lists the actions published, oldest first.
    """

    def __init__(self, allow_host_userns=False, oci_runtime='auto',
                 reach=None):
        super().__init__()
        self._oci_runtime = oci_runtime
        self._reach = reach or isolation.Policy()
        self._allow_host_userns = allow_host_userns
        self.events = []
        self.ids = set()

    def _setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(
            prefix='nc-it-', dir='/var/tmp'))
        self.root.chmod(0o711)
        self.addCleanup(shutil.rmtree, self.root)
        self.data_root = self.root / 'data'
        self.run_root = self.root / 'run'
        for path in (self.data_root, self.run_root):
            path.mkdir(mode=0o711)
        self.cgroup_parent = self.root.name
        self.addCleanup(self._check_nothing_left)
        self.open()
        self.addCleanup(self._remove_all)
        self.image = self.images.load(
            io.BytesIO(archives.busybox_image()))[0]

    def open(self):
        """Build the services as the daemon does, and recover."""
        self.engine = select.choose(
            run_root=self.run_root, runtime=self._oci_runtime)
        places = paths.DataPaths(self.data_root)
        self.database = database.Database(places.database)
        self.storage = overlay.Overlay(
            self.data_root, self.run_root / 'userns')
        hub = events.EventHub()
        hub.subscribe(self._note)
        self.images = images.ImageService(
            self.database, blobs.Blobs(places.blobs),
            layers.Layers(places.layers), unpacker.Unpacker(), hub.publish,
            self._using_image)
        binds = bindpolicy.Policy()
        self.volumes = volumes.VolumeService(
            db=self.database, files=volumefiles.VolumeFiles(places.volumes),
            policy=binds, hub=hub)
        opener = volumemounts.VolumeMounts(self.volumes, binds)
        sandbox = sandboxes.Sandboxes(self.run_root)
        options = self._options()
        wires = bridges.Bridges(pathlib.Path('/usr/lib/cni'), 'nc-test0')
        wired = networks.NetworkService(
            db=self.database, bridges=wires, hub=hub,
            options=networks.Options(
                pools=addressing.pools(('172.17.0.0/16:24',))))
        wired.open()
        self.containers = containers.ContainerService(
            options=options, db=self.database, images=self.images,
            storage=self.storage, engine=self.engine, sandbox=sandbox,
            volumes=self.volumes, hub=hub,
            staging=staging.Staging(self.run_root, opener, binds, sandbox),
            copyup=copyup.CopyUp(
                storage=self.storage, service=self.volumes, opener=opener,
                limits=options.archive_limits, unpack=unpacker.Unpacker(),
                layer_paths=self._layer_paths),
            networks=wired, bridges=wires)
        self.volumes.recover()
        self.report = self.containers.open()

    def _options(self):
        return containers.Options(
            data_root=self.data_root, run_root=self.run_root,
            userns_base=USERNS_BASE, userns_count=100, stop_timeout_s=10,
            policy=hostconfig.Policy(
                frozenset({0, 1}), self.engine.name,
                self._allow_host_userns, reach=self._reach),
            settings=preparation.Settings(
                self.cgroup_parent, cgroups.layout().version))

    def abandon(self):
        """Be a daemon that is gone: it notices nothing any more."""
        self.containers.close()
        self.database.close()

    def reboot_host(self, container_id):
        """Lose what a reboot takes, with one container; not open again."""
        found = self.containers.get(container_id)
        self.abandon()
        # Processes, mounts, namespaces, /run.
        os.kill(found.pid, signal.SIGKILL)
        processes.wait_gone(found.conmon_pid, found.conmon_started, 20)
        pins = [self.run_root / 'userns' / container_id,
                pathlib.Path('/run/netns', f'nc-{container_id[:12]}')]
        for path in (*pins,
                     *reversed(mounts.mount_points(self.data_root))):
            mounts.unmount(str(path), mounts.MNT_DETACH)
        for pin in pins:
            pin.unlink()
        self.engine.delete(container_id, force=True)
        shutil.rmtree(self.run_root)
        self.run_root.mkdir(mode=0o711)

    def restart(self):
        """Be a new daemon after one that was killed."""
        self.abandon()
        self.open()

    def create(self, *command, name=None, **body):
        """Create a container of a shell script; return its id."""
        if len(command) == 1:
            command = ('sh', '-c', command[0])
        body = {'Image': 'busybox:test', 'Cmd': list(command), **body}
        container_id, _ = self.containers.create(body, name)
        self.ids.add(container_id)
        return container_id

    def run(self, *command, **body):
        """Run a container to its end; return (exit code, output)."""
        container_id = self.create(*command, **body)
        ended = self.containers.exit_future(container_id, 'next-exit')
        self.containers.start(container_id)
        return ended.result(30), self.output(container_id)

    def output(self, container_id):
        """Return what the container wrote."""
        log = self.containers.log_path(self.containers.get(container_id))
        lines = log.read_text().splitlines() if log.exists() else []
        return '\n'.join(line.split(' ', 3)[3] for line in lines)

    def wait_output(self, container_id, text, timeout_s=20):
        """Wait until the container has written a text."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output(container_id):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f'{text!r} not in {self.output(container_id)!r}')
            time.sleep(0.01)

    def wait_status(self, container_id, status, timeout_s=20):
        """Wait until the record says so."""
        deadline = time.monotonic() + timeout_s
        while (found := self.containers.get(container_id)).status != status:
            if time.monotonic() > deadline:
                raise AssertionError(f'{found.status} is not {status}')
            time.sleep(0.01)
        return found

    def actions(self, container_id):
        """Return what was told of one container."""
        return [event.action for event in self.events
                if event.actor_id == container_id]

    def leftovers(self, container_id=None):
        """Describe what there is of containers beside records and homes.

        :param container_id: of one; default: of all this fixture knows.
        """
        ids = {container_id} if container_id else self.ids
        found = [path for path in mounts.mount_points(self.root)
                 if any(one in path for one in ids)]
        found += [str(path) for one in ids
                  for path in cgroups.directories(
                      f'{self.cgroup_parent}/{one}')]
        found += [f'{pid} {command}' for pid, command in _commands()
                  if any(one in command for one in ids)]
        found += [str(path) for one in ids
                  for path in (self.run_root / 'bundles' / one,
                               self.run_root / 'engine' / one,
                               self.run_root / 'exits' / one)
                  if path.exists()]
        return found

    def _layer_paths(self, image_id):
        return self.images.layer_paths(self.images.get(image_id))

    def _using_image(self, image_id):
        return self.containers.using_image(image_id)

    def _note(self, event):
        self.events.append(event)

    def _remove_all(self):
        try:
            for container in self.containers.list(
                    all=True, limit=0, filters={}):
                self.containers.remove(
                    container.id, force=True, volumes=False)
        finally:
            self.abandon()

    def _check_nothing_left(self):
        left = self.leftovers()
        left += [str(path) for one in self.ids
                 for path in (pathlib.Path('/run/netns', f'nc-{one[:12]}'),
                              self.data_root / 'containers' / one,
                              self.data_root / 'overlay' / one)
                 if path.exists()]
        left += mounts.mount_points(self.root)
        cgroups.remove(self.cgroup_parent)
        if left:
            raise AssertionError(f'left behind: {left}')


def _commands():
    for entry in pathlib.Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                yield entry.name, (entry / 'cmdline').read_text()
            except (OSError, UnicodeDecodeError):
                continue
