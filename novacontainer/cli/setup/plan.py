"""What setup puts on a host, and where.

Called by ``setup.installer``.  Reads what the distribution brought: below the
prefix of this environment, or in the checkout that it is installed from.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import pathlib
import sysconfig

from novacontainer.cli import failure
from novacontainer.cli import manualpage
from novacontainer.cli.setup import hostfile
from novacontainer.cli.setup import samples

_DAEMON = 'usr/local/bin/novacontainerd'
_MANUALS = 'usr/local/share/man'

#: Below the prefix, below etc/ of a checkout, on the host; see setup.cfg.
_BROUGHT = (
    ('lib/systemd/system/novacontainerd.service',
     'systemd/novacontainerd.service',
     'etc/systemd/system/novacontainerd.service'),
    ('lib/systemd/system/novacontainerd.socket',
     'systemd/novacontainerd.socket',
     'etc/systemd/system/novacontainerd.socket'),
    ('lib/sysusers.d/novacontainer.conf', 'sysusers.d/novacontainer.conf',
     'etc/sysusers.d/novacontainer.conf'),
    ('lib/tmpfiles.d/novacontainer.conf', 'tmpfiles.d/novacontainer.conf',
     'etc/tmpfiles.d/novacontainer.conf'),
    ('etc/logrotate.d/novacontainer', 'logrotate.d/novacontainer',
     'etc/logrotate.d/novacontainer'),
    ('share/bash-completion/completions/novacontainer',
     'bash-completion/novacontainer',
     'usr/local/share/bash-completion/completions/novacontainer'),
    ('share/man/man8/novacontainerd.8', 'man8/novacontainerd.8',
     f'{_MANUALS}/man8/novacontainerd.8'),
)
_PAGE = ('share/man/man1/novacontainer.1', 'man1/novacontainer.1',
         f'{_MANUALS}/man1/novacontainer.1')
#: Only where there is a Nova.
_FILTERS = ('etc/nova/rootwrap.d/novacontainer.filters',
            'nova/rootwrap.d/novacontainer.filters',
            'etc/nova/rootwrap.d/novacontainer.filters')

_CONF = """\
# Options of novacontainerd; novacontainerd.conf.sample beside this file has
# all of them, with what they are without a line here.
[DEFAULT]
"""


def files(root: pathlib.Path,
          helps: Mapping[str, str]) -> Iterator[hostfile.HostFile]:
    """Put together what belongs on this host.

    :param root: ``/``, or the root file system of an image.
    :param helps: what ``--help`` says of each verb.
    :raises CommandFailed: this installation lacks a file.
    """
    for prefixed, checkout, target in _BROUGHT:
        text = _read(prefixed, checkout)
        if target.endswith('.service'):
            text = text.replace(f'=/{_DAEMON}', f'={daemon()}')
        yield hostfile.HostFile(target, text)
    prefixed, checkout, target = _PAGE
    yield hostfile.HostFile(target, manualpage.with_verbs(
        _read(prefixed, checkout), helps))
    yield hostfile.HostFile(
        'etc/novacontainer/novacontainerd.conf', _CONF, seed=True)
    yield hostfile.HostFile(
        'etc/novacontainer/novacontainerd.conf.sample',
        samples.render(samples.DAEMON))
    if (root / 'etc/nova').is_dir():
        prefixed, checkout, target = _FILTERS
        yield hostfile.HostFile(target, _read(prefixed, checkout))
        yield hostfile.HostFile(
            'etc/novacontainer/nova-novacontainer.conf.sample',
            samples.render(samples.DRIVER))


def daemon() -> pathlib.Path:
    """Return where this environment has novacontainerd."""
    return pathlib.Path(sysconfig.get_path('scripts')) / 'novacontainerd'


def _read(prefixed: str, checkout: str) -> str:
    places = (
        pathlib.Path(sysconfig.get_path('data')) / prefixed,
        pathlib.Path(__file__).parents[3] / 'etc' / checkout)
    for place in places:
        if place.is_file():
            return place.read_text()
    raise failure.CommandFailed(
        f'This installation lacks {places[0]}; install novacontainer again, '
        'with pip, from its wheel or a checkout.')
