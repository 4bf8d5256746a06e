"""Connections of volumes to this host, through os-brick.

Called by ``virt.volumeops``; calls os-brick, which does what needs root in a
privileged helper of its own (``os_brick.privileged``), ``virt.blockdevice``,
and Cinder and the key manager for what encrypted volumes need.

A connection is described by the ``connection_info`` that Cinder gives and
Nova stores.  What os-brick tells of the device is noted in it, so that it can
be disconnected by another nova-compute than the one that connected it.
"""

from collections.abc import Iterator
import contextlib
import typing

from castellan.common import exception as key_exception
from castellan import key_manager
import nova.conf
from nova import context as nova_context
from nova import exception
from nova import utils
from nova.virt import block_device as nova_block_device
from nova.volume import cinder
from os_brick import encryptors
from os_brick import exception as brick_exception
from os_brick.initiator import connector as brick
from oslo_concurrency import processutils
from oslo_log import log as logging

from novacontainer.virt import blockdevice
from novacontainer.virt import volumeconf

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

volumeconf.register_opts(CONF)

#: As Cinder gives it, JSON.
Info = dict[str, typing.Any]
#: What Cinder says of an encrypted volume; empty for others.
Encryption = dict[str, typing.Any]
_Context = nova_context.RequestContext
_Fault = type[exception.NovaException]

#: These are files of a file system that several hosts share: no device
#: comes of them.
_FILES = frozenset((
    'glusterfs', 'gpfs', 'nfs', 'quobyte', 'scality', 'smbfs', 'vmdk',
    'vzstorage'))
#: What os-brick and its encryptors raise, KeyError for what lacks in Cinder's
#: answer among them.
_FAILURES = (
    brick_exception.BrickException, key_exception.CastellanException,
    processutils.ProcessExecutionError, KeyError, OSError, ValueError)


class Connections:
    """Connects volumes, and disconnects them.

    Everything may be repeated: what is connected is found again, what is
    not is disconnected at once.
    """

    def __init__(self) -> None:
        self._cinder = cinder.API()

    def properties(self) -> dict[str, typing.Any]:
        """What Cinder has to know of this host to let it connect."""
        options = CONF.novacontainer
        found: dict[str, typing.Any] = brick.get_connector_properties(
            utils.get_root_helper(), CONF.my_block_storage_ip,
            options.volume_use_multipath, options.volume_enforce_multipath,
            host=CONF.host)
        return found

    def connect(self, context: _Context, info: Info,
                encryption: Encryption | None = None) -> str:
        """Make the volume a block device of this host.

        :param info: changed: what :meth:`disconnect` needs is added.
        :param encryption: None asks Cinder.
        :returns: the path of the device.
        :raises: exception.VolumeAttachFailed
        """
        with _told(exception.VolumeAttachFailed, info):
            connector = _connector(info)
            found = connector.connect_volume(info['data'])
            with contextlib.ExitStack() as undo:
                undo.callback(self._undo, connector, info, found)
                _note(info, found)
                self._decrypt(context, info, encryption)
                undo.pop_all()
        return str(info['data']['device_path'])

    def disconnect(self, context: _Context, info: Info,
                   encryption: Encryption | None = None) -> None:
        """Take the block device from this host; fine when there is none.

        :param encryption: None asks Cinder.
        :raises: exception.VolumeDetachFailed
        """
        with _told(exception.VolumeDetachFailed, info):
            encryption = self._encryption(context, info, encryption)
            if encryption and info['data'].get('device_path'):
                _encryptor(info, encryption).detach_volume(**encryption)
            try:
                _connector(info).disconnect_volume(
                    info['data'], info.get('device_info'))
            except brick_exception.VolumeDeviceNotFound as error:
                LOG.warning('Volume %s is not connected any more: %s',
                            volume_id(info), error)

    def extend(self, context: _Context, info: Info) -> int | None:
        """Let the host see that the volume has become larger.

        :returns: its size in bytes, where that is known.
        :raises: exception.VolumeExtendFailed
        """
        with _told(exception.VolumeExtendFailed, info):
            size = _extend(info)
            encryption = self._encryption(context, info)
            if encryption:
                _encryptor(info, encryption).extend_volume(
                    context, **encryption)
        return size

    def _decrypt(self, context: _Context, info: Info,
                 encryption: Encryption | None) -> None:
        encryption = self._encryption(context, info, encryption)
        if not encryption:
            return
        encryptor = _encryptor(info, encryption)
        # An open one cannot be opened; that of a host that went down with
        # its power off leads to another device.
        encryptor.detach_volume(**encryption)
        encryptor.attach_volume(context, **encryption)

    def _encryption(self, context: _Context, info: Info,
                    known: Encryption | None = None) -> Encryption:
        if known is not None:
            return known
        return dict(encryptors.get_encryption_metadata(
            context, self._cinder, volume_id(info), info) or {})

    @staticmethod
    def _undo(connector: typing.Any, info: Info,
              found: dict[str, typing.Any]) -> None:
        try:
            connector.disconnect_volume(info['data'], found, force=True,
                                        ignore_errors=True)
        except _FAILURES as error:
            # What led here is to be reported.
            LOG.warning('Volume %s stays connected: %s', volume_id(info),
                        error)


