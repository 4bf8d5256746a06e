"""Bring a container to the point where its process is held.

Called by ``service.lifecycle`` (init and start), under the container's lock.
Calls ``service.sandboxes``, ``storage``, ``service.etcfiles``,
``host.mountpoints``, ``service.runspec``, ``engine`` and the exit monitor.

Every step puts its undoing onto a stack; whatever fails, nothing stays.
"""

from collections.abc import Callable, Iterator, Sequence
import contextlib
import dataclasses
import functools
import pathlib

from oslo_log import log as logging

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import mountpoints
from novacontainer.runtime.host import processes
from novacontainer.runtime import models
from novacontainer.runtime.service import directories
from novacontainer.runtime.service import endpoints
from novacontainer.runtime.service import etcfiles
from novacontainer.runtime.service import exits
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import linking
from novacontainer.runtime.service import logconfig
from novacontainer.runtime.service import logkeeping
from novacontainer.runtime.service import lxcfs
from novacontainer.runtime.service import mountplan
from novacontainer.runtime.service import netmodes
from novacontainer.runtime.service import plugs
from novacontainer.runtime.service import rootmounts
from novacontainer.runtime.service import runspec
from novacontainer.runtime.service import sandboxes
from novacontainer.runtime.service import staging
from novacontainer.runtime.service import state
from novacontainer.runtime.storage import base as storage_base

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How this host makes containers.

    :param cgroup_parent: cgroup below which each container has its own.
    :param cgroup_version: 1 (hybrid included) or 2.
    :param log_size_max_bytes: default size at which a log starts anew.
    :param init_path: the program that a container with ``Init`` begins with.
    :param proc_view: what containers see in /proc of their own limits.
    """

    cgroup_parent: str
    cgroup_version: int
    log_size_max_bytes: int = 0
    init_path: str = ''
    proc_view: lxcfs.Lxcfs = dataclasses.field(
        default_factory=lambda: lxcfs.Lxcfs(''))

    def cgroup_path(self, container_id: str) -> str:
        """Return the path of a container's cgroup in each hierarchy."""
        return f'/{self.cgroup_parent.strip("/")}/{container_id}'


