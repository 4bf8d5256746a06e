"""Become a user who can do no more than open the daemon's socket.

Called by ``novacontainer.cli.web`` before the first request is answered.
Credentials are those of credentials(7) and prctl(2).
"""

import ctypes
import dataclasses
import errno
import grp
import os
import pathlib
import pwd

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

#: Group of the socket where there is no socket to look at yet.
DEFAULT_GROUP = 'novacontainer'
DEFAULT_USER = 'nobody'


class Impossible(Exception):
    """It cannot be done here; the text says what to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """Who the process is from now on."""

    user: str
    group: str
    uid: int
    gid: int


def choose(user: str, group: str | None, socket_path: str) -> Identity:
    """Find out who to become.

    :param group: None takes the one that the socket belongs to.
    :raises Impossible: when such a process could not use the socket, or
        would be root.
    """
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise Impossible(
            f'There is no user {user} on this host. Name another one with '
            '--user.') from None
    if entry.pw_uid == 0:
        raise Impossible(
            f'The page does not run as root, and {user} is root. Name '
            'another user with --user.')
    found = _group(group, socket_path)
    if found.gr_gid == 0:
        raise Impossible(
            f'Only root can use {socket_path}: it belongs to no other '
            f'group. Make one ("groupadd --system {DEFAULT_GROUP}"), start '
            'novacontainerd again, and then this.')
    return Identity(user, found.gr_name, entry.pw_uid, found.gr_gid)


def _group(name: str | None, socket_path: str) -> grp.struct_group:
    try:
        if name is not None:
            return grp.getgrnam(name)
        gid = group_of(socket_path)
        # A daemon that is not there yet will give its socket this one.
        return (grp.getgrnam(DEFAULT_GROUP) if gid is None
                else grp.getgrgid(gid))
    except KeyError:
        wanted = name or DEFAULT_GROUP
        raise Impossible(
            f'There is no group {wanted}, which may use the socket of '
            f'novacontainerd. Make it ("groupadd --system {wanted}"), or '
            'name another one with --group.') from None


def group_of(socket_path: str) -> int | None:
    """Return the group that may use the socket; None without a socket."""
    try:
        return os.stat(socket_path).st_gid
    except OSError:
        return None


def drop(identity: Identity) -> None:
    """Become it, for good: no other group, and no way back.

    :raises Impossible: when the kernel does not allow it.
    """
    try:
        os.setgroups([])
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
    except OSError as error:
        raise Impossible(
            f'This process cannot become the user {identity.user}: '
            f'{error.strerror}. Run it with CAP_SETUID and CAP_SETGID, or as '
            'a member of the group that may use the socket.') from error
    if os.getresuid() != (identity.uid,) * 3 or os.getgroups():
        raise Impossible(
            f'This process did not become the user {identity.user}.')


def renounce() -> None:
    """Gain nothing by any later execve(2), and be nobody's to debug.

    :raises Impossible: when the kernel does not know how.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_DUMPABLE, 0)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise Impossible(
                f'This process cannot give up privileges: {reason}.')


def check(socket_path: str) -> None:
    """Make sure that this process can open the socket, if there is one.

    :raises Impossible: when it cannot.
    """
    path = pathlib.Path(socket_path)
    try:
        path.stat()
    except PermissionError as error:
        raise Impossible(
            f'{socket_path} cannot be reached: a directory above it is '
            'closed to others. Open it ("chmod o+x"), or have the daemon '
            'listen elsewhere.') from error
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise Impossible(
                f'{socket_path} cannot be used: {error.strerror}.') from error
        return
    if not os.access(path, os.R_OK | os.W_OK):
        raise Impossible(
            f'{socket_path} cannot be opened: permission denied. Run this '
            'as root, or as a member of the group of the socket.')
