"""A nova-compute that dies, at any step of anything, and comes back.

Used by the tests of the driver inside Nova's services.  Death is a step that
ends its thread, or greenthread, with an exception that nothing catches; from
then on this one has no effects: what tidies up on its way out reaches neither
the runtime, nor the network, nor the database, nor Placement.  The next
nova-compute is a new service with a new driver, which knows nothing.
"""

import threading
from unittest import mock

from oslo_utils import importutils

from tests.functional import recovery

_CONTAINERS = 'novacontainer.client.containers.Containers.'
_IMAGES = 'novacontainer.client.images.Images.'
_DEVICES = 'novacontainer.client.devices.Devices.'
_NETWORK = 'novacontainer.virt.networkops.NetworkOps.'
_VOLUMES = 'novacontainer.virt.connections.Connections.'
_CINDER = 'nova.volume.cinder.API.'
_PLACEMENT = 'nova.scheduler.client.report.SchedulerReportClient.'
#: What a driver changes in the world: nova-compute dies around these.
STEPS = (
    *(_CONTAINERS + verb for verb in (
        'create', 'init', 'start', 'stop', 'restart', 'pause', 'unpause',
        'update', 'rename', 'remove', 'commit')),
    *(_IMAGES + verb for verb in ('load', 'save', 'remove')),
    *(_DEVICES + verb for verb in ('plug', 'unplug')),
    *(_NETWORK + verb for verb in ('plug', 'unplug', 'silence')),
    *(_VOLUMES + verb for verb in ('connect', 'disconnect', 'extend')),
    'novacontainer.client.files.Files.write',
    'novacontainer.virt.driver.ContainerDriver.confirm_migration',
)
#: All else through which a dying thread could still do something.
_EFFECTS = (
    'novacontainer.client.transport.Transport.call',
    'novacontainer.client.transport.Transport.stream',
    *(_PLACEMENT + verb for verb in ('put', 'post', 'delete')),
    *(_CINDER + verb for verb in (
        'attachment_update', 'attachment_complete', 'attachment_delete',
        'roll_detaching')),
    'nova.objects.block_device.BlockDeviceMapping.save',
    'nova.objects.block_device.BlockDeviceMapping.destroy',
    'nova.objects.instance.Instance.save',
    'nova.objects.instance.Instance.destroy',
    'nova.objects.migration.Migration.save',
)


class Killed(BaseException):
    """No ``except Exception`` holds it up."""


class MortalTestCase(recovery.RecoveryCase):
    """Tests in which nova-compute dies."""

    def setUp(self):
        super().setUp()
        self._bury()
        self._died = threading.Event()
        #: Steps that nova-compute has yet to live; None: for ever.
        self._left = None
        for name in _EFFECTS:
            self.stub_out(name, self._unless_dead(step(name)))
        for name in STEPS:
            self.stub_out(name, self._counted(step(name)))

    def _bury(self):
        """Forget who is dead: pools use their threads again."""
        # Who has an attribute here.  To threading.current_thread(), the
        # greenthreads of a pool and the test's own are all the same.
        self._mortal = threading.local()

    def _breathe(self):
        """End who is dead already."""
        if hasattr(self._mortal, 'dead'):
            raise Killed

    def _unless_dead(self, act):
        def effect(*args, **kwargs):
            self._breathe()
            return act(*args, **kwargs)
        if isinstance(act, mock.NonCallableMock):
            # One of a fixture's: what it is called on is no argument.
            return mock.Mock(side_effect=effect)
        return effect

    def _counted(self, act):
        def effect(*args, **kwargs):
            self._breathe()
            if self._left is None:
                return act(*args, **kwargs)
            if self._left == 0:
                self._die()
            self._left -= 1
            result = act(*args, **kwargs)
            if self._left == 0:
                self._die()
            return result
        return effect

    def _die(self):
        self._left = None
        self._mortal.dead = True
        self._died.set()
        raise Killed

    def dies(self, steps, ask, done):
        """Have nova-compute die in the middle, and start another one.

        :param steps: how many it lives to do; 0: it dies before the first.
        :param ask: asks Nova's API for the operation.
        :param done: whether the operation has come to its end.
        :returns: False when the operation had fewer steps, and is done.
        """
        self._died.clear()
        self._left = steps
        caller, answers = recovery.asking(ask)
        self.wait_for(lambda: self._died.is_set() or (
            not caller.is_alive() and done()), timeout_s=60)
        self._left = None
        if not self._died.is_set():
            self.assertEqual([None], answers)
            return False
        self.restart()
        return True

    def restart(self):
        """End nova-compute, if it has not ended, and start it anew."""
        self.compute = self.restart_compute_service(
            self.compute, keep_hypervisor_state=False)
        self._bury()


def step(name):
    """The function by the name that a patch has for it."""
    owner, _, method = name.rpartition('.')
    return getattr(importutils.import_class(owner), method)
