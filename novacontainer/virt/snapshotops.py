"""Snapshots: an instance's container becomes a Glance image.

Called by ``virt.driver``; calls the client, ``leftovers`` and
``nova.image.glance``.  The archive streams from the runtime to Glance, without
a copy in between.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import types
import typing

from nova.compute import task_states
from nova import context as nova_context
from nova import exception
from nova.image import glance
from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.client import transport
from novacontainer.virt import conf
from novacontainer.virt import containerspec
from novacontainer.virt import errors
from novacontainer.virt import leftovers

CONF = conf.CONF
LOG = logging.getLogger(__name__)

IMAGE_API = glance.API()

_REPOSITORY = 'snapshot'
_TAG = 'latest'


class _Upload:
    """What Glance's client reads the archive through; it counts.

    Nova's Glance client repeats a failed upload with the same object, which
    has then been read in part: the count shows that Glance got less.
    """

    def __init__(self, download: transport.Download) -> None:
        self._download = download
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, all of them when negative, b'' at the end."""
        data = self._download.read(size)
        self.size_bytes += len(data)
        return data


class _Reporter:
    """Logs why a snapshot failed; the compute manager does not."""

    def __init__(self, instance: instance_objects.Instance,
                 image_id: str) -> None:
        self._instance = instance
        self._image_id = image_id

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 traceback: types.TracebackType | None) -> None:
        if error is not None:
            LOG.error('Snapshot %s failed: %s', self._image_id, error,
                      instance=self._instance)


class SnapshotOps:
    """Operations for snapshots.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client,
                 left: leftovers.Leftovers) -> None:
        self._client = client
        self._leftovers = left

    def discard_leftovers(self) -> None:
        """Drop the copies of snapshots that nova-compute died over.

        To be called before any snapshot is taken.

        :raises ClientError: when the runtime does not answer.
        """
        for image in self._client.images.list(
                {'reference': [f'{_REPOSITORY}/*']}):
            for name in image.references:
                if name.startswith(f'{_REPOSITORY}/'):
                    LOG.info('Dropping %s: its snapshot was interrupted.',
                             name)
                    self._remove(name)

    def snapshot(
        self,
        context: nova_context.RequestContext,
        instance: instance_objects.Instance,
        image_id: str,
        update_task_state: Callable[..., None],
    ) -> None:
        """Fill the placeholder image with the container as it is now.

        A running container is frozen while its files are gathered.

        :param image_id: the placeholder that Nova has made in Glance.
        :param update_task_state: as ``ComputeDriver.snapshot`` has it.
        :raises: exception.InstanceNotRunning when there is no container
        :raises: exception.ImageNotFound when the placeholder is gone
        """
        repository = f'{_REPOSITORY}/{image_id}'
        with contextlib.ExitStack() as stack:
            stack.push(_Reporter(instance, image_id))
            stack.enter_context(_task_ended(update_task_state))
            stack.enter_context(
                errors.translated(errors.Operation.SNAPSHOT, instance))
            update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
            stack.callback(
                self._remove, f'{repository}:{_TAG}', instance)
            self._client.containers.commit(
                containerspec.container_name(instance), repository, _TAG,
                timeout_s=CONF.novacontainer.image_timeout)
            update_task_state(
                task_state=task_states.IMAGE_UPLOADING,
                expected_state=task_states.IMAGE_PENDING_UPLOAD)
            download = stack.enter_context(self._client.images.save(
                f'{repository}:{_TAG}',
                timeout_s=CONF.novacontainer.image_timeout))
            self._upload(context, instance, image_id, download)

    def _upload(self, context: nova_context.RequestContext,
                instance: instance_objects.Instance, image_id: str,
                download: transport.Download) -> None:
        upload = _Upload(download)
        image = IMAGE_API.update(
            context, image_id,
            _metadata(instance, IMAGE_API.get(context, image_id)),
            upload, purge_props=False)
        if image.get('size') != upload.size_bytes:
            raise exception.ImageUnacceptable(
                image_id=image_id,
                reason=f'Glance took {image.get("size")} of '
                       f'{upload.size_bytes} bytes of the snapshot. Take it '
                       'again.')

    def _remove(self, name: str,
                instance: instance_objects.Instance | None = None) -> None:
        """Drop the runtime's copy; a snapshot does not fail over that."""
        try:
            self._client.images.remove(name)
        except exceptions.NotFound:
            pass
        except exceptions.ClientError as error:
            self._leftovers.note(name, self._client.images.remove)
            LOG.warning('Image %s of a snapshot stays in the container '
                        'runtime: %s', name, error, instance=instance)


@contextlib.contextmanager
def _task_ended(update_task_state: Callable[..., None]) -> Iterator[None]:
    """End the task of an instance that has lost its container.

    For the compute manager one that does not run is being deleted, and it
    leaves the task alone; any other one would have the task for ever.  If it
    is being deleted, Nova refuses to end the task, as it should.
    """
    try:
        yield
    except exception.InstanceNotRunning:
        update_task_state(
            task_state=None, expected_state=task_states.IMAGE_PENDING_UPLOAD)
        raise


def _metadata(instance: instance_objects.Instance,
              placeholder: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """What Glance is told beside the data.

    The placeholder has no formats, and Glance takes no data without; the
    properties that it does have are left alone.
    """
    return {
        'name': placeholder['name'],
        'status': 'active',
        'disk_format': 'raw',
        'container_format': 'docker',
        'properties': {
            'image_location': 'snapshot',
            'image_state': 'available',
            'owner_id': instance.project_id,
        },
    }
