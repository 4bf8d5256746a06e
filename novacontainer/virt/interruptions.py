"""Operations that nova-compute died over, settled when it starts again.

Called by ``virt.driver`` before the compute manager goes over the instances
of the host; calls ``actions``, ``lostrequests``, ``containerops``,
``powerops``, ``volumeops``, ``attachments``, ``ports``, and the compute
manager by RPC.

The manager picks up stops, starts, reboots and deletes by itself
(``ComputeManager._init_instance``), and takes the instances that were being
built to ERROR.  Whatever else was going on would have its task for ever, and
nobody but an operator could do anything to it.  So here what was done is
completed when that is what is left to do, and taken back when it is not.

What was asked for while nova-compute was away was not going on: its request
waits in the message queue.  Whoever ended its task, as the manager does with
some, would have it fail half-way when it comes.  If it does not come for long
it is lost, and nothing of it was done.
"""

from collections.abc import Callable
from collections.abc import Sequence

from nova.compute import rpcapi
from nova.compute import task_states
from nova.compute import vm_states
from nova import context as nova_context
from nova import exception
from nova.objects import fields
from nova.objects import instance as instance_objects
from nova.objects import migration as migration_objects
from nova import utils as nova_utils
from nova.virt import virtapi as nova_virtapi
from oslo_log import log as logging

from novacontainer.virt import actions
from novacontainer.virt import attachments
from novacontainer.virt import containerops
from novacontainer.virt import errors
from novacontainer.virt import lostrequests
from novacontainer.virt import ports
from novacontainer.virt import powerops
from novacontainer.virt import volumeops

LOG = logging.getLogger(__name__)

_Context = nova_context.RequestContext
_Instance = instance_objects.Instance
_Settle = Callable[[_Context, _Instance], None]

_BUILDS = (task_states.SCHEDULING, task_states.BLOCK_DEVICE_MAPPING,
           task_states.NETWORKING, task_states.SPAWNING)
_UNSHELVES = (task_states.UNSHELVING, task_states.SPAWNING)
_SHELVES = (task_states.SHELVING, task_states.SHELVING_IMAGE_PENDING_UPLOAD,
            task_states.SHELVING_IMAGE_UPLOADING)
_EXPECTED = ['info_cache', 'metadata', 'system_metadata', 'flavor']
_MOVES = (fields.MigrationType.RESIZE, fields.MigrationType.MIGRATION)
_MOVING = ('accepted', 'pre-migrating', 'migrating', 'post-migrating')
#: Of these Nova's API has done a part, which cannot be undone.
_ASKED_AGAIN = (task_states.SHELVING_OFFLOADING,
                task_states.RESIZE_REVERTING)
#: Their power state says what to do now.
_FROZEN = {task_states.PAUSING: vm_states.PAUSED,
           task_states.SUSPENDING: vm_states.SUSPENDED}


