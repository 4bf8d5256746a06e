"""What the routes need of the services, declared here by the consumer.

Called by: ``runtime.daemon`` builds one :class:`Services` and hands it to
``api.app.build``.  Calls: nothing; these are interfaces.

Every method is a plain, blocking function that the routes run in a thread
pool (``api.pools``), and raises only kinds of ``runtime.exception``.
"""

from collections.abc import Callable, Mapping, Sequence
import concurrent.futures
import dataclasses
import pathlib
import typing

from novacontainer.runtime.api import netservices
from novacontainer.runtime import deltas
from novacontainer.runtime import measures
from novacontainer.runtime import models


class BinaryReader(typing.Protocol):
    """The upload of an archive, as a worker thread reads it."""

    def read(self, size: int, /) -> bytes:
        """Return 1..size bytes, fewer than size like a socket, b'' at end."""


class BinaryWriter(typing.Protocol):
    """The download of an archive, as a worker thread writes it."""

    def write(self, data: bytes, /) -> object:
        """Take all of data; blocks while the client reads slower."""


class Archive(BinaryReader, typing.Protocol):
    """``service.image_files.Archive``: one that lies on this host."""

    read_bytes: int
    size_bytes: int

    def verify(self) -> None: ...

    def abandon(self) -> None: ...

    def close(self) -> None: ...


class Images(typing.Protocol):
    """``service.images.ImageService``."""

    def open_file(self, path: str, checksum: str) -> Archive: ...

    def load(
        self,
        source: BinaryReader,
        *,
        reference: str | None,
        progress: Callable[[str], None],
        verify: Callable[[], None] = ...,
    ) -> tuple[models.Image, ...]: ...

    def import_root(
        self,
        source: BinaryReader,
        *,
        reference: str | None,
        message: str,
        changes: Sequence[str],
    ) -> models.Image: ...

    def save(self, names: Sequence[str], sink: BinaryWriter) -> None: ...

    def layer_paths(self, image: models.Image) -> Sequence[pathlib.Path]:
        """Return the unpacked layers, lowest first."""

    def get(self, name: str) -> models.Image: ...

    def list(
        self, *, filters: Mapping[str, Sequence[str]]
    ) -> Sequence[models.Image]: ...

    def tag(self, name: str, repo: str, tag: str) -> object: ...

    def remove(
        self, name: str, *, force: bool, noprune: bool
    ) -> Sequence[models.Json]: ...


class Containers(typing.Protocol):
    """``service.containers.ContainerService``."""

    def create(
        self,
        config: models.Json,
        name: str | None,
        platform: str | None = None,
        by_root: bool = False,
    ) -> tuple[str, Sequence[str]]: ...

    def get(self, name: str) -> models.Container: ...

    def list(
        self,
        *,
        all: bool,
        limit: int,
        filters: Mapping[str, Sequence[str]],
    ) -> Sequence[models.Container]: ...

    def counts(self) -> Mapping[models.Status, int]: ...

    def init(self, name: str) -> object: ...

    def start(self, name: str) -> object: ...

    def stop(
        self, name: str, *, timeout_s: int | None, signal: str | None
    ) -> object: ...

    def kill(self, name: str, signal: str) -> object: ...

    def restart(
        self, name: str, *, timeout_s: int | None, signal: str | None
    ) -> object: ...

    def pause(self, name: str, *, reclaim: bool = False) -> object: ...

    def unpause(self, name: str) -> object: ...

    def remove(self, name: str, *, force: bool, volumes: bool) -> object: ...

    def commit(
        self,
        name: str,
        *,
        repo: str | None,
        tag: str | None,
        author: str,
        message: str,
        pause: bool,
        changes: Sequence[str],
        config: models.Json | None,
    ) -> models.Image: ...

    def exit_future(
        self, name: str, condition: str
    ) -> 'concurrent.futures.Future[int]':
        """Future of the exit code; each caller gets one of its own."""

    def sandbox_key(self, container: models.Container) -> str: ...

    def log_path(
        self, container: models.Container
    ) -> pathlib.Path | None: ...

    def places(self, container: models.Container) -> models.Places: ...

    def size_bytes(self, container: models.Container) -> int:
        """Bytes that the container itself wrote: its writable layer."""


class Alterations(typing.Protocol):
    """``service.alterations.Alterations``."""

    def rename(self, name: str, new_name: str) -> object: ...

    def update(self, name: str, wanted: models.Json) -> object: ...


class Plugs(typing.Protocol):
    """``service.plugs.Plugs``."""

    def plug(self, name: str, wanted: models.Json) -> object: ...

    def unplug(
        self, name: str, path: str, force: bool = False
    ) -> object: ...


class Attachments(typing.Protocol):
    """``service.attachments.Attachments``."""

    def attach(
        self, name: str, detach_keys: str = ''
    ) -> 'concurrent.futures.Future[models.Attachment]':
        """Future of the streams of the container's process."""

    def detached(self, container: models.Container) -> object: ...

    def resize(self, name: str, rows: int, columns: int) -> object: ...


class Run(typing.Protocol):
    """An exec that runs; see ``service.execs.Run``."""

    @property
    def attachment(self) -> models.Attachment | None: ...

    @property
    def ended(self) -> 'concurrent.futures.Future[int]': ...


class Execs(typing.Protocol):
    """``service.execs.Execs``."""

    def create(self, name: str, body: models.Json) -> str: ...

    def get(self, exec_id: str) -> models.Exec: ...

    def ids(self, container_id: str) -> Sequence[str]: ...

    def check_start(self, exec_id: str) -> models.Exec: ...

    def start(
        self, exec_id: str, *, detach: bool, console_size: tuple[int, int]
    ) -> Run: ...

    def resize(self, exec_id: str, rows: int, columns: int) -> object: ...

    def detached(self, exec_id: str) -> object: ...


