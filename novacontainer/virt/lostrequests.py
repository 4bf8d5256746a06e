"""Requests that were on their way as nova-compute started, and never came.

Called by ``interruptions``; calls ``actions``.

Nothing tells a request that waits in the message queue from one that is lost:
nova-compute died in the instant in which it took it, or the queue was not kept
when its server ended.  But once nova-compute has taken requests for a while
the first kind is none that waits any more.
"""

from collections.abc import Callable
from collections.abc import Mapping
import threading

from nova import context as nova_context
from nova import exception
from nova.objects import instance as instance_objects
from oslo_log import log as logging

from novacontainer.virt import actions
from novacontainer.virt import conf

CONF = conf.CONF
LOG = logging.getLogger(__name__)


class LostRequests:
    """Waits for requests, once, and gives up those that have not come.

    :param give_up: is given the instance, in a thread.
    :param expected: what of an instance that needs.
    """

    def __init__(
        self,
        give_up: Callable[[nova_context.RequestContext,
                           instance_objects.Instance], None],
        expected: list[str],
    ) -> None:
        self._give_up = give_up
        self._expected = expected
        self._timer: threading.Timer | None = None

    def watch(self, awaited: Mapping[str, int]) -> None:
        """Look at these after ``[novacontainer] lost_request_timeout``.

        :param awaited: by the uuid of an instance, the id of the action
            whose request is on its way.
        """
        seconds = CONF.novacontainer.lost_request_timeout
        if not awaited or not seconds:
            return
        self._timer = threading.Timer(seconds, self._look, [dict(awaited)])
        self._timer.name = 'novacontainer-lost-requests'
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """Give up nothing from now on."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, awaited: Mapping[str, int]) -> None:
        context = nova_context.get_admin_context()
        for uuid, action_id in awaited.items():
            try:
                instance = instance_objects.Instance.get_by_uuid(
                    context, uuid, expected_attrs=self._expected)
            except exception.InstanceNotFound:
                continue
            # Another one was asked for since then, if it is not the same.
            if actions.awaited(context, instance) == action_id:
                LOG.warning('The request that it was waiting for (%s) has '
                            'not come.', instance.task_state,
                            instance=instance)
                self._give_up(context, instance)
