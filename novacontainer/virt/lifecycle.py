"""Tells Nova at once when a container stops, starts or is paused.

Started by ``virt.driver``; calls the client, ``leftovers``, and the driver's
``emit_event``.  A thread follows the runtime's events.  After every gap (the
runtime was restarted, the connection broke) it reports all states, so nothing
is lost: neither what the gap has hidden, nor what was reported before while
the instance had a task, which failed of the same gap.

Events that the driver causes itself are reported as well.  The compute
manager ignores them: the instance has a task then, or its power state has
changed again (``ComputeManager.handle_lifecycle_event``).
"""

from collections.abc import Callable
import threading
import time

from nova.compute import power_state as nova_power_state
from nova.virt import event as virtevent
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import events
from novacontainer.client import exceptions
from novacontainer.virt import containerspec
from novacontainer.virt import power_state

LOG = logging.getLogger(__name__)

#: After so long a silence the stream is opened anew.  It bounds how long the
#: thread outlives a stop, and a connection that died without a word.
_IDLE_S = 15
_RETRY_S = 1

_FILTERS = {'type': ['container'], 'label': [containerspec.INSTANCE_LABEL]}

_STATE_BY_ACTION = {
    'start': nova_power_state.RUNNING,
    'die': nova_power_state.SHUTDOWN,
    'pause': nova_power_state.PAUSED,
    'unpause': nova_power_state.RUNNING,
}

_TRANSITION_BY_STATE = {
    nova_power_state.RUNNING: virtevent.EVENT_LIFECYCLE_STARTED,
    nova_power_state.SHUTDOWN: virtevent.EVENT_LIFECYCLE_STOPPED,
    nova_power_state.CRASHED: virtevent.EVENT_LIFECYCLE_STOPPED,
    nova_power_state.PAUSED: virtevent.EVENT_LIFECYCLE_PAUSED,
}


class Lifecycle:
    """Follows the events of one runtime.

    :param emit: is given a ``nova.virt.event.LifecycleEvent`` for each
        change, in the follower's thread.
    :param tidy: is called after every gap, and now and then.
    """

    def __init__(self, client: runtime.Client,
                 emit: Callable[[virtevent.LifecycleEvent], None],
                 tidy: Callable[[], None]) -> None:
        self._client = client
        self._emit = emit
        self._tidy = tidy
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        #: Power state by instance uuid, as last seen.
        self._states: dict[str, int] = {}
        self._since_ns = 0

    def start(self) -> None:
        """Begin; what is already so is not reported.

        :raises ClientError: when the runtime does not answer.
        """
        self._since_ns = time.time_ns()
        self._states = self._look()
        self._thread = threading.Thread(
            target=self._run, name='novacontainer-lifecycle', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Report nothing from now on; the thread ends by itself."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except exceptions.TimedOut:
                self._tidy()
                continue
            except exceptions.ClientError as error:
                LOG.warning('Lost the event stream of the container runtime, '
                            'trying again: %s', error)
            self._recover()

    def _follow(self) -> None:
        """Report events until the stream ends."""
        for event in self._client.events.stream(
                _FILTERS, since_ns=self._since_ns, idle_s=_IDLE_S):
            if self._stopped.is_set():
                return
            self._since_ns = max(self._since_ns, event.time_ns + 1)
            self._take(event)

    def _take(self, event: events.Event) -> None:
        uuid = event.attributes.get(containerspec.INSTANCE_LABEL)
        if not uuid or not _is_current(event.attributes.get('name'), uuid):
            return
        if event.action == 'destroy':
            self._states.pop(uuid, None)
        elif event.action in _STATE_BY_ACTION:
            self._report(uuid, _STATE_BY_ACTION[event.action])

    def _recover(self) -> None:
        """Wait for the runtime, then report how everything is now.

        Also what is as it was known to be.  When a stop has ended the
        process and then lost the runtime, Nova heard of the end during the
        stop, and ignored it; then it took the stop for one that failed.
        """
        while not self._stopped.wait(_RETRY_S):
            since_ns = time.time_ns()
            try:
                states = self._look()
            except exceptions.ClientError as error:
                LOG.debug('The container runtime is still away: %s', error)
                continue
            self._since_ns = since_ns
            self._tidy()
            before, self._states = self._states, states
            for uuid, state in states.items():
                self._tell(uuid, before.get(uuid), state)
            LOG.info('Following the events of the container runtime again.')
            return

    def _look(self) -> dict[str, int]:
        return {
            container.labels[containerspec.INSTANCE_LABEL]:
                power_state.from_status(container.status)
            for container in self._client.containers.list(
                {'label': [containerspec.INSTANCE_LABEL]})
            if _is_current(
                container.name,
                container.labels[containerspec.INSTANCE_LABEL])}

    def _report(self, uuid: str, state: int) -> None:
        before = self._states.get(uuid)
        self._states[uuid] = state
        if state != before:
            self._tell(uuid, before, state)

    def _tell(self, uuid: str, before: int | None, state: int) -> None:
        transition = _TRANSITION_BY_STATE.get(state)
        if (before == nova_power_state.PAUSED
                and state == nova_power_state.RUNNING):
            transition = virtevent.EVENT_LIFECYCLE_RESUMED
        if transition is not None:
            self._emit(virtevent.LifecycleEvent(uuid, transition))


def _is_current(name: str | None, uuid: str) -> bool:
    """Whether it is the one that stands for the instance at present.

    While an instance is rescued its own container is not.
    """
    return name == containerspec.name_for(uuid)
