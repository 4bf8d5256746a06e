"""A system call filter that a client brings: Docker's profile format.

Called by ``service.hostconfig`` (to check it) and ``oci.seccomp``.  Calls
nothing.  Pure.

Docker's documentation, "Seccomp security profiles for Docker": the
runtime-spec's ``linux.seccomp`` (config-linux.md, "Seccomp"), and with each
rule, for which capabilities, architectures and kernels it is there.
"""

from collections.abc import Iterable
import functools
import json
import platform
import re

import jsonschema
import jsonschema.exceptions

from novacontainer.runtime import exception
from novacontainer.runtime import models

_ACTIONS = ('SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO', 'SCMP_ACT_KILL',
            'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_KILL_THREAD', 'SCMP_ACT_LOG',
            'SCMP_ACT_TRACE', 'SCMP_ACT_TRAP')
_COMPARISONS = ('SCMP_CMP_EQ', 'SCMP_CMP_NE', 'SCMP_CMP_LT', 'SCMP_CMP_LE',
                'SCMP_CMP_GE', 'SCMP_CMP_GT', 'SCMP_CMP_MASKED_EQ')
#: uname -m → its name here, and in Docker's conditions.
_MACHINES = {'x86_64': ('SCMP_ARCH_X86_64', 'amd64'),
             'aarch64': ('SCMP_ARCH_AARCH64', 'arm64')}

_NUMBER = {'type': ['integer', 'null'], 'minimum': 0, 'maximum': 2**64 - 1}
_ERRNO = {'type': ['integer', 'null'], 'minimum': 0, 'maximum': 4095}
_WORDS = {'type': ['array', 'null'], 'items': {'type': 'string'}}
_CONDITIONS = {
    'type': ['object', 'null'],
    'properties': {
        'caps': _WORDS, 'arches': _WORDS,
        'minKernel': {'type': 'string', 'pattern': r'^\d{1,4}\.\d{1,4}\Z'}}}
_SCHEMA = {
    'type': 'object',
    'required': ['defaultAction'],
    'properties': {
        'defaultAction': {'enum': _ACTIONS},
        'defaultErrnoRet': _ERRNO,
        'architectures': _WORDS,
        'archMap': {
            'type': ['array', 'null'],
            'items': {'type': 'object', 'properties': {
                'architecture': {'type': 'string'},
                'subArchitectures': _WORDS}}},
        'syscalls': {
            'type': ['array', 'null'],
            'items': {
                'type': 'object',
                'required': ['action'],
                'properties': {
                    'name': {'type': 'string'},
                    'names': _WORDS,
                    'action': {'enum': _ACTIONS},
                    'errnoRet': _ERRNO,
                    'args': {
                        'type': ['array', 'null'],
                        'maxItems': 6,
                        'items': {
                            'type': 'object',
                            'required': ['index', 'value', 'op'],
                            'properties': {
                                'index': {'type': 'integer', 'minimum': 0,
                                          'maximum': 5},
                                'value': _NUMBER, 'valueTwo': _NUMBER,
                                'op': {'enum': _COMPARISONS}}}},
                    'includes': _CONDITIONS,
                    'excludes': _CONDITIONS}}}}}
_CHECKED = jsonschema.Draft202012Validator(_SCHEMA)


def check(text: str) -> None:
    """Refuse what is no profile.

    :raises InvalidRequest: says where it is wrong.
    """
    _parsed(text)


@functools.lru_cache(maxsize=16)
def filtered(text: str, capabilities: frozenset[str]) -> models.Json:
    """Return the ``linux.seccomp`` object of a container with a profile.

    :param text: the profile, JSON.
    :param capabilities: those that the container has.
    :raises InvalidRequest: as :func:`check`.
    """
    profile = _parsed(text)
    native, machine = _MACHINES.get(
        platform.machine(), ('', platform.machine()))
    kernel = _kernel(platform.release())
    architectures = profile.get('architectures') or [
        name for entry in profile.get('archMap') or ()
        if entry.get('architecture') == native
        for name in (native, *(entry.get('subArchitectures') or ()))]
    made: models.Json = {
        'defaultAction': profile['defaultAction'],
        'architectures': list(architectures),
        'syscalls': [_rule(entry) for entry in profile.get('syscalls') or ()
                     if _applies(entry, capabilities, machine, kernel)]}
    if profile.get('defaultErrnoRet') is not None:
        made['defaultErrnoRet'] = profile['defaultErrnoRet']
    return made


def _parsed(text: str) -> models.Json:
    try:
        profile: models.Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(str(error)) from error
    wrong = jsonschema.exceptions.best_match(_CHECKED.iter_errors(profile))
    if wrong is not None:
        raise _invalid(f'{wrong.json_path}: {wrong.message[:200]}')
    return profile


def _rule(entry: models.Json) -> models.Json:
    names = entry.get('names') or []
    if entry.get('name'):
        names = [*names, entry['name']]
    rule: models.Json = {'names': names, 'action': entry['action']}
    if entry.get('errnoRet') is not None:
        rule['errnoRet'] = entry['errnoRet']
    if entry.get('args'):
        rule['args'] = [
            {'index': given['index'], 'value': given['value'] or 0,
             'valueTwo': given.get('valueTwo') or 0, 'op': given['op']}
            for given in entry['args']]
    return rule


def _applies(entry: models.Json, capabilities: frozenset[str],
             machine: str, kernel: tuple[int, ...]) -> bool:
    wanted = entry.get('includes') or {}
    unwanted = entry.get('excludes') or {}
    arches, caps = wanted.get('arches'), wanted.get('caps')
    if arches and machine not in arches:
        return False
    if caps and not capabilities.issuperset(_upper(caps)):
        return False
    if 'minKernel' in wanted and kernel < _kernel(wanted['minKernel']):
        return False
    if machine in (unwanted.get('arches') or ()):
        return False
    if not capabilities.isdisjoint(_upper(unwanted.get('caps') or ())):
        return False
    return not ('minKernel' in unwanted
                and kernel >= _kernel(unwanted['minKernel']))


def _upper(words: Iterable[str]) -> list[str]:
    return [word.upper() for word in words]


def _kernel(release: str) -> tuple[int, ...]:
    found = re.match(r'(\d+)\.(\d+)', release)
    return tuple(map(int, found.groups())) if found else (0, 0)


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(
        f'Decoding seccomp profile failed: {message}',
        'container.invalid_seccomp')
