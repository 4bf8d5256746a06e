"""Programs of the kernel that say which devices a cgroup may open.

Called by ``engine.devicerules``, which writes them.  Calls
``host.syscalls``.  Raises ``OSError``; callers translate.

Control groups of version 2 have no files for devices: programs of the type
``BPF_PROG_TYPE_CGROUP_DEVICE`` are attached to their directories, and each
that is attached has to agree.  Sources: bpf(2), ``include/uapi/linux/bpf.h``,
and "Device controller" in the kernel's ``admin-guide/cgroup-v2.rst``.
"""

from collections.abc import Iterator
import contextlib
import ctypes
import dataclasses
import errno
import os
import platform

from novacontainer.runtime.host import syscalls

#: The instructions of a program are 8 bytes each (``struct bpf_insn``).
INSTRUCTION_BYTES = 8

#: The number of bpf(2), which is older than the common numbering.
_NUMBERS = {'x86_64': 321, 'aarch64': 280, 'riscv64': 280,
            'loongarch64': 280, 'ppc64le': 361, 's390x': 351}

_PROG_LOAD = 5
_PROG_ATTACH = 8
_PROG_DETACH = 9
_PROG_GET_FD_BY_ID = 13
_OBJ_GET_INFO_BY_FD = 15
_PROG_QUERY = 16

_TYPE_CGROUP_DEVICE = 15
_CGROUP_DEVICE = 6
_F_ALLOW_MULTI = 2
_F_REPLACE = 4

#: As many as the kernel takes for one cgroup (BPF_CGROUP_MAX_PROGS).
_MOST = 64
#: The verifier gives up when a signal comes (EAGAIN); runc asks as often.
_TRIES = 30
_LOG_BYTES = 1 << 16


class _Load(ctypes.Structure):
    _fields_ = [('prog_type', ctypes.c_uint32),
                ('insn_cnt', ctypes.c_uint32),
                ('insns', ctypes.c_uint64),
                ('license', ctypes.c_uint64),
                ('log_level', ctypes.c_uint32),
                ('log_size', ctypes.c_uint32),
                ('log_buf', ctypes.c_uint64),
                ('kern_version', ctypes.c_uint32),
                ('prog_flags', ctypes.c_uint32),
                ('prog_name', ctypes.c_char * 16)]


class _Attach(ctypes.Structure):
    _fields_ = [('target_fd', ctypes.c_uint32),
                ('attach_bpf_fd', ctypes.c_uint32),
                ('attach_type', ctypes.c_uint32),
                ('attach_flags', ctypes.c_uint32),
                ('replace_bpf_fd', ctypes.c_uint32)]


class _Query(ctypes.Structure):
    # Whole, although little of it is used: since 6.17 the kernel writes
    # ``revision`` whatever the size that it was told.
    _fields_ = [('target_fd', ctypes.c_uint32),
                ('attach_type', ctypes.c_uint32),
                ('query_flags', ctypes.c_uint32),
                ('attach_flags', ctypes.c_uint32),
                ('prog_ids', ctypes.c_uint64),
                ('prog_cnt', ctypes.c_uint32),
                ('padding', ctypes.c_uint32),
                ('prog_attach_flags', ctypes.c_uint64),
                ('link_ids', ctypes.c_uint64),
                ('link_attach_flags', ctypes.c_uint64),
                ('revision', ctypes.c_uint64)]


class _ById(ctypes.Structure):
    _fields_ = [('prog_id', ctypes.c_uint32),
                ('next_id', ctypes.c_uint32),
                ('open_flags', ctypes.c_uint32)]


class _ByFd(ctypes.Structure):
    _fields_ = [('bpf_fd', ctypes.c_uint32),
                ('info_len', ctypes.c_uint32),
                ('info', ctypes.c_uint64)]


class _Info(ctypes.Structure):
    # ``struct bpf_prog_info`` as far as the name.
    _fields_ = [('type', ctypes.c_uint32),
                ('id', ctypes.c_uint32),
                ('tag', ctypes.c_uint8 * 8),
                ('jited_prog_len', ctypes.c_uint32),
                ('xlated_prog_len', ctypes.c_uint32),
                ('jited_prog_insns', ctypes.c_uint64),
                ('xlated_prog_insns', ctypes.c_uint64),
                ('load_time', ctypes.c_uint64),
                ('created_by_uid', ctypes.c_uint32),
                ('nr_map_ids', ctypes.c_uint32),
                ('map_ids', ctypes.c_uint64),
                ('name', ctypes.c_char * 16)]


