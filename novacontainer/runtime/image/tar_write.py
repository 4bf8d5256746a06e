"""Write tar headers: ustar, with pax records where ustar has no room.

Called by ``archive_write`` and by the unpack child for a new layer; calls
nothing.  Format: POSIX.1-2017, pax, "pax Interchange Format".
"""

BLOCK = 512
#: Two zero blocks end an archive.
END = bytes(2 * BLOCK)

REGULAR, LINK, SYMLINK, CHAR = b'0', b'1', b'2', b'3'
DIRECTORY, FIFO = b'5', b'6'
_PAX = b'x'
_OCTAL_SIZE_MAX = 0o77777777777
_NAME_BYTES = 100


def header(name: bytes, kind: bytes = REGULAR, *, size: int = 0,
           mode: int = 0o644, uid: int = 0, gid: int = 0, mtime_s: int = 0,
           link: bytes = b'',
           xattrs: dict[bytes, bytes] | None = None) -> bytes:
    """Give the header block or blocks of one file.

    :param name: path; a directory's ends with a slash.
    :param kind: one of this module's types.
    :param uid: at most 65535, likewise gid.
    :param mtime_s: seconds since the epoch; before it counts as 0.
    """
    records = b''
    if len(name) > _NAME_BYTES:
        records += _record(b'path', name)
    if len(link) > _NAME_BYTES:
        records += _record(b'linkpath', link)
    if size > _OCTAL_SIZE_MAX:
        records += _record(b'size', b'%d' % size)
    for key, value in sorted((xattrs or {}).items()):
        records += _record(b'SCHILY.xattr.' + key, value)
    prefix = b''
    if records:
        prefix = (_block(b'PaxHeaders/' + name[-50:].strip(b'/'), _PAX,
                         len(records), 0o644, 0, 0, 0, b'')
                  + records + padding(len(records)))
    return prefix + _block(
        name[:_NAME_BYTES], kind, min(size, _OCTAL_SIZE_MAX), mode, uid, gid,
        max(mtime_s, 0), link[:_NAME_BYTES])


def padding(size: int) -> bytes:
    """Give the zeros that fill up the last block of ``size`` bytes."""
    return bytes(-size % BLOCK)


def _block(name: bytes, kind: bytes, size: int, mode: int, uid: int,
           gid: int, mtime_s: int, link: bytes) -> bytes:
    head = b'%b%07o\0%07o\0%07o\0%011o\0%011o\0' % (
        name.ljust(_NAME_BYTES, b'\0'), mode, uid, gid, size,
        min(mtime_s, _OCTAL_SIZE_MAX))
    tail = b'%b%bustar\00000%b' % (
        kind, link.ljust(_NAME_BYTES, b'\0'), bytes(64))
    tail += b'0000000\x000000000\0'  # device numbers
    block = (head + b' ' * 8 + tail).ljust(BLOCK, b'\0')
    return block[:148] + b'%06o\0 ' % sum(block) + block[156:]


def _record(key: bytes, value: bytes) -> bytes:
    """Give ``<length> <key>=<value>\\n``; the length counts itself."""
    rest = len(key) + len(value) + 3
    size = rest + len(str(rest))
    size = rest + len(str(size))
    return b'%d %b=%b\n' % (size, key, value)
