"""The system call filter of a container, as a runtime-spec document.

Called by ``service.containers`` and handed to ``oci.spec``.  Calls
``oci.defaults``, ``oci.seccomp_profile`` and the data of
``oci.syscall_topics``.  Pure.

Source: runtime-spec, config-linux.md, "Seccomp".
"""

from collections.abc import Iterable
import dataclasses
import functools
import platform

from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.oci import seccomp_profile
from novacontainer.runtime.oci import syscall_topics

_ALLOW = 'SCMP_ACT_ALLOW'
_REFUSE = 'SCMP_ACT_ERRNO'
_EPERM = 1
_ENOSYS = 38

_AF_VSOCK = 40
#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET
#: (include/uapi/linux/sched.h).
_CLONE_NAMESPACES = 0x7e020000
#: PER_LINUX, PER_LINUX32, each also with UNAME26, and "only ask"
#: (personality(2)): no ADDR_NO_RANDOMIZE, no READ_IMPLIES_EXEC.
_PERSONALITIES = (0x0, 0x0008, 0x20000, 0x20008, 0xffffffff)

_ARCHITECTURES = {
    'x86_64': ('SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'),
    'aarch64': ('SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'),
}


@dataclasses.dataclass(frozen=True, slots=True)
class SeccompFilter:
    """A filter.

    :param document: the ``linux.seccomp`` object; shared between
        containers, so not to be changed.
    """

    document: models.Json


def for_container(spec: models.ContainerSpec) -> SeccompFilter | None:
    """Return the filter that a container gets, None when unconfined.

    :raises InvalidRequest: the client's own makes no sense.
    """
    if spec.privileged or spec.seccomp_unconfined:
        return None
    held = defaults.capabilities(spec.cap_add, spec.cap_drop)
    if spec.seccomp_profile:
        return SeccompFilter(
            seccomp_profile.filtered(spec.seccomp_profile, held))
    return for_capabilities(held)


@functools.lru_cache(maxsize=64)
def for_capabilities(capabilities: frozenset[str],
                     machine: str | None = None) -> SeccompFilter:
    """Return the filter of a container with these capabilities.

    :param machine: as ``uname -m`` says; the running one by default.
    """
    machine = machine or platform.machine()
    allowed = _words(syscall_topics.TOPICS.values())
    allowed |= _words([syscall_topics.BY_MACHINE.get(machine, '')])
    allowed |= _words(syscall_topics.BY_CAPABILITY.get(capability, '')
                      for capability in capabilities)
    rules = [_rule(sorted(allowed)), *_by_argument()]
    if 'clone' not in allowed:
        rules.extend(_clone_without_namespaces())
    return SeccompFilter({
        'defaultAction': _REFUSE,
        'defaultErrnoRet': _EPERM,
        'architectures': list(_ARCHITECTURES.get(machine, ())),
        'syscalls': rules,
    })


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in text.split()}


def _by_argument() -> list[models.Json]:
    """Return the rules for calls that are fine with some arguments."""
    rules = [_rule(['personality'], index=0, value=value, op='SCMP_CMP_EQ')
             for value in _PERSONALITIES]
    # vsock reaches the hypervisor and is not namespaced.
    rules.append(
        _rule(['socket'], index=0, value=_AF_VSOCK, op='SCMP_CMP_NE'))
    return rules


def _clone_without_namespaces() -> list[models.Json]:
    """Return the rules for clone(2), and for clone3(2) which hides its flags.

    ENOSYS makes the C library fall back from clone3 to clone.
    """
    masked = _rule(['clone'], index=0, value=_CLONE_NAMESPACES,
                   op='SCMP_CMP_MASKED_EQ')
    masked['args'][0]['valueTwo'] = 0
    return [masked,
            {'names': ['clone3'], 'action': _REFUSE, 'errnoRet': _ENOSYS}]


def _rule(names: list[str], *, index: int | None = None, value: int = 0,
          op: str = '') -> models.Json:
    rule: models.Json = {'names': names, 'action': _ALLOW}
    if index is not None:
        rule['args'] = [{'index': index, 'value': value, 'op': op}]
    return rule
