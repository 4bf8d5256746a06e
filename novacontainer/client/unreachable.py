"""Why the runtime's socket cannot be used, and what to do about it.

Called by ``client.transport``.  Looks at the socket's file, never at what
lies behind it.
"""

import errno
import grp
import os

_START = ('Start it: "systemctl start novacontainerd"; why it does not run '
          'is in "journalctl -u novacontainerd".')


def sentence(socket_path: str, error: OSError) -> str:
    """Say in plain words why connecting failed.

    :param error: what the operating system answered.
    """
    begin = f'The container runtime at {socket_path} cannot be reached: '
    if error.errno in (errno.EACCES, errno.EPERM):
        return (f'{begin}permission denied. Be root, or a member of the '
                f'group that may use it: {_membership(socket_path)}')
    if error.errno == errno.ENOENT:
        return (f'{begin}there is no such socket, so that novacontainerd '
                f'does not run, or listens elsewhere. {_START}')
    if error.errno == errno.ECONNREFUSED:
        return (f'{begin}nobody listens there, novacontainerd does not run. '
                f'{_START}')
    return (f'{begin}{error.strerror}. Check that novacontainerd runs and '
            'that this user may open its socket.')


def _membership(socket_path: str) -> str:
    """Tell how one becomes a member of the group of the socket."""
    group = 'novacontainer'
    try:
        owner = os.stat(socket_path).st_gid
        if owner == 0:
            # Nobody should be made a member of root's own group.
            return ('root has kept it to itself; the option socket_group of '
                    'the daemon names another.')
        group = grp.getgrgid(owner).gr_name
    except (OSError, KeyError):
        # The directory is closed to us, or the group has no name.
        pass
    return f'"usermod -aG {group} USER" as root, and log in again.'
