"""A back end for Cinder: volumes are files, and loop devices while attached.

Loaded by cinder-volume, which runs as root, by its name in
``cinder-volume.conf``.  It is for one host that has nothing else: connections
are of os-brick's type ``local``, so the host that has the files is the only
one that can attach them.
"""

import os
import pathlib
import shutil
import subprocess

from cinder import interface
from cinder.volume import driver
from oslo_config import cfg

_GIB = 1024 ** 3

OPTS = [
    cfg.StrOpt('loop_files', help='Directory of the volumes.'),
    cfg.StrOpt('loop_devices', help='Directory of links to loop devices.'),
]


@interface.volumedriver
class LoopDriver(driver.VolumeDriver):
    """Volumes in sparse files."""

    VERSION = '1.0.0'
    CI_WIKI_NAME = 'none'

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTS)

    @classmethod
    def get_driver_options(cls) -> list[cfg.Opt]:
        """What ``cinder-volume.conf`` may say beside Cinder's own."""
        return OPTS

    def check_for_setup_error(self) -> None:
        """Make the directories."""
        for name in ('loop_files', 'loop_devices'):
            path = pathlib.Path(self.configuration.safe_get(name))
            path.mkdir(mode=0o755, parents=True, exist_ok=True)

    def _file(self, name: str) -> pathlib.Path:
        return pathlib.Path(self.configuration.loop_files, name)

    def _link(self, name: str) -> pathlib.Path:
        return pathlib.Path(self.configuration.loop_devices, name)

    def create_volume(self, volume: dict) -> None:
        """Make the file."""
        _resize(self._file(volume['name']), volume['size'])

    def delete_volume(self, volume: dict) -> None:
        """Remove the file; fine when there is none."""
        self.remove_export(None, volume)
        self._file(volume['name']).unlink(missing_ok=True)

    def extend_volume(self, volume: dict, new_size: int) -> None:
        """Make the file larger, and its device when it has one."""
        path = self._file(volume['name'])
        _resize(path, new_size)
        for device in _devices(path):
            _run('losetup', '--set-capacity', device)

    def create_snapshot(self, snapshot: dict) -> None:
        """Copy the file."""
        _copy(self._file(snapshot['volume_name']),
              self._file(snapshot['name']))

    def delete_snapshot(self, snapshot: dict) -> None:
        """Remove the copy; fine when there is none."""
        self._file(snapshot['name']).unlink(missing_ok=True)

    def create_volume_from_snapshot(self, volume: dict,
                                    snapshot: dict) -> None:
        """Copy the copy."""
        _copy(self._file(snapshot['name']), self._file(volume['name']))
        self.create_volume(volume)

    def create_cloned_volume(self, volume: dict, src_vref: dict) -> None:
        """Copy the file."""
        _copy(self._file(src_vref['name']), self._file(volume['name']))
        self.create_volume(volume)

    def ensure_export(self, context: object, volume: dict) -> None:
        """Have the device again after the host was rebooted."""
        if volume['attach_status'] == 'attached':
            self.create_export(context, volume, {})

    def create_export(self, context: object, volume: dict,
                      connector: dict) -> None:
        """Have a loop device, with a link to it that keeps its name."""
        path = self._file(volume['name'])
        found = _devices(path)
        device = found[0] if found else _run(
            'losetup', '--find', '--show', str(path))
        link = self._link(volume['name'])
        fresh = link.with_suffix('.new')
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(device)
        fresh.rename(link)

    def remove_export(self, context: object, volume: dict) -> None:
        """Let the loop device go; fine when there is none."""
        self._link(volume['name']).unlink(missing_ok=True)
        for device in _devices(self._file(volume['name'])):
            _run('losetup', '--detach', device)

    def initialize_connection(self, volume: dict, connector: dict) -> dict:
        """Say where the device is, as os-brick's LocalConnector reads it."""
        return {'driver_volume_type': 'local', 'data': {
            'device_path': str(self._link(volume['name']))}}

    def terminate_connection(self, volume: dict, connector: dict,
                             **kwargs: object) -> None:
        """The device goes with the export."""

    def _update_volume_stats(self) -> None:
        disk = shutil.disk_usage(self.configuration.loop_files)
        self._stats = {
            'volume_backend_name': self.configuration.safe_get(
                'volume_backend_name') or 'loop',
            'vendor_name': 'novacontainer',
            'driver_version': self.VERSION,
            'storage_protocol': 'local',
            'total_capacity_gb': disk.total / _GIB,
            'free_capacity_gb': disk.free / _GIB,
            'reserved_percentage': 0,
            # The files are sparse, and the demo's hold little.
            'thin_provisioning_support': True,
            'thick_provisioning_support': False,
            'max_over_subscription_ratio': '100',
            'provisioned_capacity_gb': 0,
            'multiattach': True,
        }


def _resize(path: pathlib.Path, size_gb: int) -> None:
    with path.open('ab') as file:
        file.truncate(size_gb * _GIB)


def _copy(origin: pathlib.Path, copy: pathlib.Path) -> None:
    _run('cp', '--sparse=always', '--reflink=auto', str(origin), str(copy))


def _devices(path: pathlib.Path) -> list[str]:
    """Loop devices of a file, the lowest first."""
    if not path.exists():
        return []
    return sorted(_run('losetup', '--associated', str(path), '--output',
                       'NAME', '--noheadings').split())


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          env={**os.environ, 'LC_ALL': 'C'}).stdout.strip()
