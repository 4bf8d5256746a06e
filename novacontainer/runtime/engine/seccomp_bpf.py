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

#: libseccomp's answer for a name that it does not know.
_NR_UNKNOWN = -1
#: pidfd_send_signal, the first call whose number all architectures share.
_FIRST_UNIFIED = 424
_PRIVATE_CALLS = 0x0f0000

_ARCHITECTURES = {
    'SCMP_ARCH_X86_64': pyseccomp.Arch.X86_64,
    'SCMP_ARCH_X86': pyseccomp.Arch.X86,
    'SCMP_ARCH_X32': pyseccomp.Arch.X32,
    'SCMP_ARCH_AARCH64': pyseccomp.Arch.AARCH64,
    'SCMP_ARCH_ARM': pyseccomp.Arch.ARM,
}
_COMPARISONS = {
    'SCMP_CMP_EQ': pyseccomp.EQ,
    'SCMP_CMP_NE': pyseccomp.NE,
    'SCMP_CMP_MASKED_EQ': pyseccomp.MASKED_EQ,
}


def compiled(document: models.Json) -> str:
    """Return the filter as base64 of an array of ``struct sock_filter``.

    :param document: a ``linux.seccomp`` object (runtime-spec,
        config-linux.md); equal documents are compiled once.
    :raises Internal: libseccomp refused it.
    """
    return _compiled(json.dumps(document))


@functools.lru_cache(maxsize=64)
def _compiled(text: str) -> str:
    try:
        rules = _rules(json.loads(text))
        with os.fdopen(os.memfd_create('seccomp'), 'rb') as file:
            rules.export_bpf(file)
            file.seek(0)
            program = file.read()
    except (OSError, ValueError) as error:
        raise exception.Internal(
            f'libseccomp cannot compile the system call filter: {error}',
            'engine.seccomp') from error
    return base64.b64encode(_unknown_calls() + program).decode()


def _rules(document: models.Json) -> pyseccomp.SyscallFilter:
    rules = pyseccomp.SyscallFilter(_action(
        document['defaultAction'], document.get('defaultErrnoRet')))
    for name in document['architectures']:
        architecture = _ARCHITECTURES[name]
        if not rules.exist_arch(architecture):
            rules.add_arch(architecture)
    for entry in document['syscalls']:
        action = _action(entry['action'], entry.get('errnoRet'))
        arguments = [_argument(given) for given in entry.get('args', ())]
        for name in entry['names']:
            number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
            # Calls that this libseccomp has not heard of yet: left to the
            # answer of _unknown_calls.
            if number != _NR_UNKNOWN:
                rules.add_rule(action, number, *arguments)
    return rules


def _action(name: str, number: int | None) -> int:
    if name == 'SCMP_ACT_ALLOW':
        return int(pyseccomp.ALLOW)
    if name == 'SCMP_ACT_ERRNO':
        return int(pyseccomp.ERRNO(number or 1))
    raise ValueError(f'unknown action {name}')


def _argument(given: models.Json) -> pyseccomp.Arg:
    comparison = _COMPARISONS[given['op']]
    if comparison == pyseccomp.MASKED_EQ:
        return pyseccomp.Arg(given['index'], comparison, given['value'],
                             given.get('valueTwo', 0))
    return pyseccomp.Arg(given['index'], comparison, given['value'])


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
