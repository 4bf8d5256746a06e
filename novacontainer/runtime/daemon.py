"""The composition root: builds every part, and runs them until told to end.

Called by ``cmd.daemon``.  Calls the constructors of everything, once, in the
order in which they need one another; nothing else in the runtime knows how
to make what it uses, and there are no globals.
"""

import asyncio
from collections.abc import Sequence
import contextlib
import os
import pathlib
import signal
import subprocess

from aiohttp import web
from oslo_config import cfg
from oslo_log import log as logging

from novacontainer.runtime.api import app as api_app
from novacontainer.runtime.api import pools as api_pools
from novacontainer.runtime.api import server as api_server
from novacontainer.runtime.api import services as api_services
from novacontainer.runtime.engine import base as engine_base
from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.engine import select
from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime.host import rlimits
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime import models
from novacontainer.runtime.network import bridges
from novacontainer.runtime import networking
from novacontainer.runtime.service import addressing
from novacontainer.runtime.service import bindpolicy
from novacontainer.runtime.service import containers
from novacontainer.runtime.service import copyup
from novacontainer.runtime.service import events
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import images
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import logs
from novacontainer.runtime.service import lxcfs
from novacontainer.runtime.service import netmodes
from novacontainer.runtime.service import networks
from novacontainer.runtime.service import preflight
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import pruning
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import resources
from novacontainer.runtime.service import sandboxes
from novacontainer.runtime.service import staging
from novacontainer.runtime.service import stats
from novacontainer.runtime.service import system
from novacontainer.runtime.service import top
from novacontainer.runtime.service import volumemounts
from novacontainer.runtime.service import volumes
from novacontainer.runtime import servicemanager
from novacontainer.runtime.storage import base as storage_base
from novacontainer.runtime.storage import select as storage_select
from novacontainer.runtime.store import blobs
from novacontainer.runtime.store import database
from novacontainer.runtime.store import layers
from novacontainer.runtime.store import paths
from novacontainer.runtime.store import volumefiles
from novacontainer.runtime.unpack import unpacker

LOG = logging.getLogger(__name__)

#: Memory nodes that are there (ABI/stable/sysfs-devices-node).
_NODES = pathlib.Path('/sys/devices/system/node/has_memory')

#: Directories that only records make sense of.
_TREES = ('overlay', 'btrfs', 'vfs', 'containers', 'layers', 'volumes')

#: How long a stopping daemon lets calls go on that wait for a container to
#: end; what they began goes on without them.
SHUTDOWN_GRACE_S = 10.0


class Daemon:
    """One novacontainerd.

    :param conf: parsed options, see ``runtime.conf``.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._data_root = pathlib.Path(conf.data_root).absolute()
        self._run_root = pathlib.Path(conf.run_root).absolute()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Containers outlive this, unless systemd takes the whole host down.

        :raises RuntimeFault: the host is not fit, or another daemon is in
            the way; says what to do.
        """
        conf = self._conf
        preflight.check_privileges()
        preflight.check_programs(
            conf.engine.runtime, conf.engine.conmon_path)
        with contextlib.ExitStack() as stack:
            for root in (self._data_root, self._run_root):
                with diskfaults.translated(f'Cannot make {root}'):
                    root.mkdir(mode=0o711, parents=True, exist_ok=True)
                preflight.check_reachable(root)
                stack.enter_context(preflight.sole_owner(root))
            preflight.check_data_root(self._data_root)
            if not rlimits.lift_hard():
                LOG.info('Without CAP_SYS_RESOURCE containers get no '
                         'ulimits above those of this daemon')
            servicemanager.notify(servicemanager.status(
                'Looking after what ran before'))
            built = _Parts(conf, self._data_root, self._run_root, stack)
            asyncio.run(self._serve(built))
            if servicemanager.host_goes_down():
                built.end_containers()
        LOG.info('novacontainerd has ended')

    async def _serve(self, parts: '_Parts') -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        server = api_server.Server(
            parts.application(), pathlib.Path(self._conf.socket),
            group=self._conf.socket_group,
            mode=int(self._conf.socket_mode, 8),
            patience_s=self._conf.api.patience,
            most=self._conf.api.connections)
        await server.start()
        servicemanager.notify(
            servicemanager.READY,
            servicemanager.status(f'Serving {server.address}'))
        await _until(stopping)
        LOG.info('Stopping')
        servicemanager.notify(
            servicemanager.STOPPING,
            servicemanager.status('Finishing what was asked'))
        await server.stop()


