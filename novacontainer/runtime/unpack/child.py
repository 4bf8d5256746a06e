"""The child process that touches what untrusted images contain.

Started by ``unpack.unpacker`` with ``python -I -S``; calls the confinement,
then ``apply`` or ``produce``.  Everything that it may need is imported
before it is confined, and nothing more, because its start counts in every
load.

Arguments, in order: mode, parent's pid, directory, control descriptor (or
-1), limit of bytes, limit of entries, and

* ``apply``: compression, whether an end marker is needed (0 or 1); the layer
  on standard input, the report on standard output.
* ``produce``: first host id, number of ids; the tar on standard output, the
  report on standard error.
* ``select``: as ``produce``; what to write on standard input.
* ``pack``: descriptor of a user namespace (or -1), path, name in the tar,
  places of volumes …; otherwise as ``produce``.
* ``extract``: descriptor of a user namespace (or -1), path, compression,
  uid and gid for all (or -1), whether kinds are kept (0 or 1); the tar on
  standard input, the report on standard output.

The directory of the last two is the number of a descriptor.

The report is a line of NUL-separated fields: ``ok``, size in bytes, entries,
left-out entries, diff_id (empty for a plain layer), opaque directories …; or
``error``, kind, code, message.
"""

from collections.abc import Callable
import functools
import os

from novacontainer.runtime import exception
from novacontainer.runtime.host import confinement
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.unpack import apply
from novacontainer.runtime.unpack import follow
from novacontainer.runtime.unpack import pack
from novacontainer.runtime.unpack import produce
from novacontainer.runtime.unpack import select

APPLY = 'apply'
PRODUCE = 'produce'
SELECT = 'select'
PACK = 'pack'
EXTRACT = 'extract'

_APPLY_CAPABILITIES = (
    confinement.CAP_CHOWN, confinement.CAP_DAC_OVERRIDE,
    confinement.CAP_FOWNER, confinement.CAP_FSETID,
    confinement.CAP_SETFCAP)
#: SYS_ADMIN, because trusted.overlay.opaque can't be read without it.
_PRODUCE_CAPABILITIES = (
    confinement.CAP_DAC_OVERRIDE, confinement.CAP_SYS_ADMIN)

_COMPRESSION_MODULES = {
    compression.XZ: 'lzma', compression.BZIP2: 'bz2',
    compression.ZSTD: 'zstandard'}


def main(arguments: list[str]) -> int:
    """Run one child; return its exit status."""
    mode, parent, root, control, max_bytes, max_entries, *rest = arguments
    confinement.die_with_parent(int(parent))
    limits = int(max_bytes), int(max_entries)
    report = 1 if mode in (APPLY, EXTRACT) else 2
    if mode == APPLY:
        run = _applier(root, int(control), limits, rest)
    elif mode in (PRODUCE, SELECT):
        run = _producer(mode, root, limits, rest)
    else:
        _enter(int(root), int(rest.pop(0)), int(parent))
        run = (_packer if mode == PACK else _extractor)(limits, rest)
    try:
        fields = run()
    except exception.RuntimeFault as fault:
        fields = [b'error', type(fault).__name__.encode(),
                  fault.code.encode(),
                  fault.message.encode('utf-8', 'backslashreplace')]
    except MemoryError:
        # An image of millions of long names, or a container with them.
        fields = [b'error', b'InvalidRequest', b'image.too_large',
                  b'a layer takes more memory to handle than this host '
                  b'allows']
    except follow.Abandoned:
        return 1
    chunks.write_all(report, b'\0'.join(fields))
    return 0


def _applier(root: str, control: int, limits: tuple[int, int],
             rest: list[str]) -> Callable[[], list[bytes]]:
    kind, need_end = rest
    source: chunks.ChunkStream = follow.GrowingFile(0, control)
    decompressor = None
    if kind != compression.PLAIN:
        __import__(_COMPRESSION_MODULES.get(kind, 'zlib'))
        from novacontainer.runtime.unpack import inflate  # 8 ms
        largest = limits[0] + limits[1] * image_limits.ENTRY_BYTES
        decompressor = inflate.Inflater(kind, source.rest(), largest)
        source = decompressor.stream
    confinement.confine(root, _APPLY_CAPABILITIES)

    def run() -> list[bytes]:
        applier = apply.Applier(source, *limits)
        diff_id = b''
        if decompressor is None:
            applier.run(need_end=need_end == '1')
        else:
            with decompressor:
                applier.run(need_end=need_end == '1')
                diff_id = decompressor.finish().encode()
        return [b'ok', b'%d' % applier.size_bytes, b'%d' % applier.entries,
                b'%d' % applier.skipped, diff_id, *applier.opaque()]
    return run


def _enter(root: int, user_namespace: int, parent: int) -> None:
    """Go into a container's root, as its own root and no more."""
    if user_namespace >= 0:
        confinement.become_root_of(user_namespace)
        confinement.die_with_parent(parent)
    confinement.confine(root, _APPLY_CAPABILITIES)


def _packer(limits: tuple[int, int],
            rest: list[str]) -> Callable[[], list[bytes]]:
    path, name, *volumes = rest

    def run() -> list[bytes]:
        with open(1, 'wb', buffering=chunks.CHUNK_BYTES) as output:
            packer = pack.Packer(output.write, pack.resolve(path),
                                 os.fsencode(name), *limits, volumes)
            packer.run()
        return [b'ok', b'%d' % packer.size_bytes, b'%d' % packer.entries,
                b'0', b'']
    return run


def _extractor(limits: tuple[int, int],
               rest: list[str]) -> Callable[[], list[bytes]]:
    path, kind, uid, gid, keep_kinds = rest
    source = chunks.ChunkStream(lambda: os.read(0, chunks.CHUNK_BYTES))
    owner = (int(uid), int(gid)) if int(uid) >= 0 else None
    if kind != compression.PLAIN:
        source = chunks.ChunkStream(functools.partial(
            next, compression.decompress(kind, source.rest()), b''))

    def run() -> list[bytes]:
        os.chdir(os.path.realpath(f'/{path}'))
        applier = apply.Applier(
            source, *limits, whiteouts=False, owner=owner,
            keep_kinds=keep_kinds == '1')
        applier.run(need_end=False)
        for _ in source.rest():
            pass
        return [b'ok', b'%d' % applier.size_bytes, b'%d' % applier.entries,
                b'%d' % applier.skipped, b'']
    return run


def _producer(mode: str, root: str, limits: tuple[int, int],
              rest: list[str]) -> Callable[[], list[bytes]]:
    host_base, size = map(int, rest)
    confinement.confine(root, _PRODUCE_CAPABILITIES)

    def run() -> list[bytes]:
        with open(1, 'wb', buffering=chunks.CHUNK_BYTES) as output:
            producer = (
                produce.Producer(output.write, host_base, size, *limits)
                if mode == PRODUCE else
                select.Selector(output.write, select.standard_input,
                                host_base, size, *limits))
            producer.run()
        return [b'ok', b'%d' % producer.size_bytes,
                b'%d' % producer.entries, b'0', b'']
    return run
