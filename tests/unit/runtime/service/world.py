"""The container service over fakes: no mounts, no namespaces, no crun.

Used by the unit tests of the service's modules.  The records are real
sqlite, and a monitor is a real process (``sleep``), so that the way in which
ends are noticed is the real one.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import time

import fixtures

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from novacontainer.runtime.service import addressing
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import containers
from novacontainer.runtime.service import events
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import networks
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import volumes
from novacontainer.runtime.store import database
from novacontainer.runtime.store import images
from novacontainer.runtime.store import volumefiles
from tests.contract import fake_engine

IMAGE_ID = 'sha256:' + 'e' * 64
CREATED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
POLICY = hostconfig.Policy(frozenset({0, 1, 2, 3}), 'fake')


def image(**config):
    """Return an image with a command; ``config`` goes over it."""
    return models.Image(
        id=IMAGE_ID, config={'config': {'Cmd': ['true'], **config}},
        layers=(), references=('web:latest',),
        created=CREATED)


class Engine(fake_engine.FakeEngine):
    """The fake engine with a process for each monitor."""

    def __init__(self):
        super().__init__()
        self.monitors = {}

    def create(self, bundle):
        super().create(bundle)
        (bundle.directory / 'config.json').write_text(
            json.dumps(bundle.spec))
        monitor = subprocess.Popen(['sleep', '1000'])
        self.monitors[bundle.id] = monitor
        return models.Created(
            self.state.containers[bundle.id].pid, monitor.pid,
            processes.start_ticks(monitor.pid))

    def execute(self, execution):
        monitor = subprocess.Popen(['sleep', '1000'])
        self.monitors[execution.id] = monitor
        try:
            executed = super().execute(execution)
        except exception.RuntimeFault:
            self.lose_monitor(execution.id)
            raise
        return dataclasses.replace(
            executed, conmon_pid=monitor.pid,
            conmon_started=processes.start_ticks(monitor.pid))

    def finish_exec(self, container_id, exec_id, exit_code):
        super().finish_exec(container_id, exec_id, exit_code)
        self.lose_monitor(exec_id)

    def finish(self, container_id, exit_code):
        super().finish(container_id, exit_code)
        self.lose_monitor(container_id)

    def lose_monitor(self, container_id):
        """Let the monitor end, whether or not it wrote an exit code."""
        monitor = self.monitors.pop(container_id, None)
        if monitor is not None:
            monitor.kill()
            monitor.wait()

    def delete(self, container_id, force=False):
        super().delete(container_id, force)
        self.lose_monitor(container_id)

    def lose_all(self):
        """End every monitor, as the end of a test does."""
        for container_id in list(self.monitors):
            self.lose_monitor(container_id)


class Storage:
    """Directories; ``faults`` maps a verb to what it raises next."""

    name = 'fake'

    def __init__(self, root):
        self._root = root
        self._mounted = set()
        self.faults = {}
        self.changed = []
        #: Limits that were set after the creation, in bytes.
        self.sizes = {}
        root.mkdir()

    def prepare(self, container_id, layers, id_map, size_bytes):
        self._called('prepare')
        if size_bytes:
            raise exception.NotSupported('No limits here.')
        (self._root / container_id).mkdir()

    def resize(self, container_id, size_bytes):
        self._called('resize')
        self.sizes[container_id] = size_bytes

    def mount(self, container_id, layers, id_map):
        self._called('mount')
        root = self._root / container_id / 'merged'
        (root / 'etc').mkdir(parents=True, exist_ok=True)
        (root / 'etc/passwd').write_text(
            'root:x:0:0::/root:/bin/sh\nweb:x:33:33::/var/www:/bin/false\n')
        self._mounted.add(container_id)
        return root

    def unmount(self, container_id):
        self._called('unmount')
        self._mounted.discard(container_id)

    def remove(self, container_id):
        self._called('remove')
        self.unmount(container_id)
        subprocess.run(['rm', '-rf', str(self._root / container_id)],
                       check=True)

    def describe(self, container_id, layers):
        return {'UpperDir': str(self.upper(container_id))}

    def changes(self, container_id, layers, id_map):
        self._called('changes')
        return iter(self.changed)

    def upper(self, container_id):
        return self._root / container_id

    @contextlib.contextmanager
    def delta(self, container_id, layers, id_map):
        yield deltas.Delta(self.upper(container_id), id_map)

    def mounted(self):
        return iter(tuple(self._mounted))

    def _called(self, verb):
        fault = self.faults.pop(verb, None)
        if fault is not None:
            raise fault


class Sandboxes:
    """Pins that are plain files."""

    def __init__(self, root):
        self._root = root
        root.mkdir()
        self.faults = {}

    def paths(self, container):
        pin = self._root / container.id
        return models.SandboxPaths(
            pin, pin if container.id_map is not None else None)

    def ensure(self, container):
        if 'ensure' in self.faults:
            raise self.faults.pop('ensure')
        path = self.paths(container).netns
        made = not path.exists()
        path.touch()
        return made

    def remove(self, container_id):
        (self._root / container_id).unlink(missing_ok=True)

    def pinned(self):
        """Return the ids that have a sandbox."""
        return {path.name for path in self._root.iterdir()}


class Staging:
    """Mounts that are only described; ``told`` has what was published."""

    def __init__(self):
        self.attached = set()
        self.holders = []
        self.told = []
        self.faults = {}

    @contextlib.contextmanager
    def staged(self, container):
        if 'staged' in self.faults:
            raise self.faults.pop('staged')
        self.holders.append(container.id)
        self.attached.add(container.id)
        yield tuple(
            models.Mount('tmpfs', 'tmpfs', point.target, point.words)
            if point.type == 'tmpfs' else
            models.Mount(
                'bind', point.source if point.type == 'bind' else '/',
                point.target, ('rbind',))
            for point in container.mounts)
        self.attached.discard(container.id)

    def leave(self, container_id):
        if container_id in self.holders:
            self.holders.remove(container_id)

    def tell(self, container, action):
        self.told += [(action, container.id, point.source)
                      for point in container.mounts
                      if point.type == 'volume']

    def open(self, running):
        self.running = [one.id for one in running]


class CopyUp:
    """Fills nothing, and remembers what it was asked to fill."""

    def __init__(self):
        self.asked = []
        self.fault = None

    def run(self, container, fresh):
        if self.fault is not None:
            raise self.fault
        self.asked.append((container.id, sorted(fresh)))


class Bridges:
    """Bridges that are names; ``faults`` maps a verb to what it raises."""

    def __init__(self):
        self.made = set()
        self.plugs = {}
        self.published = {}
        self.rules = None
        self.way_out = {}
        self.missing = ''
        self.faults = {}

    def lacking(self):
        return self.missing

    def why_not(self):
        return self.missing

    def is_made(self, network):
        return network.bridge in self.made

    def secure(self, networks):
        self._called('secure')
        self.rules = {network.name for network in networks}

    def remove(self, network):
        self._called('remove')
        self.made.discard(network.bridge)

    def sweep(self, known):
        self.swept = dict(known)

    def connect(self, plug):
        self.made.add(plug.network.bridge)
        self._called('connect')
        self.plugs[plug.endpoint.id] = plug
        if plug.endpoint.default_route:
            self.way_out[plug.endpoint.container_id] = plug.network.name
        self.publish(plug)

    def disconnect(self, plug):
        self._called('disconnect')
        self.plugs.pop(plug.endpoint.id, None)
        self.published.pop(plug.endpoint.id, None)

    def publish(self, plug):
        if plug.endpoint.ports:
            self.published[plug.endpoint.id] = plug.endpoint.ports

    def lead_out(self, plug):
        self._called('lead_out')
        self.way_out[plug.endpoint.container_id] = plug.network.name

    def _called(self, verb):
        fault = self.faults.pop(verb, None)
        if fault is not None:
            raise fault


class Images:
    """One image, known by a few names."""

    def __init__(self):
        self.image = image()
        self.committed = []

    def get(self, name):
        if name not in ('web', 'web:latest', IMAGE_ID):
            raise exception.NotFound(
                f'No such image: {name}', 'image.not_found')
        return self.image

    def layer_paths(self, found):
        return ()

    def commit(self, **given):
        self.committed.append(given)
        return self.image


class World(fixtures.Fixture):
    """A :class:`ContainerService` as ``containers``, over the fakes."""

    def _setUp(self):
        # Unit tests need not be root, and give nothing away.
        for name in ('os.chown', 'os.fchown'):
            self.useFixture(fixtures.MockPatch(name))
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.engine = Engine()
        self.addCleanup(self.engine.lose_all)
        self.storage = Storage(self.root / 'storage')
        self.sandboxes = Sandboxes(self.root / 'pins')
        self.bridges = Bridges()
        self.images = Images()
        self.staging = Staging()
        self.copyup = CopyUp()
        self.events = []
        self.database = database.Database(self.root / 'db.sqlite')
        self.addCleanup(self.database.close)
        with self.database.transaction() as connection:
            images.add(connection, IMAGE_ID, b'{}', CREATED, ())
        self.open()
        self.addCleanup(self._close)

    def open(self, **policy):
        """Build the service, and recover."""
        hub = events.EventHub()
        hub.subscribe(self.events.append)
        self.volumes = volumes.VolumeService(
            db=self.database,
            files=volumefiles.VolumeFiles(self.root / 'data/volumes'),
            policy=bindpolicy.Policy(), hub=hub)
        self.volumes.recover()
        self.networks = networks.NetworkService(
            db=self.database, bridges=self.bridges, hub=hub,
            options=networks.Options(
                pools=addressing.pools(('10.200.0.0/16:24',))))
        self.networks.open()
        self.containers = containers.ContainerService(
            options=containers.Options(
                data_root=self.root / 'data', run_root=self.root / 'run',
                userns_base=65536, userns_count=50, stop_timeout_s=5,
                policy=hostconfig.Policy(
                    POLICY.cpus, POLICY.runtime, **policy),
                settings=preparation.Settings('nc-unit', 2)),
            db=self.database, images=self.images, storage=self.storage,
            engine=self.engine, sandbox=self.sandboxes,
            volumes=self.volumes, staging=self.staging,
            copyup=self.copyup, hub=hub,
            networks=self.networks, bridges=self.bridges)
        self.report = self.containers.open()

    def _close(self):
        self.containers.close()

    def restart(self, **policy):
        """Be a new daemon on the same files and processes."""
        self.containers.close()
        self.open(**policy)

    def create(self, script='serve', name=None, host_config=None, **body):
        """Create a container whose command the fake engine understands."""
        if host_config:
            body['HostConfig'] = host_config
        container_id, _ = self.containers.create(
            {'Image': 'web', 'Cmd': ['sh', '-c', script], **body}, name)
        return container_id

    def start(self, script='serve', **given):
        """Create and start one; return its id."""
        container_id = self.create(script, **given)
        self.containers.start(container_id)
        return container_id

    def get(self, container_id):
        """Return the record."""
        return self.containers.get(container_id)

    def wait(self, container_id, status=models.Status.EXITED):
        """Wait until the record says so, and return it."""
        deadline = time.monotonic() + 20
        while (found := self.get(container_id)).status is not status:
            if time.monotonic() > deadline:
                raise AssertionError(f'{found.status} is not {status}')
            time.sleep(0.002)
        return found

    def events_until(self, action, actor_id, times=1):
        """Wait until that was published so often."""
        deadline = time.monotonic() + 20
        while self.actions(actor_id).count(action) < times:
            if time.monotonic() > deadline:
                raise AssertionError(f'no {action} of {actor_id}')
            time.sleep(0.002)

    def actions(self, container_id):
        """Return the events of one container, oldest first."""
        return [event.action for event in self.events
                if event.actor_id == container_id]

    def traces(self, container_id):
        """Describe what there is of a run, beside record and layer."""
        found = [str(path) for path in (
            self.root / 'run' / 'bundles' / container_id,) if path.exists()]
        if container_id in self.storage.mounted():
            found.append('mount')
        if container_id in self.engine.state.containers:
            found.append('engine')
        if container_id in self.engine.state.exits:
            found.append('exit file')
        if container_id in self.engine.monitors:
            found.append('monitor')
        return found

    def files(self):
        """List everything on disk that belongs to some container."""
        return sorted(
            os.path.join(path, name)
            for path in ('data/containers', 'run/bundles', 'storage', 'pins')
            for name in os.listdir(self.root / path))
