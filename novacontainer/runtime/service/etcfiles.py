"""The container's hosts, hostname and resolv.conf.

Called by ``service.preparation``.  Calls ``service.netmodes``.

They lie in the container's home directory, are mounted over those of the
image, and belong to the container's root: what it writes into them stays, as
on any other machine, until the container is removed.
"""

from collections.abc import Sequence
import ipaddress
import os
import pathlib

from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import netmodes

#: What the host itself resolves names with.
HOST_RESOLV_CONF = pathlib.Path('/etc/resolv.conf')

#: What systemd-resolved asks, behind its stub.
RESOLVED_CONF = pathlib.Path('/run/systemd/resolve/resolv.conf')
_STUB = '127.0.0.53'
#: Asked where the host knows of no server that a container could reach
#: (Docker's default).
FALLBACK_SERVERS = ('8.8.8.8', '8.8.4.4')

#: Names in the home directory, which are also those below /etc.
NAMES = ('hostname', 'hosts', 'resolv.conf')


def write(home: pathlib.Path, container: models.Container,
          connected: Sequence[networking.Connection] = ()) -> None:
    """Write the files that are not there yet, owned by the mapped root."""
    texts = {
        'hostname': f'{container.config["Hostname"]}\n',
        'hosts': hosts(container.config, container.host_config,
                       _host_gateway(container, connected)),
        'resolv.conf': _resolver(container.host_config),
    }
    owner = container.id_map.host_base if container.id_map else 0
    for name in NAMES:
        _write_new(home / name, texts[name], owner)


def paths(home: pathlib.Path) -> dict[str, str]:
    """Return where each file lies; '' as long as it is not written."""
    return {name: str(home / name) if (home / name).exists() else ''
            for name in NAMES}


def mounts(home: pathlib.Path,
           container: models.Container) -> tuple[models.Mount, ...]:
    """Return the mounts that put the files into place."""
    access = 'ro' if container.host_config.get('ReadonlyRootfs') else 'rw'
    options = ('rbind', 'rprivate', access, 'nosuid', 'nodev', 'noexec')
    return tuple(
        models.Mount('bind', str(home / name), f'/etc/{name}', options)
        for name in NAMES)


def hosts(config: models.Json, host_config: models.Json,
          host_gateway: str = '') -> str:
    """Return the text of hosts(5).

    The name stands on 127.0.1.1, as on Debian, where the container's
    addresses are not known; else ``service.hostnames`` adds it.

    :param host_gateway: where the container reaches the host.
    """
    name, domain = config['Hostname'], config.get('Domainname')
    names = f'{name}.{domain} {name}' if domain else name
    lines = [
        '127.0.0.1\tlocalhost',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        'fe00::0\tip6-localnet',
        'ff00::0\tip6-mcastprefix',
        'ff02::1\tip6-allnodes',
        'ff02::2\tip6-allrouters',
    ]
    if netmodes.network_name(host_config) is None:
        lines.append(f'127.0.1.1\t{names}')
    lines.extend(
        f'{host_gateway if address == netmodes.HOST_GATEWAY else address}'
        f'\t{name}'
        for address, name in hostconfig.extra_hosts(host_config))
    return '\n'.join(lines) + '\n'


def resolv_conf(host_config: models.Json, host: str = '') -> str:
    """Return the text of resolv.conf(5).

    :param host: that of the host; its servers and domains stand where the
        container does not say.  ``''``: they belong to a network that the
        container is not on.
    """
    words = [line.split() for line in host.splitlines()]
    servers = list(host_config.get('Dns') or ()) or [
        line[1] for line in words
        if line[:1] == ['nameserver'] and len(line) > 1
        and not _is_loopback(line[1])]
    if host and not servers:
        servers = list(FALLBACK_SERVERS)
    search = list(host_config.get('DnsSearch') or ()) or [
        domain for line in words if line[:1] == ['search']
        for domain in line[1:]]
    options = list(host_config.get('DnsOptions') or ()) or [
        option for line in words if line[:1] == ['options']
        for option in line[1:]]
    search = [domain for domain in search if domain != '.']
    lines = [f'search {" ".join(search)}'] if search else []
    lines.extend(f'nameserver {address}' for address in servers)
    if options:
        lines.append(f'options {" ".join(options)}')
    return ''.join(f'{line}\n' for line in lines)


def _resolver(host_config: models.Json) -> str:
    """Return the resolver's text: the host's on the network of the host."""
    asked = any(host_config.get(field)
                for field in ('Dns', 'DnsSearch', 'DnsOptions'))
    if host_config.get('NetworkMode') == 'host' and not asked:
        return _host_resolver(HOST_RESOLV_CONF)
    if netmodes.network_name(host_config) is None:
        return resolv_conf(host_config)
    text = _host_resolver(HOST_RESOLV_CONF)
    if f'nameserver {_STUB}' in text:
        # systemd-resolved answers on a loopback address, and tells here
        # whom it asks (systemd-resolved.service(8)).
        text = _host_resolver(RESOLVED_CONF) or text
    return resolv_conf(host_config, text or '#')


def _host_resolver(path: pathlib.Path) -> str:
    try:
        return path.read_text(errors='replace')
    except FileNotFoundError:
        return ''


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.partition('%')[0]).is_loopback
    except ValueError:
        return True


def _host_gateway(container: models.Container,
                  connected: Sequence[networking.Connection]) -> str:
    """Return the address at which a container finds the host."""
    for one in connected:
        for subnet in one.network.subnets:
            return subnet.gateway
    return '127.0.0.1'


def _write_new(path: pathlib.Path, text: str, owner: int) -> None:
    # Renamed into place when complete, so that a crash cannot leave half a
    # file that would then be taken for the container's own.
    if path.exists():
        return
    draft = path.with_name(f'.{path.name}.new')
    draft.write_text(text, encoding='utf-8')
    draft.chmod(0o644)
    os.chown(draft, owner, owner)
    draft.rename(path)
