"""Whether session keyrings may be made here (keyctl(2)).

Called by ``engine.conmon``.  Calls the kernel.

Inside of systemd-nspawn, Docker and the like a filter of system calls denies
keyctl, since keyrings have no namespaces; an OCI runtime that makes one for
each container, as they do unless told otherwise, fails there.
"""

import errno
import functools
import platform

from novacontainer.runtime.host import syscalls

#: __NR_keyctl; older than the common numbering.
_NUMBERS = {'x86_64': 250, 'aarch64': 219, 'riscv64': 219, 'ppc64le': 271,
            's390x': 280}
_GET_KEYRING_ID = 0
_SESSION_KEYRING = -3


@functools.cache
def allowed() -> bool:
    """Say whether keyctl is there and nothing denies it."""
    number = _NUMBERS.get(platform.machine())
    if number is None:
        return True
    try:
        # A question only: the last argument says to make none.
        syscalls.call(number, _GET_KEYRING_ID, _SESSION_KEYRING, 0)
    except OSError as error:
        return error.errno not in (errno.EPERM, errno.ENOSYS)
    return True
