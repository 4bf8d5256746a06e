"""Containers, as the API sees them: one class in front of the parts.

Called by ``api.routes.containers`` and ``runtime.daemon``.  Calls
``service.creation``, ``lifecycle``, ``removal``, ``snapshots`` and
``recovery``, one noun each, which it puts together.

Every method is synchronous and thread-safe.  A container may be named by its
id, an unambiguous beginning of it, or its name; where it does not exist
every method raises NotFound.
"""

from collections.abc import Mapping, Sequence
import dataclasses
import pathlib
import typing

from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime import exception
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.image import reference as image_reference
from novacontainer.runtime import models
from novacontainer.runtime.service import alterations
from novacontainer.runtime.service import archives
from novacontainer.runtime.service import attachments
from novacontainer.runtime.service import connections
from novacontainer.runtime.service import copyup as copyups
from novacontainer.runtime.service import creation
from novacontainer.runtime.service import differences
from novacontainer.runtime.service import directories
from novacontainer.runtime.service import endings
from novacontainer.runtime.service import endpoints
from novacontainer.runtime.service import etcfiles
from novacontainer.runtime.service import events
from novacontainer.runtime.service import execs
from novacontainer.runtime.service import execspec
from novacontainer.runtime.service import exits
from novacontainer.runtime.service import farewell
from novacontainer.runtime.service import filters as list_filters
from novacontainer.runtime.service import health
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import hostnames
from novacontainer.runtime.service import idranges
from novacontainer.runtime.service import lifecycle
from novacontainer.runtime.service import linking
from novacontainer.runtime.service import locks
from novacontainer.runtime.service import logconfig
from novacontainer.runtime.service import logkeeping
from novacontainer.runtime.service import netmodes
from novacontainer.runtime.service import networks as network_service
from novacontainer.runtime.service import plugs
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import recovery
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import removal
from novacontainer.runtime.service import restarts
from novacontainer.runtime.service import rootmounts
from novacontainer.runtime.service import sandboxes
from novacontainer.runtime.service import snapshots
from novacontainer.runtime.service import staging as stagings
from novacontainer.runtime.service import state
from novacontainer.runtime.service import usage
from novacontainer.runtime.service import volumes as volume_service
from novacontainer.runtime.service import waiters
from novacontainer.runtime.storage import base as storage_base
from novacontainer.runtime.store import containers as container_records
from novacontainer.runtime.store import database
from novacontainer.runtime.unpack import unpacker


class Images(creation.Images, snapshots.Images, typing.Protocol):
    """What is needed of ``service.images.ImageService``."""

    def layer_paths(self, image: models.Image) -> Sequence[pathlib.Path]:
        """Return the unpacked layers of an image, lowest first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What the operator decided, see ``runtime.conf.containers``."""

    data_root: pathlib.Path
    run_root: pathlib.Path
    userns_base: int
    userns_count: int
    stop_timeout_s: int
    policy: hostconfig.Policy
    settings: preparation.Settings
    archive_limits: image_limits.Limits = dataclasses.field(
        default_factory=image_limits.Limits)


