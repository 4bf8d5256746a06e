"""Docker's ``User`` field, resolved against the image's own files.

Called by ``service.containers``, which reads the files.  Pure.

Formats: passwd(5), group(5).  Files come from hostile images: lines that do
not parse are skipped, as the C library does.
"""

from collections.abc import Iterator, Sequence
import dataclasses

from novacontainer.runtime import exception
from novacontainer.runtime import models

_MAX_ID = 2 ** 31 - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """One line of passwd(5)."""

    name: str
    uid: int
    gid: int
    home: str


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """One line of group(5)."""

    name: str
    gid: int
    members: frozenset[str]


def resolve(user: str, passwd: bytes, group: bytes,
            added: Sequence[str] = ()) -> models.User:
    """Return the ids that ``user`` names.

    :param user: ``''``, ``user``, ``user:group`` or ``:group``; each a name
        or a number.  Without a group: the account's own, and every group
        that lists the account as a member.
    :param passwd: contents of the image's /etc/passwd, may be empty.
    :param group: contents of the image's /etc/group, may be empty.
    :param added: names or ids of further groups (``GroupAdd``).
    :raises InvalidRequest: no such user or group, or an id out of range.
    """
    user_word, _, group_word = user.partition(':')
    account = _find_account(user_word or '0', passwd)
    more = [_find_gid(word, group) for word in added]
    if group_word:
        return models.User(account.uid, _find_gid(group_word, group),
                           tuple(dict.fromkeys(more)))
    extra = [entry.gid for entry in _groups(group)
             if account.name and account.name in entry.members]
    return models.User(account.uid, account.gid,
                       tuple(dict.fromkeys((*extra, *more))))


def home(uid: int, passwd: bytes) -> str:
    """Return the home directory of a uid, '/' when it has none."""
    for account in _accounts(passwd):
        if account.uid == uid:
            return account.home or '/'
    return '/'


def _find_account(word: str, passwd: bytes) -> Account:
    uid = _number(word)
    for account in _accounts(passwd):
        if account.name == word or account.uid == uid:
            return account
    if uid is None:
        raise exception.InvalidRequest(
            f'unable to find user {word}: no matching entries in passwd '
            'file of the image', 'container.user_not_found')
    return Account(name='', uid=_checked(uid), gid=0, home='/')


def _find_gid(word: str, group: bytes) -> int:
    gid = _number(word)
    for entry in _groups(group):
        if entry.name == word or entry.gid == gid:
            return entry.gid
    if gid is None:
        raise exception.InvalidRequest(
            f'unable to find group {word}: no matching entries in group '
            'file of the image', 'container.group_not_found')
    return _checked(gid)


def _accounts(passwd: bytes) -> Iterator[Account]:
    for fields in _lines(passwd, 7):
        uid, gid = _number(fields[2]), _number(fields[3])
        if uid is not None and gid is not None:
            yield Account(fields[0], uid, gid, fields[5])


def _groups(group: bytes) -> Iterator[Group]:
    for fields in _lines(group, 4):
        gid = _number(fields[2])
        if gid is not None:
            members = frozenset(filter(None, fields[3].split(',')))
            yield Group(fields[0], gid, members)


def _lines(data: bytes, width: int) -> Iterator[list[str]]:
    for line in data.decode('utf-8', 'replace').split('\n'):
        fields = line.strip().split(':')
        if len(fields) == width and not line.startswith('#'):
            yield fields


def _number(word: str) -> int | None:
    """Return a decimal id, or None for a word that is none."""
    if word.isascii() and word.isdigit() and len(word) <= 10:
        return int(word)
    return None


def _checked(number: int) -> int:
    if number > _MAX_ID:
        raise exception.InvalidRequest(
            f'uids and gids must be in range 0-{_MAX_ID}, not {number}',
            'container.id_range')
    return number