class Interruptions:
    """What was going on, and what becomes of it.

    :param virtapi: what the compute manager lets a driver call back.
    """

    def __init__(
        self,
        virtapi: nova_virtapi.VirtAPI,
        container_ops: containerops.ContainerOps,
        power_ops: powerops.PowerOps,
        attached: attachments.Attachments,
        bound: ports.Ports,
    ) -> None:
        self._virtapi = virtapi
        self._containers = container_ops
        self._power = power_ops
        self._attachments = attached
        self._ports = bound
        self._lost = lostrequests.LostRequests(self._give_up, _EXPECTED)
        #: By the task that the instance still has.
        self._rows: dict[str, _Settle] = {
            **dict.fromkeys((*_BUILDS, *_UNSHELVES), self._building),
            **dict.fromkeys(task_states.rebuild_states, self._rebuilding),
            **dict.fromkeys(_SHELVES, self._shelving),
            **dict.fromkeys(_FROZEN, self._freezing),
            task_states.SHELVING_OFFLOADING: self._offloading,
            task_states.UNPAUSING: self._thawing,
            task_states.RESUMING: self._thawing,
            task_states.RESCUING: self._rescuing,
            task_states.UNRESCUING: self._unrescuing,
            task_states.RESIZE_PREP: self._moving,
            task_states.RESIZE_MIGRATING: self._moving,
            task_states.RESIZE_MIGRATED: self._finishing,
            task_states.RESIZE_FINISH: self._finishing,
            task_states.RESIZE_REVERTING: self._reverting,
            task_states.UPDATING_PASSWORD: _end,
            task_states.IMAGE_BACKUP: _end,
        }

    def settle(self, context: _Context, host: str,
               instances: Sequence[_Instance]) -> list[_Instance]:
        """Leave no instance with a task that nobody works on.

        One that cannot be put right is in ERROR afterwards, from where a
        hard reboot leads out.

        :param instances: all of this host.
        :returns: the same as the manager shall see them: to it, those whose
            requests are on their way have no task.
        """
        # What starts an instance below starts it with what it has then.
        self._attachments.settle(context, instances)
        self._ports.settle(context, instances)
        for instance in _unclaimed(context, host):
            self._settle(context, instance)
        awaited = {}
        seen = []
        for instance in instances:
            action_id = actions.awaited(context, instance)
            if action_id is None:
                self._settle(context, instance)
                seen.append(instance)
            else:
                LOG.info('What it is asked to do is on its way: %s.',
                         instance.task_state, instance=instance)
                awaited[instance.uuid] = action_id
                seen.append(_without_task(instance))
        self._lost.watch(awaited)
        return seen

    def stop(self) -> None:
        """End nothing from now on."""
        self._lost.stop()

    def _settle(self, context: _Context, instance: _Instance) -> None:
        task = instance.task_state
        row = self._rows.get(task)
        if row is None and instance.vm_state == vm_states.RESIZED:
            row = self._confirming
        if row is None:
            return
        try:
            row(context, instance)
        except (exception.NovaException, NotImplementedError) as error:
            LOG.error('nova-compute ended in the middle of %s, and it '
                      'cannot be settled: %s', task, error,
                      instance=instance)
            _end(context, instance, vm_states.ERROR)

    def _give_up(self, context: _Context, instance: _Instance) -> None:
        """End what was asked for and never begun, or ask for it again."""
        task = instance.task_state
        if task in _ASKED_AGAIN:
            self._settle(context, instance)
        elif task != task_states.REBUILDING:
            if task == task_states.RESIZE_PREP:
                self._settle(context, instance)
            _end(context, instance)
        elif not _evacuating(context, instance):
            # Nova's API has replaced its image.
            _end(context, instance, vm_states.ERROR)

    def settle_host(self, host: str) -> None:
        """The same where Nova does not say which instances there are."""
        context = nova_context.get_admin_context()
        self.settle(context, host, instance_objects.InstanceList.get_by_host(
            context, host, expected_attrs=_EXPECTED))

    def _status(self, instance: _Instance) -> str | None:
        with errors.translated(errors.Operation.INSPECT, instance):
            container = self._containers.find(instance)
        return container.status if container else None

    # Builds

    def _building(self, context: _Context, instance: _Instance) -> None:
        """Remove the half-made container, which is of no use to anybody.

        The manager takes a new instance to ERROR; one that was unshelved
        stays shelved, as if it had failed.
        """
        if instance.vm_state not in (vm_states.BUILDING,
                                     vm_states.SHELVED_OFFLOADED):
            return
        self._containers.destroy(
            context, instance, instance.get_network_info() or [],
            volumeops.known(context, instance))
        if instance.vm_state == vm_states.SHELVED_OFFLOADED:
            self._virtapi.reportclient.delete_allocation_for_instance(
                context, instance.uuid, force=True)
            # The manager has only remembered which one it was.
            instance.image_ref = instance.system_metadata.get(
                'image_base_image_ref', instance.image_ref)
            instance.host = None
            instance.node = None
            instance.compute_id = None
            _end(context, instance)

    def _rebuilding(self, context: _Context, instance: _Instance) -> None:
        """Let a hard reboot make anew what was made in part only."""
        if _evacuating(context, instance):
            # Another host works on it.
            return
        if self._status(instance) == 'created':
            self._containers.destroy(
                context, instance, instance.get_network_info() or [],
                volumeops.known(context, instance), destroy_vifs=False)
        if instance.vm_state not in (vm_states.ACTIVE, vm_states.STOPPED):
            _end(context, instance, vm_states.ERROR)

    # What stands still

    def _freezing(self, context: _Context, instance: _Instance) -> None:
        task = instance.task_state
        status = self._status(instance)
        if status == 'paused':
            # This may have been all that was done.
            self._power.silence(instance)
            _end(context, instance, _FROZEN[task])
        elif status != 'running' or task == task_states.SUSPENDING:
            _end(context, instance)

    def _thawing(self, context: _Context, instance: _Instance) -> None:
        status = self._status(instance)
        if instance.task_state == task_states.UNPAUSING:
            if status not in ('running', 'paused'):
                _end(context, instance)
        elif status == 'running':
            _end(context, instance, instance.system_metadata.pop(
                'old_vm_state', vm_states.ACTIVE))
        else:
            _end(context, instance)

    # Rescue

    def _rescuing(self, context: _Context, instance: _Instance) -> None:
        """Take it back: the tenant can ask for it again."""
        self._put_back(instance)
        self._go_on(context, instance)

    def _unrescuing(self, context: _Context, instance: _Instance) -> None:
        self._put_back(instance)
        instance.vm_state = vm_states.ACTIVE
        self._go_on(context, instance)

    def _put_back(self, instance: _Instance) -> None:
        with errors.translated(errors.Operation.UNRESCUE, instance):
            self._containers.put_back(instance)

    # Shelving

    def _shelving(self, context: _Context, instance: _Instance) -> None:
        """Let it run again, as it would when its image had failed."""
        if (instance.vm_state in (vm_states.PAUSED, vm_states.SUSPENDED)
                and self._status(instance) != 'paused'):
            # What stood still was ended for the image.
            _end(context, instance, vm_states.STOPPED)
        else:
            self._go_on(context, instance)

    def _offloading(self, context: _Context, instance: _Instance) -> None:
        """Do the rest of it, as soon as requests are taken."""
        rpcapi.ComputeAPI().shelve_offload_instance(
            context, instance, clean_shutdown=False, accel_uuids=[])

    def _go_on(self, context: _Context, instance: _Instance) -> None:
        if instance.vm_state == vm_states.ACTIVE:
            self._power.power_on(
                context, instance, instance.get_network_info() or [],
                volumeops.known(context, instance))
        _end(context, instance)

    # Resizes

    def _moving(self, context: _Context, instance: _Instance) -> None:
        """Give up what was allotted to the flavor that it does not get.

        The rest is done by the manager, which would leave this.
        """
        for migration in _begun(context, instance):
            self._virtapi.reportclient.move_allocations(
                context, migration.uuid, instance.uuid)
            migration.status = 'error'
            migration.save()

    def _finishing(self, context: _Context, instance: _Instance) -> None:
        """Have the last part of a resize done from its beginning."""
        migration = _migration(context, instance)
        if migration is None:
            _end(context, instance, vm_states.ERROR)
            return
        old = instance.old_flavor
        instance.flavor = old
        instance.instance_type_id = old.id
        for size in ('memory_mb', 'vcpus', 'root_gb', 'ephemeral_gb'):
            setattr(instance, size, getattr(old, size))
        instance.task_state = task_states.RESIZE_MIGRATED
        instance.save()
        rpcapi.ComputeAPI().finish_resize(
            context, instance, migration,
            nova_utils.get_image_from_system_metadata(
                instance.system_metadata),
            '', migration.dest_compute, None)

    def _reverting(self, context: _Context, instance: _Instance) -> None:
        """Have the part of a revert done again that was going on."""
        migration = _migration(context, instance)
        if migration is None:
            # All of it is done.
            instance.vm_state = vm_states.ACTIVE
            self._go_on(context, instance)
        elif migration.status == 'reverted':
            rpcapi.ComputeAPI().finish_revert_resize(
                context, instance, migration, migration.source_compute, None)
        else:
            rpcapi.ComputeAPI().revert_resize(
                context, instance, migration, migration.dest_compute, None)

    def _confirming(self, context: _Context, instance: _Instance) -> None:
        migration = _migration(context, instance)
        if migration is not None and migration.status == 'confirming':
            rpcapi.ComputeAPI().confirm_resize(
                context, instance, migration, migration.source_compute)


