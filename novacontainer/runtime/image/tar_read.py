"""Read tar headers: ustar, pax and GNU, from a stream, with few copies.

Called by the unpack child for each file of a layer, and by ``archive_read``
for the members of an archive; calls ``chunks``.  Formats: POSIX.1-2017, pax,
"ustar Interchange Format" and "pax Interchange Format"; the GNU tar manual,
"Basic Tar Format".
"""

from collections.abc import Iterator

from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks

BLOCK = 512
#: Linux's limit for a path, with the final NUL.
PATH_MAX = 4096
#: Largest extended header that is read (all its records together).
PAX_MAX_BYTES = 1 << 20
#: Extended headers that may follow each other before a file.
_EXTENSIONS_MAX = 8

REGULAR, LINK, SYMLINK, CHAR, BLOCK_DEVICE, DIRECTORY, FIFO = b'0123456'
_CONTIGUOUS = ord('7')
_PAX, _PAX_GLOBAL = b'xg'
_GNU_NAME, _GNU_LINK, _GNU_SPARSE = b'LKS'
#: Types without data, whatever their size field says (as Docker reads them).
_HEADER_ONLY = frozenset((LINK, SYMLINK, CHAR, BLOCK_DEVICE, DIRECTORY, FIFO))
_ZEROS = bytes(BLOCK)
_XATTR = b'SCHILY.xattr.'
_SPARSE = b'GNU.sparse.'


class Entry:
    """One file of a tar.

    ``name`` and ``link`` are raw bytes without trailing slashes; ``type`` is
    one of this module's constants; ``size`` is the number of data bytes that
    follow in the stream; ``mtime_ns`` counts from the epoch.
    """

    __slots__ = ('gid', 'link', 'major', 'minor', 'mode', 'mtime_ns',
                 'name', 'size', 'type', 'uid', 'xattrs')

    name: bytes
    link: bytes
    type: int
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    major: int
    minor: int
    xattrs: dict[bytes, bytes]

    def text(self) -> str:
        """Name for messages."""
        return self.name.decode('utf-8', 'backslashreplace')


def malformed(reason: str) -> exception.InvalidRequest:
    """Make the error for a tar that breaks its format."""
    return exception.InvalidRequest(
        f'not a valid tar archive: {reason}', 'image.malformed')


def is_header(block: bytes) -> bool:
    """Tell whether a block's checksum makes it a tar header."""
    if len(block) != BLOCK:
        return False
    try:
        stored = _number(block[148:156])
    except exception.InvalidRequest:
        return False
    plain = sum(block) - sum(block[148:156]) + 8 * ord(' ')
    # Some old writers summed signed characters.
    return stored == plain or (
        stored == plain - 256 * sum(byte > 127 for byte in block))


def entries(stream: chunks.ChunkStream, *,
            need_end: bool = False) -> Iterator[Entry]:
    """Yield the entries of a tar, until its end marker.

    The caller reads or skips exactly ``entry.size`` bytes of the stream
    before it asks for the next entry.

    :param need_end: refuse a tar without end marker; some writers leave it
        out, and then only a digest can tell a short file from a whole one.
    :raises InvalidRequest: malformed, truncated or sparse.
    """
    while True:
        block = stream.take(BLOCK)
        if block == _ZEROS or not block:
            if not block and need_end:
                raise chunks.truncated()
            return
        pax, block = _extensions(stream, block)
        entry = _entry(block, pax)
        size = entry.size
        yield entry
        if size & 511:
            stream.skip(-size & 511)