@dataclasses.dataclass(frozen=True, slots=True)
class Attached:
    """A program of a cgroup: its number, and what its loader called it."""

    id: int
    name: str


@contextlib.contextmanager
def loaded(instructions: bytes, name: str) -> Iterator[int]:
    """Yield a descriptor of a new program.

    Where it is attached meanwhile, it stays when the descriptor goes.

    :param name: at most 15 letters, digits, ``_`` and ``.``.
    :raises OSError: the verifier refuses it (with what it said), the kernel
        is without such programs, or the daemon may not load any.
    """
    program = _load(instructions, name)
    try:
        yield program
    finally:
        os.close(program)


def attached(cgroup: int) -> list[Attached]:
    """Return the programs of a cgroup itself, not those of its parents.

    :param cgroup: descriptor of its directory.
    """
    ids = (ctypes.c_uint32 * _MOST)()
    query = _Query(target_fd=cgroup, attach_type=_CGROUP_DEVICE,
                   prog_ids=ctypes.addressof(ids), prog_cnt=_MOST)
    _bpf(_PROG_QUERY, query)
    found = []
    for number in ids[:query.prog_cnt]:
        with _opened(number) as program:
            found.append(Attached(number, _name(program)))
    return found


def attach(cgroup: int, program: int) -> None:
    """Add a program to those that have to agree."""
    _bpf(_PROG_ATTACH, _Attach(
        target_fd=cgroup, attach_bpf_fd=program, attach_type=_CGROUP_DEVICE,
        attach_flags=_F_ALLOW_MULTI))


def replace(cgroup: int, program: int, old: int) -> None:
    """Put a program in another's place, in one step (Linux 5.6).

    :param old: the number of that one.
    :raises FileNotFoundError: it is not there any more.
    """
    with _opened(old) as before:
        _bpf(_PROG_ATTACH, _Attach(
            target_fd=cgroup, attach_bpf_fd=program,
            attach_type=_CGROUP_DEVICE, replace_bpf_fd=before,
            attach_flags=_F_ALLOW_MULTI | _F_REPLACE))


def detach(cgroup: int, old: int) -> None:
    """Take a program away.

    :param old: its number.
    """
    with _opened(old) as before:
        _bpf(_PROG_DETACH, _Attach(
            target_fd=cgroup, attach_bpf_fd=before,
            attach_type=_CGROUP_DEVICE))


def _load(instructions: bytes, name: str) -> int:
    code = ctypes.create_string_buffer(instructions, len(instructions))
    # Nothing in there asks for the licence of the kernel itself.
    licence = ctypes.create_string_buffer(b'Apache-2.0')
    request = _Load(
        prog_type=_TYPE_CGROUP_DEVICE,
        insn_cnt=len(instructions) // INSTRUCTION_BYTES,
        insns=ctypes.addressof(code), license=ctypes.addressof(licence),
        prog_name=name.encode())
    for _ in range(_TRIES):
        try:
            return _bpf(_PROG_LOAD, request)
        except BlockingIOError:
            continue
        except OSError as error:
            raise _explained(request, error) from error
    raise OSError(errno.EAGAIN, 'the kernel was interrupted again and again')


def _explained(request: _Load, error: OSError) -> OSError:
    """Return the error with the last line that the verifier writes."""
    log = ctypes.create_string_buffer(_LOG_BYTES)
    request.log_level, request.log_size = 1, _LOG_BYTES
    request.log_buf = ctypes.addressof(log)
    with contextlib.suppress(OSError):
        os.close(_bpf(_PROG_LOAD, request))
    lines = [line for line in log.value.decode(errors='replace').splitlines()
             if line and not line.startswith('processed ')]
    if not lines:
        return error
    return OSError(error.errno, f'{error.strerror}: {lines[-1]}')


@contextlib.contextmanager
def _opened(number: int) -> Iterator[int]:
    program = _bpf(_PROG_GET_FD_BY_ID, _ById(prog_id=number))
    try:
        yield program
    finally:
        os.close(program)


def _name(program: int) -> str:
    info = _Info()
    _bpf(_OBJ_GET_INFO_BY_FD, _ByFd(
        bpf_fd=program, info_len=ctypes.sizeof(info),
        info=ctypes.addressof(info)))
    return bytes(info.name).decode()


def _bpf(command: int, request: ctypes.Structure) -> int:
    number = _NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, 'the number of bpf(2) is not known on '
                      f'{platform.machine()}')
    return syscalls.call(number, command, ctypes.addressof(request),
                         ctypes.sizeof(request))
