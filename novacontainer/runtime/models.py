"""The nouns that travel between the runtime's layers: frozen dataclasses.

A leaf module: it imports nothing of the project.  Units stand in the names;
a limit of 0 means "no limit" everywhere.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import enum
import os
import pathlib
import socket
import typing

from novacontainer.runtime import limits as limit_models

#: Parsed JSON object, as the Docker Engine API or an OCI document has it.
Json = dict[str, typing.Any]


@dataclasses.dataclass(frozen=True, slots=True)
class IdMap:
    """One uid/gid range: container ids 0..size-1 are host_base + id."""

    host_base: int
    size: int = 65536


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    """A layer as one image refers to it.

    :param diff_id: ``sha256:…`` of the uncompressed tar.
    :param blob: digest of the stored blob; differs from diff_id when the
        archive carried the layer compressed.
    :param size_bytes: size of the unpacked files.
    """

    diff_id: str
    blob: str
    size_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image in the store.

    :param id: ``sha256:…`` of the stored config document.
    :param config: the OCI image config document, verbatim.
    :param layers: lowest layer first.
    :param references: normalised ``repository:tag`` names, sorted.
    :param parent: id of the image that it was committed from, while that
        one is there; else ''.
    """

    id: str
    config: Json
    layers: tuple[Layer, ...]
    references: tuple[str, ...]
    created: datetime.datetime
    parent: str = ''

    @property
    def size_bytes(self) -> int:
        """Sum of the unpacked sizes of all layers."""
        return sum(layer.size_bytes for layer in self.layers)


class Status(enum.StrEnum):
    """Container states, in Docker's words."""

    CREATED = 'created'
    RUNNING = 'running'
    PAUSED = 'paused'
    RESTARTING = 'restarting'
    REMOVING = 'removing'
    EXITED = 'exited'
    DEAD = 'dead'


