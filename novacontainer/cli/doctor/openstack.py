"""What nova.conf and glance-api.conf of this host say, where they are.

Called by ``doctor.verdict``.
"""

from collections.abc import Iterator
import pathlib

from novacontainer.cli.doctor import finding
from novacontainer.cli.doctor import settings

DRIVER = 'novacontainer.ContainerDriver'

_GLANCE = ('etc/glance/glance-api.conf',)


def check(root: pathlib.Path, socket_path: str) -> Iterator[finding.Finding]:
    """Look at both; a host without them has nothing to look at.

    :param root: ``/`` but in tests.
    :param socket_path: where this command found the daemon.
    """
    if any((root / name).exists() for name in settings.NOVA):
        yield from _nova(root, socket_path)
    if any((root / name).exists() for name in _GLANCE):
        yield from _glance(root)


def _nova(root: pathlib.Path, socket_path: str) -> Iterator[finding.Finding]:
    found, why = settings.read(root, settings.NOVA)
    if why:
        yield finding.warn('nova.conf', f'cannot be read: {why}',
                           'Run this as root, or mend the file.')
        return
    driver = found.get('DEFAULT', 'compute_driver', fallback='') or 'nothing'
    if driver != DRIVER:
        yield finding.warn(
            'nova.conf', f'compute_driver is {driver}',
            f'Set [DEFAULT] compute_driver = {DRIVER} and restart '
            'nova-compute, if its instances are to be containers.')
    else:
        yield finding.ok('nova.conf', f'compute_driver is {driver}')
    path = found.get('novacontainer', 'socket_path', fallback='')
    if path and path != socket_path:
        yield finding.warn(
            'nova.conf', f'socket_path is {path}, not {socket_path}',
            f'Look at that daemon too: "novacontainer --socket {path} '
            'doctor"; or let both say the same.')


def _glance(root: pathlib.Path) -> Iterator[finding.Finding]:
    found, why = settings.read(root, _GLANCE)
    if why:
        yield finding.warn('Glance', f'cannot be read: {why}',
                           'Run this as root, or mend the file.')
        return
    formats = _words(found.get(
        'image_format', 'container_formats', fallback='docker') or '')
    if 'docker' in formats:
        yield finding.ok('Glance', 'takes images of the format docker')
    else:
        yield finding.fail(
            'Glance', f'takes {", ".join(formats)} only',
            'Add docker to [image_format] container_formats in '
            '/etc/glance/glance-api.conf and restart glance-api.')
    plugins = _words(found.get(
        'image_import_options', 'image_import_plugins', fallback='') or '')
    if 'image_conversion' in plugins:
        yield finding.warn(
            'Glance', 'converts what is imported',
            'Take image_conversion out of [image_import_options] '
            'image_import_plugins, or upload container images without '
            'import: it makes disk images of them.')


def _words(text: str) -> list[str]:
    """Read a list as oslo.config writes it, brackets and quotes or not."""
    return [word.strip(' \'"') for word in text.strip('[] ').split(',')
            if word.strip(' \'"')]
