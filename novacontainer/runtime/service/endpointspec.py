"""``EndpointSettings``: how a container asks to be on a network.  Pure.

Called by ``service.endpoints``.  Calls ``service.addressing``.

Docker Engine API 1.44, EndpointSettings, in the words of its errors.
"""

from collections.abc import Mapping
import re

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import addressing

_MAC = re.compile(r'[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}')
_ALIAS = re.compile(r'[A-Za-z0-9_]([A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?')

#: What an answer has and a request may send back; it decides nothing.
_OPERATIONAL = frozenset((
    'NetworkID', 'EndpointID', 'Gateway', 'IPAddress', 'IPPrefixLen',
    'IPv6Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen', 'DNSNames'))
#: Options that a driver of Docker's would understand; others are notes.
_DOCKERS = 'com.docker.network.'
_KNOWN = _OPERATIONAL | frozenset((
    'Aliases', 'DriverOpts', 'IPAMConfig', 'Links', 'MacAddress'))


def check(given: models.Json, network: networking.Network) -> models.Json:
    """Return what is kept of the settings: what was asked for.

    :raises InvalidRequest: a value makes no sense on this network.
    :raises NotSupported: a member that is not honoured.
    """
    _refuse_unsupported(given)
    kept: models.Json = {}
    aliases = list(given.get('Aliases') or ())
    links = list(given.get('Links') or ())
    if aliases and network.is_predefined:
        raise _invalid('network-scoped aliases are only supported for '
                       'user-defined networks')
    for alias in aliases:
        if not _ALIAS.fullmatch(alias):
            raise _invalid(f'invalid endpoint settings: {alias[:80]!r} is '
                           'no host name (Aliases)')
    if aliases:
        kept['Aliases'] = aliases
    if links:
        kept['Links'] = [link_text(link) for link in links]
    if given.get('DriverOpts'):
        kept['DriverOpts'] = dict(given['DriverOpts'])
    if given.get('MacAddress'):
        kept['MacAddress'] = check_mac(given['MacAddress'])
    asked = _addresses(given.get('IPAMConfig') or {}, network)
    if asked:
        kept['IPAMConfig'] = asked
    return kept


def _refuse_unsupported(given: models.Json) -> None:
    for member, value in given.items():
        if member not in _KNOWN and value not in (None, '', 0, [], {}):
            raise _unsupported(member)
    for name in given.get('DriverOpts') or ():
        if name.startswith(_DOCKERS):
            raise _unsupported(f'The option "{name}"')


def static(settings: Mapping[str, object], version: int) -> str:
    """Return the address that the settings ask for, '' when none."""
    asked = settings.get('IPAMConfig')
    if not isinstance(asked, dict):
        return ''
    return asked.get(f'IPv{version}Address') or ''


def check_mac(text: str) -> str:
    """Return a hardware address in its canonical form.

    :raises InvalidRequest: it is none, or one of many.
    """
    if not _MAC.fullmatch(text) or int(text[:2], 16) & 1:
        raise _invalid(f'invalid MAC address: {text[:80]}')
    return text.replace('-', ':').lower()


def link_text(text: str) -> str:
    """Return a link as ``container:alias``.

    :raises InvalidRequest: it is none.
    """
    name, _, alias = text.partition(':')
    alias = (alias or name).rpartition('/')[2]
    name = name.removeprefix('/')
    if not name or not _ALIAS.fullmatch(alias):
        raise _invalid(f'bad format for links: {text[:80]}')
    return f'{name}:{alias}'


def _addresses(given: models.Json,
               network: networking.Network) -> models.Json:
    local = [_link_local(text) for text in given.get('LinkLocalIPs') or ()]
    asked: models.Json = {member: given[member] for member in (
        'IPv4Address', 'IPv6Address') if given.get(member)}
    more: models.Json = {'LinkLocalIPs': local} if local else {}
    if not asked:
        return more
    if network.is_predefined:
        raise _invalid('user specified IP address is supported on user '
                       'defined networks only')
    by_version = {addressing.subnet(one.cidr).version: one
                  for one in network.subnets}
    for member, text in asked.items():
        of = by_version.get(4 if member == 'IPv4Address' else 6)
        if of is None or not of.asked:
            raise _invalid(
                'invalid config for network '
                f'{network.name}: user specified IP address is supported '
                'only when connecting to networks with user configured '
                'subnets')
        asked[member] = addressing.check_static(text, of)
    return {**asked, **more}


def _link_local(text: str) -> str:
    found = addressing.address(text)
    if not found.is_link_local:
        raise _invalid(f'invalid endpoint settings: {text} is no link-local '
                       'address (LinkLocalIPs)')
    return str(found)


def _unsupported(member: str) -> exception.NotSupported:
    return exception.NotSupported(
        f'{member} of a connection to a network is not supported by this '
        'version; leave it out', 'network.not_supported')


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'network.invalid_endpoint')