class Healths(typing.Protocol):
    """``service.health.Healths``."""

    def of(self, container: models.Container) -> models.Health | None: ...


class Archives(typing.Protocol):
    """``service.archives.Archives``."""

    def stat(self, name: str, path: str) -> models.PathStat: ...

    def read(self, name: str, path: str, sink: BinaryWriter) -> object: ...

    def write(
        self,
        name: str,
        path: str,
        source: BinaryReader,
        *,
        keep_kinds: bool,
        keep_owners: bool,
    ) -> object: ...

    def export(self, name: str, sink: BinaryWriter) -> object: ...


class Volumes(typing.Protocol):
    """``service.volumes.VolumeService``."""

    def create(self, body: models.Json, by_root: bool) -> models.Volume: ...

    def get(self, name: str) -> models.Volume: ...

    def list(
        self, filters: Mapping[str, Sequence[str]]
    ) -> Sequence[models.Volume]: ...

    def remove(self, name: str, force: bool) -> object: ...

    def path(self, name: str) -> pathlib.Path: ...

    def size_bytes(self, volume: models.Volume) -> int: ...


class Differences(typing.Protocol):
    """``service.differences.Differences``."""

    def list(self, name: str) -> Sequence[deltas.Change]: ...


class Stats(typing.Protocol):
    """``service.stats.Stats``."""

    def sample(self, name: str) -> measures.Sample: ...


class Top(typing.Protocol):
    """``service.top.Top``."""

    def list(
        self, name: str, ps_args: str
    ) -> tuple[Sequence[str], Sequence[Sequence[str]]]: ...


class Events(typing.Protocol):
    """``service.events.EventHub``."""

    def history(
        self, since_ns: int, until_ns: int
    ) -> Sequence[models.Event]: ...

    def subscribe(
        self, callback: Callable[[models.Event], None]
    ) -> Callable[[], None]: ...


class LogLine(typing.Protocol):
    """One record of a container's log.

    ``stream`` is stdout or stderr; ``text`` carries no newline; ``partial``
    says that the line goes on in the next record of the same stream.
    """

    @property
    def time_ns(self) -> int: ...

    @property
    def stream(self) -> str: ...

    @property
    def text(self) -> bytes: ...

    @property
    def partial(self) -> bool: ...


class LogReader(typing.Protocol):
    """A place in a log file that moves forward."""

    def read(self, limit: int, /) -> Sequence[LogLine]:
        """Return up to limit records; none means none for now."""

    def close(self) -> object: ...


class Logs(typing.Protocol):
    """``service.logs``."""

    def open(
        self,
        path: pathlib.Path,
        *,
        tail: int | None,
        since_ns: int,
        until_ns: int,
    ) -> LogReader:
        """Open a log; a file that is not there (yet) reads as empty.

        :param tail: start this many lines before the end; None: at the top.
        :param since_ns: leave out what is older; 0: nothing.
        :param until_ns: leave out what is younger; 0: nothing.
        """


class Pruned(typing.Protocol):
    """What a prune removed; see ``service.pruning``."""

    @property
    def removed(self) -> Sequence[str | models.Json]: ...

    @property
    def freed_bytes(self) -> int: ...


class Pruning(typing.Protocol):
    """``service.pruning.Pruning``."""

    def containers(
        self, filters: Mapping[str, Sequence[str]]
    ) -> Pruned: ...

    def images(self, filters: Mapping[str, Sequence[str]]) -> Pruned: ...

    def volumes(self, filters: Mapping[str, Sequence[str]]) -> Pruned: ...

    def networks(self, filters: Mapping[str, Sequence[str]]) -> Pruned: ...


class HostFacts(typing.Protocol):
    """What is so about this host and daemon; see ``service.system``."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def hostname(self) -> str: ...

    @property
    def kernel_version(self) -> str: ...

    @property
    def operating_system(self) -> str: ...

    @property
    def operating_system_version(self) -> str: ...

    @property
    def machine(self) -> str:
        """As uname(2) says it: x86_64."""

    @property
    def cpus(self) -> int: ...

    @property
    def memory_bytes(self) -> int: ...

    @property
    def data_root(self) -> str: ...

    @property
    def storage(self) -> str: ...

    @property
    def storage_status(self) -> Sequence[tuple[str, str]]: ...

    @property
    def engine(self) -> str: ...

    @property
    def engine_path(self) -> str: ...

    @property
    def engine_version(self) -> str: ...

    @property
    def conmon_version(self) -> str: ...

    @property
    def lxcfs(self) -> str: ...

    @property
    def cgroup_version(self) -> int: ...

    @property
    def limits(self) -> frozenset[str]:
        """Controllers that work: memory, swap, cpu, cpuset, pids."""

    @property
    def ipv4_forwarding(self) -> bool: ...

    @property
    def bridge_nf_iptables(self) -> bool: ...

    @property
    def bridge_nf_ip6tables(self) -> bool: ...

    @property
    def warnings(self) -> Sequence[str]: ...


class Info(typing.Protocol):
    """``service.system.SystemService``."""

    @property
    def storage(self) -> str:
        """Name of the storage driver."""

    def facts(self) -> HostFacts: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Services:
    """Everything behind the API."""

    images: Images
    containers: Containers
    alterations: Alterations
    plugs: Plugs
    attachments: Attachments
    archives: Archives
    differences: Differences
    execs: Execs
    healths: Healths
    stats: Stats
    top: Top
    events: Events
    logs: Logs
    pruning: Pruning
    volumes: Volumes
    networks: netservices.Networks
    connections: netservices.Connections
    info: Info
