"""Resource limits of this process, which every container begins with.

Called by ``runtime.daemon``.  Calls setrlimit(2).
"""

import pathlib
import resource

_NR_OPEN = pathlib.Path('/proc/sys/fs/nr_open')

#: Those whose hard limit is lifted, as Docker's own service unit has it, and
#: memlock, which databases ask for; what is locked counts as the container's
#: memory.  Never those of the scheduler: they are not a tenant's to raise.
_LIFTED = ('RLIMIT_CORE', 'RLIMIT_MEMLOCK', 'RLIMIT_NOFILE', 'RLIMIT_NPROC')

_PREFIX = 'RLIMIT_'


def lift_hard() -> bool:
    """Raise the hard limits, so that a container may be given more.

    Its process is set up within its user namespace, where nothing may go
    beyond what it came with.  The soft limits stay.

    :return: False where we may not, for want of CAP_SYS_RESOURCE.
    """
    try:
        _lift()
    except ValueError:
        return False
    return True


def hard() -> dict[str, int]:
    """Return the hard limits by their names in Docker; -1 is unlimited."""
    return {
        name.removeprefix(_PREFIX).lower():
            resource.getrlimit(getattr(resource, name))[1]
        for name in dir(resource) if name.startswith(_PREFIX)}


def _lift() -> None:
    for name in _LIFTED:
        number = getattr(resource, name)
        soft, _ = resource.getrlimit(number)
        top = (int(_NR_OPEN.read_text()) if name == 'RLIMIT_NOFILE'
               else resource.RLIM_INFINITY)
        resource.setrlimit(number, (soft, top))
