"""Compiling a seccomp filter once, instead of for every container.

Called by ``engine.supervised``.  Calls libseccomp through pyseccomp.

libseccomp needs 18-20 ms for the default filter (measured), more than all
the rest of making a container.  crun takes a compiled filter from the
annotation ``run.oci.seccomp_bpf_data`` (crun(1)).
"""

import base64
import errno
import functools
import json
import os
import struct

import pyseccomp

from novacontainer.runtime import exception
from novacontainer.runtime import models

#: Default actions that let a call pass.
_PERMISSIVE = ('SCMP_ACT_ALLOW', 'SCMP_ACT_LOG')
#: libseccomp's answer for a name that it does not know.
_NR_UNKNOWN = -1
#: pidfd_send_signal, the first call whose number all architectures share.
_FIRST_UNIFIED = 424
_PRIVATE_CALLS = 0x0f0000

_PLAIN = {
    'SCMP_ACT_ALLOW': pyseccomp.ALLOW,
    'SCMP_ACT_KILL': pyseccomp.KILL,
    'SCMP_ACT_KILL_PROCESS': pyseccomp.KILL_PROCESS,
    'SCMP_ACT_KILL_THREAD': pyseccomp.KILL,
    'SCMP_ACT_LOG': pyseccomp.LOG,
    'SCMP_ACT_TRAP': pyseccomp.TRAP,
}
#: Actions with a number.
_NUMBERED = {
    'SCMP_ACT_ERRNO': pyseccomp.ERRNO,
    'SCMP_ACT_TRACE': pyseccomp.TRACE,
}


def compiled(document: models.Json) -> str:
    """Return the filter as base64 of an array of ``struct sock_filter``.

    :param document: a ``linux.seccomp`` object (runtime-spec,
        config-linux.md); equal documents are compiled once.
    :raises InvalidRequest: libseccomp refuses it.
    :raises Internal: there is no memory.
    """
    return _compiled(json.dumps(document))


@functools.lru_cache(maxsize=64)
def _compiled(text: str) -> str:
    try:
        document = json.loads(text)
        rules = _rules(document)
        with os.fdopen(os.memfd_create('seccomp'), 'rb') as file:
            rules.export_bpf(file)
            file.seek(0)
            program = file.read()
    except (OSError, ValueError) as error:
        kind = (exception.Internal
                if getattr(error, 'errno', errno.EINVAL) == errno.ENOMEM
                else exception.InvalidRequest)
        raise kind(
            f'libseccomp cannot compile the system call filter: {error}',
            'engine.seccomp') from error
    if document['defaultAction'] not in _PERMISSIVE:
        program = _unknown_calls() + program
    return base64.b64encode(program).decode()


def _rules(document: models.Json) -> pyseccomp.SyscallFilter:
    default = _action(
        document['defaultAction'], document.get('defaultErrnoRet'))
    rules = pyseccomp.SyscallFilter(default)
    for name in document['architectures']:
        architecture = _known(
            pyseccomp.Arch, name, 'SCMP_ARCH_', 'architecture')
        if not rules.exist_arch(architecture):
            rules.add_arch(architecture)
    for entry in document['syscalls']:
        action = _action(entry['action'], entry.get('errnoRet'))
        if action == default:
            # libseccomp refuses to be told so again.
            continue
        arguments = [_argument(given) for given in entry.get('args', ())]
        for name in entry['names']:
            number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
            # Calls that this libseccomp has not heard of yet: left to the
            # answer of _unknown_calls.
            if number != _NR_UNKNOWN:
                rules.add_rule(action, number, *arguments)
    return rules


def _action(name: str, number: int | None) -> int:
    if name in _NUMBERED:
        return int(_NUMBERED[name](1 if number is None else number))
    if name in _PLAIN:
        return int(_PLAIN[name])
    raise ValueError(f'unknown action {name}')


def _argument(given: models.Json) -> pyseccomp.Arg:
    comparison = _known(pyseccomp, given['op'], 'SCMP_CMP_', 'comparison')
    if comparison == pyseccomp.MASKED_EQ:
        return pyseccomp.Arg(given['index'], comparison, given['value'],
                             given.get('valueTwo', 0))
    return pyseccomp.Arg(given['index'], comparison, given['value'])


def _known(names: object, name: str, prefix: str, what: str) -> int:
    """Return a constant of pyseccomp by its name in the runtime-spec."""
    found = (getattr(names, name.removeprefix(prefix), None)
             if name.startswith(prefix) else None)
    if not isinstance(found, int):
        raise ValueError(f'unknown {what} {name}')
    return int(found)


def _unknown_calls() -> bytes:
    """Return instructions that answer ENOSYS to calls unknown here.

    They come first.  A filter that answers EPERM to a call newer than
    libseccomp's tables breaks programs whose C library tries it and would
    fall back on ENOSYS (runc does the same to the filters it loads).
    Numbers from _PRIVATE_CALLS up belong to x32 and to ARM's own calls, and
    are left to the rules.
    """
    instructions = (
        (0x20, 0, 0, 0),                                # A = number
        (0x35, 2, 0, _PRIVATE_CALLS),                   # if A >= k: rules
        (0x25, 0, 1, _newest_known_call()),             # if A <= k: rules
        (0x06, 0, 0, 0x00050000 | errno.ENOSYS),        # return ERRNO
    )
    return b''.join(struct.pack('=HBBI', *fields) for fields in instructions)


def _newest_known_call() -> int:
    """Return the highest call number that libseccomp has a name for."""
    newest = _FIRST_UNIFIED
    for number in range(_FIRST_UNIFIED, _FIRST_UNIFIED + 1000):
        try:
            pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, number)
        except ValueError:
            continue
        newest = number
    return newest
