"""Images that no instance needs any more leave the runtime, in time.

Called by ``virt.driver`` from a periodic task of nova-compute; calls the
client.  How long an image has not been needed is counted from the first time
that it was seen so; after a restart of nova-compute it is counted anew.
"""

from collections.abc import Iterable
import time

from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.virt import conf
from novacontainer.virt import errors

CONF = conf.CONF
LOG = logging.getLogger(__name__)

_PREFIX = 'glance/'


class ImageCacheOps:
    """Operations on the images of Glance that the runtime keeps.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client
        #: Image name → when it was first seen unused, in monotonic seconds.
        self._unused_since: dict[str, float] = {}

    def manage(
        self, instances: Iterable[instance_objects.Instance],
    ) -> None:
        """Drop the images that have not been used for long enough.

        What that is, ``[image_cache]`` says:
        ``remove_unused_base_images`` and
        ``remove_unused_original_minimum_age_seconds``.

        :param instances: those of this host.
        :raises: exception.HypervisorUnavailable
        """
        used = {instance.image_ref for instance in instances}
        with errors.host_translated():
            names = [
                name for image in self._client.images.list(
                    {'reference': [f'{_PREFIX}*']})
                for name in image.references if name.startswith(_PREFIX)]
        now = time.monotonic()
        self._unused_since = {
            name: self._unused_since.get(name, now) for name in names
            if _image_id(name) not in used}
        options = CONF.image_cache
        if not options.remove_unused_base_images:
            return
        age_s = options.remove_unused_original_minimum_age_seconds
        for name, since in list(self._unused_since.items()):
            if now - since >= age_s:
                self._remove(name)

    def _remove(self, name: str) -> None:
        try:
            self._client.images.remove(name)
        except exceptions.Conflict:
            # A container of someone else's; its use begins anew.
            self._unused_since.pop(name)
            return
        except exceptions.NotFound:
            pass
        except exceptions.ClientError as error:
            LOG.warning('Image %s, which no instance uses, stays: %s',
                        name, error)
            return
        self._unused_since.pop(name)
        LOG.info('Dropped image %s: no instance has used it for %s seconds.',
                 name,
                 CONF.image_cache.remove_unused_original_minimum_age_seconds)


def _image_id(name: str) -> str:
    return name.removeprefix(_PREFIX).partition(':')[0]