async def _until(stopping: asyncio.Event) -> None:
    """Wait, and let the service manager know that this loop still turns.

    No more is promised: a call that hangs in a thread is no reason to end
    the others.
    """
    while not stopping.is_set():
        try:
            async with asyncio.timeout(servicemanager.watchdog_s()):
                await stopping.wait()
        except TimeoutError:
            servicemanager.notify(servicemanager.ALIVE)


class _Parts:
    """The services of one daemon, made and recovered.

    :param stack: closes them, in the right order, when it is closed.
    """

    def __init__(self, conf: cfg.ConfigOpts, data_root: pathlib.Path,
                 run_root: pathlib.Path,
                 stack: contextlib.ExitStack) -> None:
        self._conf = conf
        engine = select.choose(
            run_root=run_root, runtime=conf.engine.runtime,
            conmon=conf.engine.conmon_path)
        places = paths.DataPaths(data_root)
        preflight.check_records(
            places.database, [data_root / name for name in _TREES])
        db = database.Database(places.database)
        stack.callback(db.close)
        storage, why = storage_select.choose(
            data_root, conf.storage.driver, run_root / 'userns',
            models.IdMap(conf.containers.userns_base))
        hub = events.EventHub()
        self._images = images.ImageService(
            db, blobs.Blobs(places.blobs), layers.Layers(places.layers),
            unpacker.Unpacker(), hub.publish, self._using_image,
            _image_limits(conf), storage.collect,
            tuple(map(pathlib.Path, conf.images.import_directories)))
        binds = bindpolicy.Policy(tuple(conf.containers.bind_roots))
        self._volumes = volumes.VolumeService(
            db=db, files=volumefiles.VolumeFiles(places.volumes),
            policy=binds, hub=hub)
        opener = volumemounts.VolumeMounts(self._volumes, binds)
        sandbox = sandboxes.Sandboxes(run_root)
        wires = bridges.Bridges(
            pathlib.Path(conf.networks.cni_directory), conf.networks.bridge)
        self._networks = networks.NetworkService(
            db=db, bridges=wires, hub=hub, options=_network_options(conf))
        cgroup_version = cgroups.layout().version
        chosen = _options(conf, data_root, run_root, engine, cgroup_version,
                          wires)
        self._containers = containers.ContainerService(
            options=chosen,
            db=db, images=self._images, storage=storage, engine=engine,
            sandbox=sandbox, volumes=self._volumes, hub=hub,
            staging=staging.Staging(run_root, opener, binds, sandbox),
            copyup=copyup.CopyUp(
                storage=storage, service=self._volumes, opener=opener,
                limits=chosen.archive_limits, unpack=unpacker.Unpacker(),
                layer_paths=self._layer_paths),
            networks=self._networks, bridges=wires)
        self._recover(storage, stack)
        self._services = self._behind_api(
            hub, _system(
                conf, data_root, storage, why, engine, cgroup_version),
            stats.Stats(chosen.settings, registry.Registry(db)),
            top.Top(chosen.settings, registry.Registry(db)))

    def _recover(self, storage: storage_base.Storage,
                 stack: contextlib.ExitStack) -> None:
        self._volumes.recover()
        self._networks.open()
        # Containers first: what they no longer use, images may collect.
        self._containers.open()
        stack.callback(self._containers.close)
        self._images.recover()
        _collect(storage)

    def _behind_api(self, hub: events.EventHub, info: system.SystemService,
                    sampler: stats.Stats, lister: top.Top,
                    ) -> api_services.Services:
        return api_services.Services(
            images=self._images, containers=self._containers, events=hub,
            alterations=self._containers.alterations,
            plugs=self._containers.plugs,
            attachments=self._containers.attachments,
            pruning=pruning.Pruning(
                self._containers, self._images, self._volumes,
                self._networks),
            volumes=self._volumes,
            networks=self._networks,
            connections=self._containers.connections,
            archives=self._containers.archives,
            differences=self._containers.differences,
            execs=self._containers.execs,
            healths=self._containers.healths,
            stats=sampler, top=lister, logs=logs.LogService(), info=info)

    def end_containers(self) -> None:
        """End what runs: the host goes down."""
        self._containers.farewell.say()

    def _layer_paths(self, image_id: str) -> Sequence[pathlib.Path]:
        return self._images.layer_paths(self._images.get(image_id))

    def application(self) -> web.Application:
        """Return the API in front of the services."""
        options = self._conf.api
        application = api_app.build(self._services, api_pools.Pools(
            reads=options.read_workers, changes=options.workers,
            bulk=options.bulk_workers), options.patience)

        async def interrupt_later(_: web.Application) -> None:
            asyncio.get_running_loop().call_later(
                SHUTDOWN_GRACE_S, self._containers.interrupt)

        application.on_shutdown.append(interrupt_later)
        return application

    def _using_image(self, image_id: str) -> 'list[str]':
        return list(self._containers.using_image(image_id))


