"""A list of devices as a program for the kernel: a pure function.

Called by ``engine.devicerules``.

The kernel asks such a program (``BPF_PROG_TYPE_CGROUP_DEVICE``) whenever
something opens or makes a device node.  The question is a ``struct
bpf_cgroup_dev_ctx`` (``include/uapi/linux/bpf.h``): three words, which are
access and kind, major, minor.  0 in register 0 refuses.  For instructions
see the kernel's ``Documentation/bpf/standardization/instruction-set.rst``.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import struct
import sys

from novacontainer.runtime import models

#: Kind, major and minor of a device; None is any.
_Device = tuple[str | None, int | None, int | None]

_KINDS = {'b': 1, 'c': 2}
_ACCESS = {'m': 1, 'r': 2, 'w': 4}
_ANY_ACCESS = 7

#: What each container may use: Docker's list, which crun and runc put on any
#: other by themselves.  It may make every node, and open these.
_STANDARD: dict[_Device, int] = {
    ('c', None, None): _ACCESS['m'],
    ('b', None, None): _ACCESS['m'],
    ('c', 1, 3): _ANY_ACCESS,  # null
    ('c', 1, 5): _ANY_ACCESS,  # zero
    ('c', 1, 7): _ANY_ACCESS,  # full
    ('c', 1, 8): _ANY_ACCESS,  # random
    ('c', 1, 9): _ANY_ACCESS,  # urandom
    ('c', 5, 0): _ANY_ACCESS,  # tty
    ('c', 5, 1): _ANY_ACCESS,  # console
    ('c', 5, 2): _ANY_ACCESS,  # ptmx
    ('c', 136, None): _ANY_ACCESS,  # the terminals of a ptmx
    ('c', 10, 200): _ANY_ACCESS,  # net/tun, of its own network namespace
}

#: Registers.  Where the question was is room for other things later.
_ANSWER, _QUESTION, _KIND, _ASKED, _MAJOR, _MINOR = range(6)
_SCRATCH = _QUESTION

#: Codes of instructions: operation, and between which kinds of operands.
_LOAD_WORD = 0x61
_SET = 0xb7
_COPY = 0xbc
_AND = 0x54
_SHIFT_RIGHT = 0x74
_JUMP_UNLESS = 0x55
_JUMP_UNLESS_SAME = 0x5d
_EXIT = 0x95


class _Writer:
    """Instructions in the order of bytes and bits of a processor."""

    def __init__(self, byteorder: str) -> None:
        self._is_little = byteorder == 'little'
        self._format = '<BBhi' if self._is_little else '>BBhi'
        self.written = b''

    def add(self, code: int, target: int = 0, value: int = 0, *,
            source: int = 0, offset: int = 0) -> None:
        """Add one (``struct bpf_insn``)."""
        # Two registers in the two halves of a byte, the target's first.
        registers = (target | source << 4 if self._is_little
                     else target << 4 | source)
        self.written += struct.pack(
            self._format, code, registers, offset, value)

    def answer(self, value: int) -> None:
        """Add the end of the program."""
        self.add(_SET, _ANSWER, value)
        self.add(_EXIT)


def program(rules: Iterable[models.Json],
            byteorder: str = sys.byteorder) -> bytes:
    """Return the instructions that let devices through, and no others.

    :param rules: devices beside the standard ones, as members of
        ``linux.resources.devices`` (runtime-spec) that allow something.
    """
    writer = _Writer(byteorder)
    wanted = _merged(rules)
    if wanted.get((None, None, None)) == _ANY_ACCESS:
        # The kernel takes no program with a part that is never reached.
        writer.answer(1)
        return writer.written
    writer.add(_LOAD_WORD, _KIND, source=_QUESTION, offset=0)
    writer.add(_COPY, _ASKED, source=_KIND)
    writer.add(_AND, _KIND, 0xffff)
    writer.add(_SHIFT_RIGHT, _ASKED, 16)
    writer.add(_LOAD_WORD, _MAJOR, source=_QUESTION, offset=4)
    writer.add(_LOAD_WORD, _MINOR, source=_QUESTION, offset=8)
    for device, access in wanted.items():
        _let_through(writer, device, access)
    writer.answer(0)
    return writer.written


def _merged(rules: Iterable[models.Json]) -> dict[_Device, int]:
    """Return the access to each device.

    Two rules for one device, to read and to write, let it be opened for
    both, as in control groups of version 1.
    """
    merged = dict(_STANDARD)
    for rule in rules:
        kind = rule.get('type', 'a')
        device = (None if kind == 'a' else kind, rule.get('major'),
                  rule.get('minor'))
        access = sum(_ACCESS[letter] for letter in set(rule['access']))
        merged[device] = merged.get(device, 0) | access
    return merged


def _let_through(writer: _Writer, device: _Device, access: int) -> None:
    """Add a rule, which does nothing where one of its tests fails."""
    tests = list(_tests(device, access))
    for number, (code, target, value, source) in enumerate(tests):
        is_jump = code in (_JUMP_UNLESS, _JUMP_UNLESS_SAME)
        # Past the tests that are left, and the two of the answer.
        offset = len(tests) - number - 1 + 2 if is_jump else 0
        writer.add(code, target, value, source=source, offset=offset)
    writer.answer(1)


def _tests(device: _Device, access: int,
           ) -> Iterator[tuple[int, int, int, int]]:
    """Yield code, target, value and source of each instruction."""
    kind, major, minor = device
    if kind is not None:
        yield _JUMP_UNLESS, _KIND, _KINDS[kind], 0
    if access != _ANY_ACCESS:
        # All that is asked for has to be in the rule.
        yield _COPY, _SCRATCH, 0, _ASKED
        yield _AND, _SCRATCH, access, 0
        yield _JUMP_UNLESS_SAME, _SCRATCH, 0, _ASKED
    for register, number in ((_MAJOR, major), (_MINOR, minor)):
        if number is not None:
            yield _JUMP_UNLESS, register, number, 0
