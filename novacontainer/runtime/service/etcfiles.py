"""The container's hosts, hostname and resolv.conf.

Called by ``service.preparation``.  Calls nothing.

They lie in the container's home directory, are mounted over those of the
image, and belong to the container's root: what it writes into them stays, as
on any other machine, until the container is removed.
"""

import os
import pathlib

from novacontainer.runtime import models
from novacontainer.runtime.service import hostconfig

#: What the host itself resolves names with.
HOST_RESOLV_CONF = pathlib.Path('/etc/resolv.conf')

#: Names in the home directory, which are also those below /etc.
NAMES = ('hostname', 'hosts', 'resolv.conf')


def write(home: pathlib.Path, container: models.Container) -> None:
    """Write the files that are not there yet, owned by the mapped root."""
    texts = {
        'hostname': f'{container.config["Hostname"]}\n',
        'hosts': hosts(container.config, container.host_config),
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


def hosts(config: models.Json, host_config: models.Json) -> str:
    """Return the text of hosts(5).

    The name stands on 127.0.1.1, as on Debian: the container's addresses
    are not known here and may change.
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
        f'127.0.1.1\t{names}',
    ]
    lines.extend(f'{address}\t{name}' for address, name
                 in hostconfig.extra_hosts(host_config))
    return '\n'.join(lines) + '\n'


def resolv_conf(host_config: models.Json) -> str:
    """Return the text of resolv.conf(5).

    Nothing is taken from the host: its resolvers belong to a network that
    the container is not on.
    """
    lines = []
    search = [domain for domain in host_config.get('DnsSearch') or ()
              if domain != '.']
    if search:
        lines.append(f'search {" ".join(search)}')
    lines.extend(f'nameserver {address}'
                 for address in host_config.get('Dns') or ())
    if host_config.get('DnsOptions'):
        lines.append(f'options {" ".join(host_config["DnsOptions"])}')
    return ''.join(f'{line}\n' for line in lines)


def _resolver(host_config: models.Json) -> str:
    """Return the resolver's text: the host's on the network of the host."""
    if host_config.get('NetworkMode') == 'host' and not any(
            host_config.get(field)
            for field in ('Dns', 'DnsSearch', 'DnsOptions')):
        return HOST_RESOLV_CONF.read_text(errors='replace')
    return resolv_conf(host_config)


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
