from nova import exception
from oslotest import base

from novacontainer.client import exceptions
from novacontainer.virt import errors
from tests import instances

_Operation = errors.Operation


class TranslatedTestCase(base.BaseTestCase):

    def assertBecomes(self, expected, operation, error, words=None):
        instance = instances.instance()
        with errors.translated(operation, instance):
            pass

        def fail():
            with errors.translated(operation, instance):
                raise error

        got = self.assertRaises(expected, fail)
        self.assertIs(expected, type(got))
        self.assertIs(error, got.__cause__)
        self.assertIn(words or error.message, str(got))

    def test_runtime_away(self):
        for kind in (exceptions.Unavailable, exceptions.ConnectionFailed,
                     exceptions.TimedOut):
            for operation in set(_Operation) - {_Operation.DESTROY}:
                self.assertBecomes(exception.HypervisorUnavailable, operation,
                                   kind('The socket is gone.'))

    def test_every_failed_deletion_keeps_the_ports(self):
        for kind in (exceptions.ConnectionFailed, exceptions.TimedOut,
                     exceptions.Failed, exceptions.Conflict):
            self.assertBecomes(exception.InstancePowerOffFailure,
                               _Operation.DESTROY, kind('No.'))

    def test_no_container(self):
        instance = instances.instance()
        error = exceptions.NotFound('No', 'container.not_found', 404)
        others = {
            _Operation.SNAPSHOT: exception.InstanceNotRunning,
            _Operation.REBOOT: exception.InstanceRebootFailure,
            # They stay what they are.
            _Operation.SUSPEND: exception.InstanceFaultRollback,
            _Operation.RESUME: exception.InstanceFaultRollback,
        }
        for operation in set(_Operation) - set(others):
            self.assertBecomes(exception.InstanceNotFound, operation, error,
                               words=instance.uuid)
        for operation, kind in others.items():
            words = 'hard' if operation == _Operation.REBOOT else instance.uuid
            self.assertBecomes(kind, operation, error, words=words)

    def test_no_image_is_not_no_instance(self):
        error = exceptions.NotFound('No such image: x', 'image.not_found')
        self.assertBecomes(
            exception.InstanceDeployFailure, _Operation.SPAWN, error)
        self.assertBecomes(
            exception.InternalError, _Operation.SNAPSHOT, error)

    def test_not_supported(self):
        for operation in set(_Operation) - {
                _Operation.DESTROY, _Operation.RESIZE}:
            self.assertBecomes(NotImplementedError, operation,
                               exceptions.NotSupported('No checkpoint.'))

    def test_build_that_the_tenant_must_mend(self):
        for kind in (exceptions.InvalidRequest, exceptions.Forbidden):
            for code in ('container.command_not_found', 'image.damaged'):
                self.assertBecomes(
                    exception.BuildAbortException, _Operation.SPAWN,
                    kind('Command not found: /bin/nope', code))

    def test_reboot_of_what_is_gone(self):
        """Of one that is not found the manager would record no fault."""
        self.assertBecomes(
            exception.InstanceRebootFailure, _Operation.REBOOT,
            exceptions.NotFound('No such container.'), words='hard')

    def test_build_twice(self):
        self.assertBecomes(
            exception.InstanceExists, _Operation.SPAWN,
            exceptions.Conflict('taken', 'container.name_in_use'),
            words=instances.instance().uuid)

    def test_deleted_in_the_middle(self):
        self.assertBecomes(
            exception.InstanceNotFound, _Operation.SPAWN,
            exceptions.Conflict('going', 'container.being_removed'),
            words=instances.instance().uuid)

    def test_other_conflicts_of_a_build(self):
        self.assertBecomes(
            exception.InstanceDeployFailure, _Operation.SPAWN,
            exceptions.Conflict('held', 'container.sandbox_exists'))

    def test_failure_by_operation(self):
        table = {
            _Operation.SPAWN: exception.InstanceDeployFailure,
            _Operation.DESTROY: exception.InstancePowerOffFailure,
            _Operation.POWER_ON: exception.InstancePowerOnFailure,
            _Operation.POWER_OFF: exception.InstancePowerOffFailure,
            _Operation.REBOOT: exception.InstanceRebootFailure,
            _Operation.PAUSE: exception.InternalError,
            _Operation.UNPAUSE: exception.InternalError,
            _Operation.SUSPEND: exception.InternalError,
            _Operation.RESUME: exception.InternalError,
            _Operation.RESIZE: exception.ResizeError,
            _Operation.RESCUE: exception.InternalError,
            _Operation.UNRESCUE: exception.InternalError,
            _Operation.SNAPSHOT: exception.InternalError,
            _Operation.INSPECT: exception.InternalError,
            _Operation.LOGIN: exception.InternalError,
        }
        for operation in _Operation:
            self.assertBecomes(table[operation], operation,
                               exceptions.Failed('crun failed'))

    def test_others_pass(self):
        def fail():
            with errors.translated(_Operation.SPAWN, instances.instance()):
                raise exception.ImageNotFound(image_id='x')

        self.assertRaises(exception.ImageNotFound, fail)


class HostTranslatedTestCase(base.BaseTestCase):

    def test_everything_means_the_hypervisor(self):
        def fail():
            with errors.host_translated():
                raise exceptions.Failed('no such route')

        error = self.assertRaises(exception.HypervisorUnavailable, fail)
        self.assertEqual('no such route', str(error))


class VolumesTranslatedTestCase(base.BaseTestCase):

    def test_attach_and_detach(self):
        for translated, kind in (
                (errors.attach_translated, exception.VolumeAttachFailed),
                (errors.detach_translated, exception.DeviceDetachFailed)):
            for error in (exceptions.Forbidden('These words.'),
                          exceptions.TimedOut('These words.')):
                def fail(translated=translated, error=error):
                    with translated('this one'):
                        raise error

                got = self.assertRaises(kind, fail)
                self.assertIn('this one', str(got))
                self.assertIn('These words.', str(got))


class ImageTranslatedTestCase(base.BaseTestCase):

    def assertBecomes(self, expected, error):
        def fail():
            with errors.image_translated('f00'):
                raise error

        got = self.assertRaises(expected, fail)
        self.assertIs(expected, type(got))
        self.assertIn(error.message, str(got))

    def test_table(self):
        table = {
            exceptions.SourceFailed: exception.GlanceConnectionFailed,
            exceptions.InvalidRequest: exception.ImageUnacceptable,
            exceptions.NotSupported: exception.ImageUnacceptable,
            exceptions.Unavailable: exception.HypervisorUnavailable,
            exceptions.TimedOut: exception.HypervisorUnavailable,
            exceptions.Failed: exception.InstanceDeployFailure,
            exceptions.Conflict: exception.InstanceDeployFailure,
        }
        for kind, expected in table.items():
            self.assertBecomes(expected, kind('These words.'))
