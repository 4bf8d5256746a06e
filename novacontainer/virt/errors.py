"""The client's errors in Nova's terms: the one place where they change.

Called by the driver's ``*ops`` modules around every call of the client.
Which exception is right depends on the operation, because the compute
manager acts on the type: in a build, for example, it tries another host for
most exceptions and gives up at once for ``BuildAbortException`` and
``ImageUnacceptable`` (``ComputeManager._build_and_run_instance``).  So what
the tenant has to mend aborts, and what is wrong with this host does not.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import enum

from nova import exception
from nova.objects import instance as instance_objects

from novacontainer.client import exceptions


class Operation(enum.Enum):
    """What was being done, as far as it matters for the exception."""

    SPAWN = 'deploy'
    DESTROY = 'terminate'
    POWER_ON = 'power on'
    POWER_OFF = 'power off'
    REBOOT = 'reboot'
    PAUSE = 'pause'
    UNPAUSE = 'unpause'
    SUSPEND = 'suspend'
    RESUME = 'resume'
    RESIZE = 'resize'
    RESCUE = 'rescue'
    UNRESCUE = 'unrescue'
    SNAPSHOT = 'snapshot'
    INSPECT = 'inspect'
    LOGIN = 'set up a login to'


_Error = exceptions.ClientError
_Make = Callable[[_Error, str], Exception]


def _unavailable(error: _Error, uuid: str) -> Exception:
    # Its own text says nothing but that the connection is broken.
    return exception.HypervisorUnavailable(error.message)


def _not_found(error: _Error, uuid: str) -> Exception:
    return exception.InstanceNotFound(instance_id=uuid)


def _not_supported(error: _Error, uuid: str) -> Exception:
    return NotImplementedError(error.message)


def _exists(error: _Error, uuid: str) -> Exception:
    return exception.InstanceExists(name=uuid)


def _abort(error: _Error, uuid: str) -> Exception:
    return exception.BuildAbortException(
        instance_uuid=uuid, reason=error.message)


def _still_there(error: _Error, uuid: str) -> Exception:
    # The one type for which the manager keeps the ports of an instance that
    # it failed to delete; without them a later try could not unplug them.
    return exception.InstancePowerOffFailure(reason=error.message)


def _not_running(error: _Error, uuid: str) -> Exception:
    return exception.InstanceNotRunning(instance_id=uuid)


def _resize_failed(error: _Error, uuid: str) -> Exception:
    return exception.ResizeError(reason=error.message)


def _reboot_failed(error: _Error, uuid: str) -> Exception:
    # The manager records no fault for an instance that is not found.
    return exception.InstanceRebootFailure(
        reason=f'{error.message} Reboot it hard: that makes it anew.')


def _rolled_back(error: _Error, uuid: str) -> Exception:
    # Nothing has changed, so the instance is not in error either.
    return exception.InstanceFaultRollback(_not_running(error, uuid))


#: The most specific row wins: by code, by the operation's own kind, by kind.
_BY_CODE: dict[str, _Make] = {
    # Somebody deletes the instance while we work on it.
    'container.being_removed': _not_found,
    'container.name_in_use': _exists,
}

_ALWAYS: dict[type[_Error], _Make] = {
    exceptions.Unavailable: _unavailable,
    exceptions.NotFound: _not_found,
    exceptions.NotSupported: _not_supported,
}

_OWN: dict[Operation, dict[type[_Error], _Make]] = {
    Operation.SPAWN: {
        exceptions.InvalidRequest: _abort,
        exceptions.Forbidden: _abort,
    },
    Operation.DESTROY: {
        exceptions.NotFound: _not_found,
        exceptions.ClientError: _still_there,
    },
    Operation.SNAPSHOT: {
        exceptions.NotFound: _not_running,
    },
    Operation.PAUSE: {
        exceptions.Conflict: _not_running,
    },
    Operation.RESIZE: {
        # A host without the programs; Nova would take NotImplementedError
        # for a driver without the operation.
        exceptions.NotSupported: _resize_failed,
    },
    Operation.REBOOT: {
        exceptions.NotFound: _reboot_failed,
    },
    Operation.SUSPEND: {
        exceptions.Conflict: _rolled_back,
        exceptions.NotFound: _rolled_back,
    },
    Operation.RESUME: {
        exceptions.NotFound: _rolled_back,
    },
}

#: What becomes of everything that has no row.
_FAILURE: dict[Operation, type[exception.NovaException]] = {
    Operation.SPAWN: exception.InstanceDeployFailure,
    Operation.POWER_ON: exception.InstancePowerOnFailure,
    Operation.POWER_OFF: exception.InstancePowerOffFailure,
    Operation.REBOOT: exception.InstanceRebootFailure,
    Operation.RESIZE: exception.ResizeError,
}


def _find(rows: dict[type[_Error], _Make], error: _Error) -> _Make | None:
    return next((make for kind, make in rows.items()
                 if isinstance(error, kind)), None)


def _make(error: _Error, operation: Operation, uuid: str) -> Exception:
    make = (_BY_CODE.get(error.code)
            or _find(_OWN.get(operation, {}), error)
            or _find(_ALWAYS, error))
    # An image that is gone says nothing about the instance.
    if make is not None and error.code != 'image.not_found':
        return make(error, uuid)
    if operation in _FAILURE:
        return _FAILURE[operation](reason=error.message)
    return exception.InternalError(
        f'Failed to {operation.value} instance {uuid}: {error.message}')


@contextlib.contextmanager
def translated(operation: Operation,
               instance: instance_objects.Instance) -> Iterator[None]:
    """Raise what Nova expects for the client's errors in the code within.

    :raises: exception.NovaException subclasses, and NotImplementedError for
        what the runtime cannot do
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise _make(error, operation, instance.uuid) from error


@contextlib.contextmanager
def host_translated() -> Iterator[None]:
    """The same for calls that are about the host, not an instance.

    :raises: exception.HypervisorUnavailable
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise exception.HypervisorUnavailable(error.message) from error


@contextlib.contextmanager
def attach_translated(volume_id: str) -> Iterator[None]:
    """The same for plugging in what a volume has become on this host.

    :raises: exception.VolumeAttachFailed
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise exception.VolumeAttachFailed(
            volume_id=volume_id, reason=error.message) from error


@contextlib.contextmanager
def detach_translated(device: str) -> Iterator[None]:
    """The same for unplugging it.

    :param device: its path in the container.
    :raises: exception.DeviceDetachFailed
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise exception.DeviceDetachFailed(
            device=device, reason=error.message) from error


@contextlib.contextmanager
def image_translated(image_id: str) -> Iterator[None]:
    """The same for loading an image.

    :raises: exception.GlanceConnectionFailed when Glance fails while it
        sends the data, so that another try follows
    :raises: exception.ImageUnacceptable when the image is to blame
    :raises: exception.HypervisorUnavailable when the runtime is away or has
        no space left
    """
    try:
        yield
    except exceptions.SourceFailed as error:
        raise exception.GlanceConnectionFailed(
            server='glance',
            reason=f'it broke off while it sent image {image_id}. Check that '
                   f'Glance runs, and try again. ({error.message})',
        ) from error
    except exceptions.Unavailable as error:
        raise exception.HypervisorUnavailable(error.message) from error
    except (exceptions.InvalidRequest, exceptions.NotSupported) as error:
        raise exception.ImageUnacceptable(
            image_id=image_id, reason=error.message) from error
    except exceptions.ClientError as error:
        raise exception.InstanceDeployFailure(
            reason=f'Image {image_id} could not be loaded: {error.message}',
        ) from error
