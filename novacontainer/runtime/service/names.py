"""Ids and names of containers.

Called by ``service.creation``.  Calls nothing.
"""

import re
import secrets

from novacontainer.runtime import exception

_NAME = re.compile(r'[a-zA-Z0-9][a-zA-Z0-9_.-]+')

_QUALITIES = (
    'amber', 'ancient', 'autumn', 'bold', 'brisk', 'calm', 'clear', 'crisp',
    'distant', 'early', 'faint', 'fleet', 'gentle', 'hidden', 'idle', 'keen',
    'late', 'light', 'little', 'lucid', 'mild', 'nimble', 'pale', 'plain',
    'polar', 'quick', 'quiet', 'rapid', 'silent', 'steady', 'vivid', 'warm')
_STARS = (
    'achernar', 'adhara', 'albireo', 'alcor', 'aldebaran', 'algol', 'alioth',
    'alnair', 'altair', 'antares', 'arcturus', 'atria', 'bellatrix',
    'canopus', 'capella', 'castor', 'deneb', 'dubhe', 'electra', 'elnath',
    'fomalhaut', 'hadar', 'izar', 'maia', 'merak', 'mimosa', 'mira', 'mizar',
    'pollux', 'procyon', 'regulus', 'rigel', 'sirius', 'spica', 'vega',
    'wezen')


def new_id() -> str:
    """Return a fresh container id: 64 hexadecimal digits.

    Docker's rule holds: the first twelve are not all decimal, because they
    serve as a host name.
    """
    while True:
        made = secrets.token_hex(32)
        if not made[:12].isdigit():
            return made


def random_name() -> str:
    """Return a name for a container that was given none."""
    return (f'{secrets.choice(_QUALITIES)}_{secrets.choice(_STARS)}'
            f'_{secrets.randbelow(10000)}')


def check(name: str) -> str:
    """Return ``name`` without its leading slash.

    :raises InvalidRequest: it holds what Docker does not allow.
    """
    bare = name.removeprefix('/')
    if not _NAME.fullmatch(bare):
        raise exception.InvalidRequest(
            f'Invalid container name ({bare}), only '
            '[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
            'container.invalid_name')
    return bare