def _extensions(stream: chunks.ChunkStream,
                block: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Read the extended headers before a file; give them and its block."""
    pax: dict[bytes, bytes] = {}
    for _ in range(_EXTENSIONS_MAX):
        if len(block) < BLOCK:
            raise chunks.truncated()
        if not is_header(block):
            raise malformed('a header has a wrong checksum')
        kind = block[156]
        if kind in (_PAX, _PAX_GLOBAL):
            data = _extension(stream, block, PAX_MAX_BYTES)
            if kind == _PAX:
                pax.update(_records(data))
        elif kind in (_GNU_NAME, _GNU_LINK):
            data = _extension(stream, block, PATH_MAX + 1)
            key = b'path' if kind == _GNU_NAME else b'linkpath'
            pax[key] = data.split(b'\0', 1)[0]
        else:
            return pax, block
        block = stream.take(BLOCK)
    raise malformed('too many extended headers before one file')


def _extension(stream: chunks.ChunkStream, block: bytes,
               limit: int) -> bytes:
    size = _number(block[124:136])
    if size > limit:
        raise malformed(f'an extended header of {size} bytes; at most '
                        f'{limit} are read')
    data = stream.exactly(size)
    stream.skip(-size & 511)
    return data


def _records(data: bytes) -> dict[bytes, bytes]:
    """Parse ``<length> <key>=<value>\\n`` records."""
    found = {}
    at = 0
    while at < len(data):
        space = data.find(b' ', at, at + 10)
        digits = data[at:space]
        if space < 0 or not digits.isdigit():
            raise malformed('an extended header has a bad record')
        end = at + int(digits)
        key, equals, value = data[space + 1:end - 1].partition(b'=')
        if not equals or end > len(data) or data[end - 1:end] != b'\n':
            raise malformed('an extended header has a bad record')
        if key.startswith(_SPARSE):
            raise _sparse()
        found[key] = value
        at = end
    return found


def _entry(block: bytes, pax: dict[bytes, bytes]) -> Entry:
    """Build an entry from its header block and extended headers."""
    entry = Entry()
    kind = block[156]
    if kind == _GNU_SPARSE:
        raise _sparse()
    name = block[:100].split(b'\0', 1)[0]
    if block[257:263] == b'ustar\0' and block[345]:
        name = block[345:500].split(b'\0', 1)[0] + b'/' + name
    if not kind and name.endswith(b'/'):
        kind = DIRECTORY  # before ustar there was no type for it
    elif not kind or kind == _CONTIGUOUS:
        kind = REGULAR
    entry.link = block[157:257].split(b'\0', 1)[0] if block[157] else b''
    entry.mode = _number(block[100:108]) & 0o7777
    entry.uid = _number(block[108:116])
    entry.gid = _number(block[116:124])
    entry.size = _number(block[124:136])
    entry.mtime_ns = _number(block[136:148], signed=True) * 1_000_000_000
    entry.major = entry.minor = 0
    if kind in (CHAR, BLOCK_DEVICE):
        entry.major = _number(block[329:337])
        entry.minor = _number(block[337:345])
    entry.xattrs = {}
    entry.type = kind
    entry.name = name
    if pax:
        _extend(entry, pax)
    if kind in _HEADER_ONLY:
        entry.size = 0
    if len(entry.name) >= PATH_MAX or len(entry.link) >= PATH_MAX:
        raise malformed(f'a name is longer than {PATH_MAX - 1} bytes')
    entry.name = entry.name.rstrip(b'/')
    return entry


def _extend(entry: Entry, pax: dict[bytes, bytes]) -> None:
    """Let pax records override the fields of the ustar header."""
    for key, value in pax.items():
        if key == b'path':
            entry.name = value
        elif key == b'linkpath':
            entry.link = value
        elif key == b'size':
            entry.size = _decimal(value)
        elif key == b'uid':
            entry.uid = _decimal(value)
        elif key == b'gid':
            entry.gid = _decimal(value)
        elif key == b'mtime':
            entry.mtime_ns = _nanoseconds(value)
        elif key.startswith(_XATTR):
            entry.xattrs[key[len(_XATTR):]] = value
    if any(b'\0' in name for name in (
            entry.name, entry.link, *entry.xattrs)):
        raise malformed('a name contains a NUL byte')


def _number(field: bytes, *, signed: bool = False) -> int:
    """Read an octal or (GNU) base-256 number."""
    if field[0] & 0x80:
        bits = 8 * len(field) - 1
        value = int.from_bytes(field, 'big') & ((1 << bits) - 1)
        if field[0] & 0x40:
            value -= 1 << bits
    else:
        try:
            value = int(field.strip(b'\0 ') or b'0', 8)
        except ValueError:
            raise malformed('a header field is not a number') from None
    if value < 0 and not signed:
        raise malformed('a header field is negative')
    return value


def _decimal(value: bytes) -> int:
    if not value.isdigit() or len(value) > 20:
        raise malformed('an extended header field is not a number')
    return int(value)


def _nanoseconds(value: bytes) -> int:
    """Read a decimal number of seconds exactly, without floats."""
    whole, _, fraction = value.partition(b'.')
    digits = whole.removeprefix(b'-')
    if (not digits.isdigit() or len(digits) > 12
            or (fraction and not fraction.isdigit())):
        raise malformed('an extended header field is not a time')
    nanoseconds = (int(digits) * 1_000_000_000
                   + int(fraction[:9].ljust(9, b'0')))
    return -nanoseconds if whole.startswith(b'-') else nanoseconds


def _sparse() -> exception.InvalidRequest:
    return exception.InvalidRequest(
        'the archive holds a sparse file, which is not supported; write it '
        'without --sparse', 'image.unsupported')
