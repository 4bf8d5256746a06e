"""Device nodes of the host that an OCI runtime gave away.

Called by ``engine.supervised``.  Calls the file system.
"""

import os


def reclaim_null(path: str = '/dev/null') -> bool:
    """Give ``/dev/null`` back to the host's root; True when it was lost.

    crun before 1.23 chowns the standard streams of a container with a user
    namespace to the container's root, and a container without standard
    input has the host's own /dev/null there (crun issue 1845): its root
    could then take everybody's permissions away.  The process is held
    between create and start, so a chown before start closes the hole.

    :raises OSError: the device is missing or cannot be chowned.
    """
    status = os.stat(path)
    if status.st_uid == 0 and status.st_gid == 0:
        return False
    os.chown(path, 0, 0)
    return True