@dataclasses.dataclass(frozen=True, slots=True)
class MountPoint:
    """What a container has at a path that is not its own root disk.

    :param type: ``bind``, ``volume`` or ``tmpfs``.
    :param target: where, absolute, as the container sees it.
    :param source: path of the host, or name of the volume.
    :param mode: as the client wrote it, such as ``ro,z``.
    :param propagation: of a bind, such as ``rprivate``.
    :param words: options of a tmpfs.
    :param anonymous: a volume that nobody gave a name.
    :param copies: an empty volume gets what the image has at the target.
    :param subpath: the part of the volume that is mounted; '': all of it.
    :param by_root: root of the host has asked for it.
    :param listed: it is shown among the container's mounts.
    """

    type: str
    target: str
    source: str = ''
    writable: bool = True
    mode: str = ''
    propagation: str = ''
    words: tuple[str, ...] = ()
    anonymous: bool = False
    copies: bool = False
    subpath: str = ''
    by_root: bool = False
    listed: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Container:
    """A container's record.

    :param config: Docker ``Config`` object, normalised, image merged in.
    :param host_config: Docker ``HostConfig`` object, normalised.
    :param status: see :class:`Status`; a container that was initialised but
        not started is CREATED with ``pid`` set.
    :param pid: host pid of the container's first process, 0 when none.
    :param conmon_pid: pid of its monitor, 0 when none.
    :param conmon_started: start time of that process in clock ticks since
        boot (proc(5) stat field 22), so that a reused pid is not mistaken.
    :param error: why the last start failed, in plain words, or ''.
    :param restart_count: starts by its restart policy since a person's.
    :param stopped_by_hand: a person stopped it, and has not started it.
    :param mounts: outer ones before those within.
    :param borrows_ids: its ``id_map`` is that of another container, whose
        root is mounted into it.
    """

    id: str
    name: str
    image_id: str
    image_name: str
    config: Json
    host_config: Json
    id_map: IdMap | None
    created: datetime.datetime
    status: Status = Status.CREATED
    pid: int = 0
    conmon_pid: int = 0
    conmon_started: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ''
    restart_count: int = 0
    started: datetime.datetime | None = None
    finished: datetime.datetime | None = None
    stopped_by_hand: bool = False
    mounts: tuple[MountPoint, ...] = ()
    borrows_ids: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Places:
    """Where on the host the parts of one container lie.

    :param log: None: it has none.
    :param files: those that are mounted over the image's, by name below
        /etc; '' for one that is not written yet.
    :param layers: directories of its root file system, in the words of the
        storage back end (``LowerDir``, ``UpperDir`` and so on for overlayfs).
    """

    log: pathlib.Path | None
    files: Mapping[str, str]
    layers: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Inside:
    """The way into a container's files, as open descriptors.

    :param root: its root directory.
    :param user_namespace: whose ids the files have; -1: the host's.
    :param mount_namespace: what is mounted in the root is there for as long
        as somebody holds this; -1: nobody needs to.
    """

    root: int
    user_namespace: int = -1
    mount_namespace: int = -1

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that are open."""
        return tuple(fd for fd in (self.root, self.user_namespace,
                                   self.mount_namespace) if fd >= 0)


@dataclasses.dataclass(frozen=True, slots=True)
class PathStat:
    """What is at a path of a container.

    :param mode: type and permissions, as stat(2) has them.
    :param link: where a symbolic link leads, absolute; else ''.
    """

    name: str
    size_bytes: int
    mode: int
    modified: datetime.datetime
    link: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Mount:
    """One mount into the rootfs, in the order in which it is made."""

    type: str
    source: str
    target: str
    options: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class User:
    """Numeric identity of the container's process, inside its namespace."""

    uid: int = 0
    gid: int = 0
    additional_gids: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class SandboxPaths:
    """Files onto which a container's lasting namespaces are pinned.

    :param netns: None: the host's own network namespace.
    :param shared: the network namespace is not the container's own.
    """

    netns: pathlib.Path | None
    userns: pathlib.Path | None
    shared: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ContainerSpec:
    """Everything that ``oci.spec`` needs to write ``config.json``.

    :param console_size: rows and columns of the terminal; 0: not said.
    :param shm_size_bytes: of /dev/shm; 0: there is none.
    :param host_namespaces: kinds (runtime-spec) that are the host's own.
    :param devices: nodes to make, ``linux.devices`` of the runtime-spec.
    :param device_rules: ``linux.resources.devices`` beside the defaults.
    :param seccomp_profile: the client's own, JSON; '': the default.
    :param masked_paths: None: the defaults; likewise ``readonly_paths``.
    """

    id: str
    rootfs: pathlib.Path
    args: tuple[str, ...]
    env: tuple[str, ...]
    cwd: str
    user: User
    hostname: str
    sandbox: SandboxPaths
    id_map: IdMap | None
    cgroup_path: str
    terminal: bool = False
    console_size: tuple[int, int] = (0, 0)
    domainname: str = ''
    readonly_rootfs: bool = False
    privileged: bool = False
    no_new_privileges: bool = False
    seccomp_unconfined: bool = False
    seccomp_profile: str = ''
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    resources: limit_models.Resources = dataclasses.field(
        default_factory=limit_models.Resources)
    mounts: tuple[Mount, ...] = ()
    ulimits: tuple[limit_models.Ulimit, ...] = ()
    sysctls: Mapping[str, str] = dataclasses.field(default_factory=dict)
    shm_size_bytes: int = 64 * 1024 * 1024
    oom_score_adj: int = 0
    host_namespaces: frozenset[str] = frozenset()
    devices: tuple[Json, ...] = ()
    device_rules: tuple[Json, ...] = ()
    masked_paths: tuple[str, ...] | None = None
    readonly_paths: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Bundle:
    """A container as the engine is handed it.

    :param directory: bundle directory; ``config.json`` is written into it.
    :param spec: the OCI runtime-spec document.
    :param log_path: file that conmon writes in k8s-file format; None: no
        log is kept.
    :param stdin_once: the end of the first client's input is the end of the
        process's; without it standard input stays open for the next one.
    :param log_size_max_bytes: conmon starts the log anew past it; 0: never.
    """

    id: str
    directory: pathlib.Path
    spec: Json
    log_path: pathlib.Path | None
    terminal: bool = False
    stdin_open: bool = False
    stdin_once: bool = False
    log_size_max_bytes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Created:
    """What the engine made: pids, and the monitor's start time (ticks)."""

    pid: int
    conmon_pid: int
    conmon_started: int


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """A connection to the standard streams of a process; to be closed.

    :param connection: SOCK_SEQPACKET.  A packet out is a byte, 2 for standard
        output and 3 for standard error, and at most 8192 bytes that were
        written; no more packets: the process and its monitor have ended.  A
        packet in is at most 8192 bytes of input.
    :param process: pidfd of the process, readable once it has ended; None
        when it had before the attachment was made.
    """

    connection: socket.socket
    process: int | None

    def close(self) -> None:
        """Let go of the streams; the process goes on."""
        self.connection.close()
        if self.process is not None:
            os.close(self.process)