def _collect(storage: storage_base.Storage) -> None:
    try:
        storage.collect()
    except exception.RuntimeFault as fault:
        LOG.error('What was made of removed images stays on the disk: %s',
                  fault)


def _options(conf: cfg.ConfigOpts, data_root: pathlib.Path,
             run_root: pathlib.Path, engine: engine_base.Engine,
             cgroup_version: int,
             wires: bridges.Bridges) -> containers.Options:
    options = conf.containers
    default, lacking = _default_network(conf, wires)
    return containers.Options(
        data_root=data_root,
        run_root=run_root,
        userns_base=options.userns_base,
        userns_count=options.userns_count,
        stop_timeout_s=options.stop_timeout_s,
        policy=hostconfig.Policy(
            cpus=frozenset(os.sched_getaffinity(0)),
            runtime=engine.name,
            mems=_memory_nodes(),
            ulimits=rlimits.hard(),
            cgroup_version=cgroup_version,
            reach=isolation.Policy(
                privileged=options.allow_privileged,
                host_namespaces=options.allow_host_namespaces,
                devices=tuple(options.allowed_devices),
                pluggable=tuple(options.pluggable_devices),
                init_path=options.init_path),
            network=netmodes.Policy(
                default=default,
                lacking=lacking,
                host=options.allow_host_namespaces,
                directory=options.netns_directory,
                runtime=engine.name),
            allow_host_userns=options.allow_host_userns),
        settings=preparation.Settings(
            cgroup_parent=conf.engine.cgroup_parent,
            cgroup_version=cgroup_version,
            init_path=options.init_path,
            proc_view=lxcfs.Lxcfs(options.lxcfs_directory),
            log_size_max_bytes=options.log_size_max_bytes),
        archive_limits=_image_limits(conf))


def _default_network(conf: cfg.ConfigOpts,
                     wires: bridges.Bridges) -> tuple[str, str]:
    """Return what ``default`` stands for, and why nothing better."""
    if conf.networks.default != 'auto':
        return conf.networks.default, ''
    lacking = wires.why_not()
    if not lacking:
        return networking.BRIDGE, ''
    LOG.info('Containers get no network unless they ask for one, because '
             'this host cannot have bridges: %s', lacking)
    return networking.NONE, lacking


def _network_options(conf: cfg.ConfigOpts) -> networks.Options:
    options = conf.networks
    return networks.Options(
        bridge=options.bridge, subnet=options.bridge_subnet,
        mtu=options.mtu, pools=addressing.pools(options.pools))


def _memory_nodes() -> frozenset[int]:
    """Return the host's memory nodes; a kernel without NUMA has one."""
    try:
        text = _NODES.read_text()
    except FileNotFoundError:
        return frozenset((0,))
    return resources.numbers(str(_NODES), text.strip())


def _image_limits(conf: cfg.ConfigOpts) -> image_limits.Limits:
    options = conf.images
    return image_limits.Limits(
        layer_bytes=options.layer_size_max_bytes,
        layer_entries=options.layer_entries_max,
        layers=options.layers_max)


def _system(conf: cfg.ConfigOpts, data_root: pathlib.Path,
            storage: storage_base.Storage, why: str,
            engine: engine_base.Engine,
            cgroup_version: int) -> system.SystemService:
    def status() -> tuple[tuple[str, str], ...]:
        return ('Used Because', why), *storage.status()

    return system.SystemService(
        data_root=data_root, storage=storage.name,
        storage_status=status, engine=engine.name,
        engine_path=conf.engine.runtime, engine_version=engine.version,
        conmon_version=_conmon_version(conf.engine.conmon_path),
        cgroup_version=cgroup_version,
        lxcfs=lxcfs.Lxcfs(conf.containers.lxcfs_directory).status)


def _conmon_version(conmon: str) -> str:
    said = subprocess.run([conmon, '--version'], capture_output=True,
                          text=True, check=False).stdout.split()
    return said[2] if len(said) > 2 else 'unknown'