def _unclaimed(context: _Context, host: str) -> list[_Instance]:
    """Those that were to be unshelved here, and are of no host as yet."""
    found = instance_objects.InstanceList.get_by_filters(
        context, {'vm_state': vm_states.SHELVED_OFFLOADED,
                  'task_state': list(_UNSHELVES), 'deleted': False},
        expected_attrs=_EXPECTED)
    return [instance for instance in found
            if instance.host is None
            and actions.died_at(context, instance, host)]


def _migration(context: _Context, instance: _Instance,
               ) -> migration_objects.Migration | None:
    """The resize or cold migration that is not over."""
    if instance.migration_context is None:
        return None
    return migration_objects.Migration.get_by_id_and_instance(
        context, instance.migration_context.migration_id, instance.uuid)


def _begun(context: _Context,
           instance: _Instance) -> list[migration_objects.Migration]:
    """Resizes and cold migrations that are in their first half.

    They hold what the instance had before.  The instance's own note of one
    is made later, and the one that it has may be of a resize before.
    """
    found = migration_objects.MigrationList.get_by_filters(context, {
        'instance_uuid': instance.uuid,
        'status': list(_MOVING)})
    return [migration for migration in found.objects
            if migration.migration_type in _MOVES]


def _without_task(instance: _Instance) -> _Instance:
    """Another object of the instance; what is stored keeps the task."""
    seen = instance.obj_clone()
    seen.task_state = None
    seen.obj_reset_changes()
    return seen


def _evacuating(context: _Context, instance: _Instance) -> bool:
    return bool(migration_objects.MigrationList.get_by_filters(context, {
        'instance_uuid': instance.uuid,
        'migration_type': fields.MigrationType.EVACUATION,
        'status': ['accepted', 'pre-migrating']}).objects)


def _end(context: _Context, instance: _Instance,
         vm_state: str | None = None) -> None:
    """End the task.

    :param vm_state: what the instance is from now on; None: as before.
    """
    LOG.warning('Nobody is at its task any more: %s. The instance is %s now.',
                instance.task_state, vm_state or instance.vm_state,
                instance=instance)
    if vm_state is not None:
        instance.vm_state = vm_state
    instance.task_state = None
    instance.save()
