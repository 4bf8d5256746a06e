"""Whiteouts: how a layer says that something of a lower layer is gone.

Called by the unpack child in both directions; calls nothing.  In a tar they
are names (OCI image-spec 1.1, layer.md, "Whiteouts"); in a tree they are
what overlayfs understands (kernel, filesystems/overlayfs.rst).
"""

PREFIX = b'.wh.'
#: Special names of AUFS; only this one has a meaning in a layer.
_SPECIAL = b'.wh..wh.'
OPAQUE = b'.wh..wh..opq'
#: Attribute of a directory that hides the lower ones of its name.
OPAQUE_ATTRIBUTE = 'trusted.overlay.opaque'
OPAQUE_VALUE = b'y'


def hidden_name(base: bytes) -> bytes | None:
    """Give what the whiteout ``base`` hides, or None when it is not one.

    Names with a special meaning give b''.
    """
    if not base.startswith(PREFIX):
        return None
    if base.startswith(_SPECIAL):
        return b''
    return base[len(PREFIX):]