class ContainerService:
    """Everything that can be done with containers."""

    def __init__(self, *, options: Options, db: database.Database,
                 images: Images, storage: storage_base.Storage,
                 engine: engine_base.Engine, sandbox: sandboxes.Sandboxes,
                 volumes: volume_service.VolumeService,
                 staging: stagings.Staging, copyup: copyups.CopyUp,
                 hub: events.EventHub,
                 networks: network_service.NetworkService,
                 bridges: endpoints.Bridges) -> None:
        self._images = images
        self._storage = storage
        self._registry = registry.Registry(db)
        self._places = directories.Directories(
            options.data_root, options.run_root)
        self._sandboxes = sandbox
        self._staging = staging
        self._waiters = waiters.Waiters()
        self._keeper = logkeeping.LogKeeper()
        self._monitor = exits.ExitMonitor(self._ended)
        ranges = idranges.IdRanges(
            options.userns_base, options.userns_count,
            self._registry.host_bases())
        shared_locks = locks.Locks()
        self._add_connections(db, networks, bridges, shared_locks)
        roots = rootmounts.RootMounts(
            self._registry, storage, self._layer_paths)
        prepare = preparation.Preparation(
            settings=options.settings, places=self._places, storage=storage,
            engine=engine, sandbox=self._sandboxes, monitor=self._monitor,
            layer_paths=self._layer_paths, find=self._registry.find,
            keeper=self._keeper, staging=staging, roots=roots,
            endpoints=self._endpoints, links=self._links)
        self._prepare = prepare
        self._creation = creation.Creation(
            policy=options.policy, images=images, registry=self._registry,
            places=self._places, storage=storage, ranges=ranges,
            volumes=volumes, copyup=copyup, endpoints=self._endpoints,
            links=self._links, hub=hub)
        self._endings = endings.Endings(
            settings=options.settings, registry=self._registry,
            engine=engine, prepare=prepare, hub=hub, locks=shared_locks,
            waiters=self._waiters)
        self._removal = removal.Removal(
            registry=self._registry, places=self._places, storage=storage,
            engine=engine, sandbox=self._sandboxes, prepare=prepare,
            roots=roots, endings=self._endings, ranges=ranges,
            volumes=volumes, hub=hub, locks=shared_locks,
            waiters=self._waiters)
        self._add_companions(options, db, engine, hub, shared_locks)
        self._restarts = restarts.Restarts(
            self._registry, self._start_again)
        self._lifecycle = lifecycle.Lifecycle(
            registry=self._registry, engine=engine, prepare=prepare,
            attachments=self.attachments,
            removal=self._removal, restarts=self._restarts, hub=hub,
            locks=shared_locks, waiters=self._waiters,
            stop_timeout_s=options.stop_timeout_s)
        self._add_rest(engine, hub, shared_locks)
        self._add_views(options, engine, hub, shared_locks)

    def _add_rest(self, engine: engine_base.Engine, hub: events.EventHub,
                  shared_locks: locks.Locks) -> None:
        """Add what keeps containers beyond their life, and the daemon's."""
        #: For the end of the host.
        self.farewell = farewell.Farewell(
            self._registry, self._restarts, self._lifecycle.end)
        self._snapshots = snapshots.Snapshots(
            images=self._images, registry=self._registry,
            places=self._places, storage=self._storage, engine=engine,
            hub=hub, locks=shared_locks)
        self._recovery = recovery.Recovery(
            registry=self._registry, places=self._places,
            storage=self._storage, engine=engine,
            monitor=self._monitor,
            endings=self._endings, removal=self._removal,
            snapshots=self._snapshots, plugs=self.plugs,
            locks=shared_locks)

    def _add_connections(self, db: database.Database,
                         networks: network_service.NetworkService,
                         bridges: endpoints.Bridges,
                         shared_locks: locks.Locks) -> None:
        """Add what connects containers to networks."""
        self._endpoints = endpoints.Endpoints(
            db=db, service=networks, bridges=bridges,
            names=hostnames.HostNames(self._places))
        self._links = linking.Links(
            self._registry.get, self._endpoints.of)
        #: Which networks containers are on.
        self.connections = connections.Connections(
            registry=self._registry, service=networks,
            endpoints=self._endpoints, locks=shared_locks)

    def _add_companions(self, options: Options, db: database.Database,
                        engine: engine_base.Engine, hub: events.EventHub,
                        shared_locks: locks.Locks) -> None:
        """Add what goes with a container's process."""
        #: Block devices that come and go.
        self.plugs = plugs.Plugs(
            policy=options.policy.reach,
            cgroup_path=options.settings.cgroup_path,
            registry=self._registry, engine=engine, hub=hub,
            locks=shared_locks)
        #: Clients at containers' streams.
        self.attachments = attachments.Attachments(
            registry=self._registry, engine=engine, hub=hub,
            shared_locks=shared_locks)
        #: Further processes in containers.
        self.execs = execs.Execs(
            registry=self._registry, engine=engine, hub=hub,
            spec=execspec.ExecSpecs(
                settings=options.settings, places=self._places,
                sandbox=self._sandboxes, reach=options.policy.reach))
        #: What health checks find.
        self.healths = health.Healths(
            db=db, registry=self._registry, execs=self.execs, hub=hub)

    def _add_views(self, options: Options,
                   engine: engine_base.Engine, hub: events.EventHub,
                   shared_locks: locks.Locks) -> None:
        """Add what changes or shows containers beside their life."""
        #: Names and limits that change.
        self.alterations = alterations.Alterations(
            policy=options.policy, registry=self._registry, engine=engine,
            storage=self._storage, hub=hub, locks=shared_locks,
            endpoints=self._endpoints)
        #: Files in and out.
        self.archives = archives.Archives(
            registry=self._registry, storage=self._storage,
            sandbox=self._sandboxes, staging=self._staging,
            locks=shared_locks, limits=options.archive_limits,
            unpack=unpacker.Unpacker(),
            layer_paths=self._layer_paths)
        #: Files that containers changed.
        self.differences = differences.Differences(
            registry=self._registry, storage=self._storage,
            locks=shared_locks,
            layer_paths=self._layer_paths)

    def open(self) -> recovery.Report:
        """Recover what an earlier daemon left, and begin to watch."""
        self._registry.plan_mounts()
        report = self._recovery.run()
        everything = self._registry.select(container_records.Criteria())
        self._staging.open(one for one in everything if one.pid)
        self._endpoints.recover(self._registry.with_process())
        self._monitor.start()
        self._keeper.open()
        for container in everything:
            if state.is_live(container):
                self._prepare.keep_log(container)
        self.execs.open()
        self.healths.open()
        self._restarts.open(self._registry.select(
            container_records.Criteria(statuses=(models.Status.EXITED,))))
        return report

    def interrupt(self) -> None:
        """Make every call that waits for an end give up."""
        self._waiters.abandon()

    def close(self) -> None:
        """Watch no longer; containers run on."""
        self._restarts.close()
        self.healths.close()
        self._keeper.close()
        self._monitor.stop()
        self.execs.close()

    def create(self, config: models.Json, name: str | None,
               platform: str | None = None,
               by_root: bool = False) -> tuple[str, list[str]]:
        """Create a container.

        :param config: body of ``POST /containers/create``, types checked.
        :param name: None: a random one.
        :param platform: the image must be of it; see ``service.platforms``.
        :param by_root: the client is root of the host.
        :return: id, and warnings for the client.
        :raises NotFound: no such image.
        :raises Conflict: the name is taken.
        :raises InvalidRequest: a value makes no sense; names the field.
        :raises NotSupported: a field that this version does not honour.
        :raises Forbidden: the operator does not allow it.
        :raises Unavailable: the disk is full, or the id ranges are used up.
        """
        return self._creation.create(config, name, platform, by_root)

    def get(self, name: str) -> models.Container:
        """Return one container."""
        return self._shown(self._registry.get(name))

    def list(self, *, all: bool, limit: int,
             filters: Mapping[str, Sequence[str]],
             ) -> 'list[models.Container]':
        """Return containers, newest first.

        :param all: also those that do not run.
        :param limit: the newest so many, running or not; 0 or less: all.
        :param filters: see ``service.filters``.
        :raises InvalidRequest: an unknown filter or value.
        """
        query = list_filters.query(
            filters, all=all, limit=limit, find_container=self.get,
            find_image=self._images.get, find_health=self.healths.of,
            find_connections=self.connections.of)
        return query.apply([
            self._shown(one)
            for one in self._registry.select(query.criteria)])

    def counts(self) -> Mapping[models.Status, int]:
        """Return how many containers are in each state that occurs."""
        return self._registry.counts()

    def init(self, name: str) -> None:
        """Make namespaces, cgroup and root, and hold the process.

        :raises NotModified: it is initialised or running already.
        :raises InvalidRequest: its command or user is not in the image.
        :raises Internal: the engine failed.
        """
        self._lifecycle.init(self.get(name))

    def start(self, name: str) -> None:
        """Let the process run; initialise first where that was not done.

        A failure is kept in the record (``error``, exit code 126, 127 or
        128), and nothing else of it stays.

        :raises: as :meth:`init`.
        """
        self._lifecycle.start(self.get(name))

    def stop(self, name: str, *, timeout_s: int | None,
             signal: str | None) -> None:
        """Ask the process to end, and kill it when it does not.

        :param timeout_s: negative: never kill; None: the container's own,
            else the configured one.
        :param signal: None: the container's own, else TERM.
        :raises NotModified: it does not run.
        """
        self._lifecycle.stop(self.get(name), timeout_s, signal)

    def kill(self, name: str, signal: str) -> None:
        """Send a signal; with KILL, return when the end is recorded.

        :raises Conflict: it does not run.
        :raises InvalidRequest: there is no such signal.
        """
        self._lifecycle.kill(self.get(name), signal)

    def restart(self, name: str, *, timeout_s: int | None,
                signal: str | None = None) -> None:
        """Stop it if it runs, as :meth:`stop` does, and start it."""
        self._lifecycle.restart(self.get(name), timeout_s, signal)

    def pause(self, name: str, *, reclaim: bool = False) -> None:
        """Freeze every process.

        :param reclaim: give back what memory the kernel can take from it.
        :raises Conflict: it does not run, or is paused.
        """
        self._lifecycle.pause(self.get(name), reclaim)

    def unpause(self, name: str) -> None:
        """Undo :meth:`pause`.

        :raises Conflict: it is not paused.
        """
        self._lifecycle.unpause(self.get(name))

    def remove(self, name: str, *, force: bool, volumes: bool) -> None:
        """Remove a container and everything that belongs to it.

        :param force: kill it first where it runs.
        :param volumes: and the volumes that nobody named.
        :raises Conflict: it runs and force was not asked for.
        """
        container = self.get(name)
        if not force:
            state.check_restarting(container)
        self._removal.remove(container, force, volumes)

    def commit(self, name: str, *, repo: str | None, tag: str | None,
               author: str, message: str, pause: bool,
               changes: Sequence[str],
               config: models.Json | None) -> models.Image:
        """Make an image of the container as it is now.

        :param pause: hold a running container still meanwhile.
        :param changes: Dockerfile instructions, see ``service.changes``.
        :param config: body of ``POST /commit``.
        """
        reference = (str(image_reference.parse_tagged(repo, tag or ''))
                     if repo else None)
        return self._snapshots.commit(
            self.get(name), reference=reference, author=author,
            message=message, pause=pause, changes=changes, config=config)

    def exit_future(self, name: str, condition: str) -> waiters.ExitFuture:
        """Return a future of the exit code; cancel it to stop waiting.

        :param condition: ``not-running`` (at once when it does not run),
            ``next-exit``, or ``removed``.
        :raises InvalidRequest: another condition.
        """
        container = self.get(name)
        # Put down first, looked at then: an end in between is not missed.
        future = self._waiters.add(
            container.id, condition or waiters.NOT_RUNNING)
        now = self._registry.find(container.id)
        if now is None:
            waiters.settle(future, container.exit_code)
        elif not state.is_live(now) and condition in (
                '', waiters.NOT_RUNNING):
            waiters.settle(future, now.exit_code)
        return future

    def sandbox_key(self, container: models.Container) -> str:
        """Return the path of the network namespace's pin; '': the host's."""
        try:
            netns = netmodes.joined(container, self._sandboxes.paths,
                                    self._registry.find).netns
        except exception.NotFound:
            # The container whose it was has been removed.
            return ''
        return str(netns or '')

    def log_path(self, container: models.Container) -> pathlib.Path | None:
        """Return the log file, which is there once it was initialised.

        None: its log is not kept.
        """
        return (self._places.log(container.id)
                if logconfig.is_kept(container.host_config) else None)

    def places(self, container: models.Container) -> models.Places:
        """Return where on the host its parts lie.

        :raises NotFound: it is being removed, and its image with it.
        """
        return models.Places(
            log=self.log_path(container),
            files=etcfiles.paths(self._places.home(
                netmodes.target(container.host_config) or container.id)),
            layers=self._storage.describe(
                container.id, self._layer_paths(container.image_id)))

    def size_bytes(self, container: models.Container) -> int:
        """Return the disk space that the container itself takes."""
        try:
            layers = self._layer_paths(container.image_id)
            with self._storage.delta(
                    container.id, layers, container.id_map) as delta:
                return usage.delta_bytes(delta)
        except exception.NotFound:
            # Removed meanwhile.
            return 0

    def using_image(self, image_id: str) -> Sequence[str]:
        """Return the ids of the containers made from an image."""
        return self._registry.using_image(image_id)

    def _layer_paths(self, image_id: str) -> Sequence[pathlib.Path]:
        return self._images.layer_paths(self._images.get(image_id))

    def _ended(self, container_id: str) -> None:
        try:
            ended = self._endings.noticed(container_id)
        except exception.NotFound:
            return
        if ended is not None:
            self._restarts.ended(ended)
            self._removal.remove_automatically(ended)

    def _start_again(self, container: models.Container) -> None:
        self._lifecycle.start_again(container)

    def _shown(self, container: models.Container) -> models.Container:
        """Return a container as clients see it."""
        if (container.status is models.Status.EXITED
                and self._restarts.is_pending(container.id)):
            return dataclasses.replace(
                container, status=models.Status.RESTARTING)
        return container