@dataclasses.dataclass(frozen=True, slots=True)
class Execution:
    """A further process for a running container, as the engine is handed it.

    :param process: ``process`` of the runtime-spec.
    :param stdin_open: its standard input is what the attachment is sent;
        without it, it is at its end from the beginning.
    """

    id: str
    container_id: str
    process: Json
    stdin_open: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Executed:
    """A further process that runs; as :class:`Created`, and attached."""

    pid: int
    conmon_pid: int
    conmon_started: int
    attachment: Attachment


@dataclasses.dataclass(frozen=True, slots=True)
class Exec:
    """The record of a further process, from its creation on.

    :param user: as the client named it, '' for the container's own.
    :param working_dir: '' for the container's own.
    :param console_size: rows and columns of its terminal; 0: not said.
    :param streams: those of stdin, stdout, stderr that a client wants.
    :param started: it has been asked to run, however that ended.
    :param exit_code: None until it has ended.
    """

    id: str
    container_id: str
    args: tuple[str, ...]
    env: tuple[str, ...] = ()
    user: str = ''
    working_dir: str = ''
    terminal: bool = False
    privileged: bool = False
    console_size: tuple[int, int] = (0, 0)
    streams: frozenset[str] = frozenset()
    detach_keys: str = ''
    started: bool = False
    running: bool = False
    pid: int = 0
    exit_code: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """One result of a health check.

    :param exit_code: -1: it could not be run, or took too long.
    :param output: the beginning of what it wrote.
    """

    start: datetime.datetime
    end: datetime.datetime
    exit_code: int
    output: str


@dataclasses.dataclass(frozen=True, slots=True)
class Health:
    """What the health checks of a container found.

    :param status: ``starting``, ``healthy`` or ``unhealthy``.
    :param failing_streak: how many of the last checks failed.
    :param log: the last results, oldest first.
    """

    status: str
    failing_streak: int = 0
    log: tuple[Probe, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Volume:
    """Files that outlive containers.

    :param options: ``type``, ``device`` and ``o`` of Docker's driver
        ``local``; without them it is a directory of ours.
    :param by_root: root of the host has asked for it.
    :param users: ids of the containers that have it.
    """

    name: str
    created: datetime.datetime
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    by_root: bool = False
    users: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One entry of ``GET /events``.

    :param type: ``container``, ``image``, ``network`` or ``volume``.
    :param action: ``create``, ``start``, ``die``, …
    :param actor_id: id of the object.
    :param attributes: name, image, labels, exitCode, as Docker gives them.
    :param time_ns: nanoseconds since the epoch.
    """

    type: str
    action: str
    actor_id: str
    attributes: Mapping[str, str]
    time_ns: int
