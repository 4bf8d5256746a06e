"""What Nova has noted of requests: whether one is still on its way.

Called by ``interruptions`` and ``attachments``; reads Nova's instance actions.

Nova's API gives an instance its task, notes an action, and sends the request
for it, which waits in the message queue while nova-compute is away.  When
nova-compute takes it, it notes an event of the action, and later how that
ended.  A resize has several parts: each one sends for the next.
"""

from nova.compute import instance_actions
from nova.compute import task_states
from nova import context as nova_context
from nova.objects import block_device as bdm_objects
from nova.objects import instance as instance_objects
from nova.objects import instance_action as action_objects

#: Neither has a task: they may come after the action that has.
_WITHOUT_TASK = (instance_actions.LOCK, instance_actions.UNLOCK)
#: Other services note events of theirs.
_PREFIX = 'compute_'
_SUCCESS = 'Success'


def awaited(context: nova_context.RequestContext,
            instance: instance_objects.Instance) -> int | None:
    """The action that nova-compute is yet to be told of, by its id.

    None where there is none.  What a part of a resize sends for, the same
    nova-compute takes at once: that has died with it as well.
    """
    if instance.task_state in (None, task_states.DELETING):
        # A delete goes on in any case.
        return None
    action = _of_task(context, instance)
    return action.id if action and not _events(context, action) else None


def died_at(context: nova_context.RequestContext,
            instance: instance_objects.Instance, host: str) -> bool:
    """Whether it was this host's nova-compute that came to no good end."""
    action = _of_task(context, instance)
    return action is not None and any(
        event.host == host and event.result != _SUCCESS
        for event in _events(context, action))


def attach_begun(context: nova_context.RequestContext,
                 bdm: bdm_objects.BlockDeviceMapping) -> bool:
    """Whether nova-compute has taken the request to attach a volume.

    Nova makes the mapping first, and an action does not say of which one it
    is: of several at once it has to have taken all.  What an instance was
    built with has no such action.
    """
    since = [action for action in _all(context, bdm.instance_uuid)
             if action.action == instance_actions.ATTACH_VOLUME
             and action.created_at >= bdm.created_at]
    return bool(since) and all(
        _events(context, action) for action in since)


def detach_died(context: nova_context.RequestContext,
                instance_uuid: str) -> bool:
    """Whether nova-compute died over the last detachment of a volume."""
    for action in _all(context, instance_uuid):
        if action.action == instance_actions.DETACH_VOLUME:
            return any(event.result is None
                       for event in _events(context, action))
    return False


def _of_task(
    context: nova_context.RequestContext,
    instance: instance_objects.Instance,
) -> action_objects.InstanceAction | None:
    """The action that is the instance's task."""
    for action in _all(context, instance.uuid):
        if action.action not in _WITHOUT_TASK:
            return action
    return None


def _all(context: nova_context.RequestContext,
         instance_uuid: str) -> action_objects.InstanceActionList:
    """The actions on an instance, the last one first."""
    return action_objects.InstanceActionList.get_by_instance_uuid(
        context, instance_uuid)


def _events(
    context: nova_context.RequestContext,
    action: action_objects.InstanceAction,
) -> list[action_objects.InstanceActionEvent]:
    """What nova-compute has noted of an action."""
    found = action_objects.InstanceActionEventList.get_by_action(
        context, action.id)
    return [event for event in found if event.event.startswith(_PREFIX)]