def volume_id(info: Info) -> str:
    """Cinder's id of the volume."""
    return str(nova_block_device.get_volume_id(info) or '')


def _connector(info: Info) -> typing.Any:
    protocol = info['driver_volume_type']
    if protocol.lower() in _FILES:
        raise ValueError(
            f'it is a file on {protocol}, and containers take block devices '
            'only. Use a volume type of another back end.')
    options = CONF.novacontainer
    extra = {'do_local_attach': True} if protocol.lower() == 'rbd' else {}
    return brick.InitiatorConnector.factory(
        protocol, utils.get_root_helper(),
        use_multipath=options.volume_use_multipath,
        device_scan_attempts=options.volume_scan_attempts,
        enforce_multipath=options.volume_enforce_multipath, **extra)


def _note(info: Info, found: dict[str, typing.Any]) -> None:
    """Keep what os-brick needs again; Nova stores it."""
    texts = {key: value.decode() if isinstance(value, bytes) else value
             for key, value in found.items()
             if isinstance(value, (bytes, str))}
    if 'path' not in texts:
        raise ValueError('os-brick made no block device of it.')
    info['device_info'] = texts
    info['data']['device_path'] = texts['path']
    if texts.get('multipath_id'):
        # Nova keeps this one when it asks Cinder again.
        info['data']['multipath_id'] = texts['multipath_id']


def _encryptor(info: Info, encryption: Encryption) -> typing.Any:
    return encryptors.get_volume_encryptor(
        root_helper=utils.get_root_helper(), connection_info=info,
        keymgr=key_manager.API(CONF), **encryption)


def _extend(info: Info) -> int | None:
    try:
        size = _connector(info).extend_volume(info['data'])
    except NotImplementedError:
        # Nothing needs to be done for it, or nobody knows how: that of
        # local devices is such in os-brick of 2025.1.
        size = blockdevice.size_bytes(info['data']['device_path'])
    return int(size) if size else None


@contextlib.contextmanager
def _told(fault: _Fault, info: Info) -> Iterator[None]:
    """Raise Nova's exception for what os-brick raises."""
    try:
        yield
    except processutils.ProcessExecutionError as error:
        # Its own text has the command line, and with it secrets.
        said = (error.stderr or error.stdout or '').strip().splitlines()
        reason = said[-1] if said else f'exit code {error.exit_code}'
        program = str(error.cmd or 'a program').split()[0]
        raise fault(volume_id=volume_id(info),
                    reason=f'{program} failed: {reason}') from error
    except KeyError as error:
        raise fault(volume_id=volume_id(info),
                    reason=f'Cinder does not tell its {error}.') from error
    except _FAILURES as error:
        raise fault(volume_id=volume_id(info),
                    reason=str(error)) from error