class Preparation:
    """Makes a container's sandbox, root, bundle and held process.

    :param layer_paths: returns the layers of an image id, lowest first.
    :param find: returns the container of an id.
    :param roots: lends the roots of other containers.
    """

    def __init__(
        self, *, settings: Settings,
        places: directories.Directories,
        storage: storage_base.Storage,
        engine: engine_base.Engine,
        sandbox: sandboxes.Sandboxes,
        monitor: exits.ExitMonitor,
        layer_paths: Callable[[str], Sequence[pathlib.Path]],
        find: netmodes.Find,
        roots: rootmounts.RootMounts,
        keeper: logkeeping.LogKeeper,
        staging: staging.Staging,
        endpoints: endpoints.Endpoints,
        links: linking.Links,
    ) -> None:
        self._settings = settings
        self._places = places
        self._storage = storage
        self._engine = engine
        self._sandboxes = sandbox
        self._monitor = monitor
        self._layer_paths = layer_paths
        self._find = find
        self._roots = roots
        self._keeper = keeper
        self._staging = staging
        self._endpoints = endpoints
        self._links = links

    @contextlib.contextmanager
    def held(self, container: models.Container,
             ) -> Iterator[models.Container]:
        """Initialise; undo all of it when the body of the ``with`` raises.

        :return: the record, changed but not saved.
        :raises InvalidRequest: the image or the request cannot be run.
        :raises Internal: the engine or the kernel failed.
        """
        if self._places.bundle(container.id).exists():
            # What the last run, or a failed start, could not clean up.
            self.let_go(container.id)
        with undoing() as undo:
            rootfs = self._root(container, undo)
            undo(self._staging.leave, container.id)
            with self._staging.staged(container) as asked:
                bundle = self._bundle(container, rootfs, asked)
                created = self._engine.create(bundle)
            undo(self._discard_process, container.id)
            plugs.furnish(container, created.pid)
            self._staging.tell(container, 'mount')
            undo(self.unmounted, container)
            self._watch(container.id, created)
            undo(self._monitor.forget, container.id)
            self.keep_log(container)
            yield state.held(container, created)

    def unmounted(self, container: models.Container) -> None:
        """Tell that a container no longer has its volumes."""
        self._staging.tell(container, 'unmount')

    def keep_log(self, container: models.Container) -> None:
        """Keep what the log of a container was before it starts anew."""
        files = logconfig.files(container.host_config)
        if files > 1:
            self._keeper.keep(self._places.log(container.id), files)

    def let_go(self, container_id: str) -> None:
        """Undo init: no process, no mount, no bundle; the sandbox stays.

        The bundle goes last: as long as it is there, the next init, the
        removal or recovery tries again what failed here.

        :raises RuntimeFault: a step failed; those after it were not tried.
        """
        self._monitor.forget(container_id)
        self._engine.delete(container_id, force=True)
        self._engine.forget(container_id)
        self._staging.leave(container_id)
        self._endpoints.detach(container_id)
        self._storage.unmount(container_id)
        with diskfaults.translated('Cannot remove the bundle'):
            self._places.remove_bundle(container_id)

    def _root(self, container: models.Container,
              undo: 'Undo') -> pathlib.Path:
        """Make the sandbox, mount the root on it, and put files there."""
        netmodes.check_running(container, self._find)
        with diskfaults.translated('Cannot make the bundle'):
            self._places.make_bundle(container.id)
        undo(self._places.remove_bundle, container.id)
        if self._sandboxes.ensure(container):
            undo(self._sandboxes.remove, container.id)
        connected = self._endpoints.attach(container)
        undo(self._endpoints.detach, container.id)
        rootfs = self._storage.mount(
            container.id, self._layer_paths(container.image_id),
            container.id_map)
        undo(self._storage.unmount, container.id)
        with diskfaults.translated('Cannot write the files for /etc'):
            etcfiles.write(
                self._places.home(container.id), container, connected)
        self._endpoints.announce(connected)
        return rootfs

    def _bundle(self, container: models.Container, rootfs: pathlib.Path,
                asked: tuple[models.Mount, ...]) -> models.Bundle:
        """Write down what is to be run.

        :param asked: what the client wants to be mounted.
        """
        # Names and resolvers belong to a network, and go with it.
        holder = netmodes.owner(container, self._find)
        all_mounts = (
            *etcfiles.mounts(self._places.home(holder.id), container),
            *isolation.mounts(
                container.host_config, self._settings.init_path),
            *self._roots.binds(container),
            *self._settings.proc_view.mounts(container),
            *asked)
        mountpoints.prepare(
            rootfs, [(mount.target, _is_directory(mount))
                     for mount in all_mounts]
            + [(path, True) for path in mountplan.directories(container)],
            container.id_map, container.config.get('WorkingDir') or '/')
        spec = runspec.describe(
            container, rootfs, netmodes.joined(
                container, self._sandboxes.paths, self._find),
            self._settings.cgroup_path(container.id), all_mounts,
            self._links.environment(container))
        return models.Bundle(
            id=container.id,
            directory=self._places.bundle(container.id),
            spec=runspec.document(spec, self._settings.cgroup_version),
            log_path=(self._places.log(container.id)
                      if logconfig.is_kept(container.host_config) else None),
            terminal=spec.terminal,
            stdin_open=bool(container.config.get('OpenStdin')),
            stdin_once=bool(container.config.get('StdinOnce')),
            log_size_max_bytes=logconfig.size_bytes(
                container.host_config, self._settings.log_size_max_bytes))

    def _watch(self, container_id: str, created: models.Created) -> None:
        pidfd = processes.open_pidfd(
            created.conmon_pid, created.conmon_started)
        if pidfd is None:
            self._discard_process(container_id)
            raise exception.Internal(
                'The monitor of the container ended at once; see the log '
                'of the host for conmon.', 'engine.monitor_lost')
        self._monitor.watch(container_id, pidfd)

    def _discard_process(self, container_id: str) -> None:
        self._engine.delete(container_id, force=True)
        self._engine.forget(container_id)


Undo = Callable[..., None]


@contextlib.contextmanager
def undoing() -> Iterator[Undo]:
    """Run what was put down, last first, when the body raises.

    A step that fails in turn is logged: the first error is the one that
    matters, and recovery will find what stayed.
    """
    with contextlib.ExitStack() as stack:
        def undo(step: Callable[..., None], *args: object) -> None:
            stack.callback(_attempt, functools.partial(step, *args))

        yield undo
        stack.pop_all()


def _attempt(step: 'functools.partial[None]') -> None:
    try:
        step()
    except (exception.RuntimeFault, OSError) as error:
        LOG.warning('Could not undo %s%s: %s', step.func.__qualname__,
                    step.args, error)


def _is_directory(mount: models.Mount) -> bool:
    return mount.type != 'bind' or pathlib.Path(mount.source).is_dir()
