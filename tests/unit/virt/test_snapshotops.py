from unittest import mock

import fixtures
from nova.compute import task_states
from nova import exception
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.client import images
from novacontainer.client import transport
from novacontainer.virt import leftovers
from novacontainer.virt import snapshotops
from tests import instances

_IMAGE = 'a5d10fc3-0000-4000-8000-000000000001'
_REFERENCE = f'snapshot/{_IMAGE}:latest'


class SnapshotOpsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        self.client.images = mock.create_autospec(
            images.Images, instance=True)
        download = mock.create_autospec(transport.Download, instance=True)
        download.__enter__.return_value = download
        download.read.side_effect = [b'abc', b'de', b'']
        self.client.images.save.return_value = download
        self.download = download
        self.glance = self.useFixture(fixtures.MockPatchObject(
            snapshotops, 'IMAGE_API', autospec=True)).mock
        self.glance.get.return_value = {
            'name': 'snap', 'properties': {'os_command_line': 'x'}}
        self.glance.update.side_effect = self._update
        self.states = []
        self.leftovers = leftovers.Leftovers()
        self.ops = snapshotops.SnapshotOps(self.client, self.leftovers)

    def _update(self, context, image_id, metadata, data, purge_props):
        self.metadata = metadata
        self.purged = purge_props
        self.data = b''
        while chunk := data.read(65536):
            self.data += chunk
        return {'size': len(self.data)}

    def _task_state(self, task_state, expected_state='as nova set it'):
        self.states.append((task_state, expected_state))

    def snapshot(self):
        self.ops.snapshot(mock.sentinel.context, instances.instance(),
                          _IMAGE, self._task_state)

    def test_commit_and_upload(self):
        self.snapshot()
        self.assertEqual(b'abcde', self.data)
        self.assertEqual(
            ('snap', 'raw', 'docker'),
            (self.metadata['name'], self.metadata['disk_format'],
             self.metadata['container_format']))
        self.assertFalse(self.purged)
        self.client.containers.commit.assert_called_once_with(
            f'nova-{instances.instance().uuid}', f'snapshot/{_IMAGE}',
            'latest', timeout_s=600)

    def test_task_states(self):
        self.snapshot()
        self.assertEqual(
            [(task_states.IMAGE_PENDING_UPLOAD, 'as nova set it'),
             (task_states.IMAGE_UPLOADING, task_states.IMAGE_PENDING_UPLOAD)],
            self.states)

    def assertCleanedUp(self):
        self.client.images.remove.assert_called_once_with(_REFERENCE)

    def test_nothing_stays_in_the_runtime(self):
        self.snapshot()
        self.assertCleanedUp()
        self.assertTrue(self.download.__exit__.called)

    def test_leftovers_of_an_interrupted_snapshot(self):
        self.client.images.list.return_value = [
            images.Image('sha256:1', (_REFERENCE, 'glance/x:1'), (), 1),
            images.Image('sha256:2', (), (), 1)]
        self.ops.discard_leftovers()
        self.client.images.list.assert_called_once_with(
            {'reference': ['snapshot/*']})
        self.assertCleanedUp()

    def test_leftovers_that_stay(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.client.images.list.return_value = [
            images.Image('sha256:1', (_REFERENCE,), (), 1)]
        self.client.images.remove.side_effect = exceptions.Failed('busy')
        self.ops.discard_leftovers()
        self.assertIn('busy', log.output)

    def test_no_container(self):
        self.client.containers.commit.side_effect = exceptions.NotFound(
            'No such container', 'container.not_found')
        self.client.images.remove.side_effect = exceptions.NotFound('No')
        self.assertRaises(exception.InstanceNotRunning, self.snapshot)
        # Nova would leave the task of one that just does not run.
        self.assertEqual(
            (None, task_states.IMAGE_PENDING_UPLOAD), self.states[-1])
        self.client.images.remove.assert_called_with(_REFERENCE)

    def test_the_reason_is_logged(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.glance.update.side_effect = exception.ImageQuotaExceeded(
            image_id=_IMAGE)
        self.assertRaises(exception.ImageQuotaExceeded, self.snapshot)
        self.assertIn('Quota exceeded', log.output)

    def test_glance_fails(self):
        self.glance.update.side_effect = exception.ImageQuotaExceeded(
            image_id=_IMAGE)
        self.assertRaises(exception.ImageQuotaExceeded, self.snapshot)
        self.assertCleanedUp()
        self.assertTrue(self.download.__exit__.called)

    def test_runtime_breaks_off(self):
        self.download.read.side_effect = exceptions.ConnectionFailed('Cut.')
        self.assertRaises(exception.HypervisorUnavailable, self.snapshot)
        self.assertCleanedUp()

    def test_glance_got_less_in_a_second_try(self):
        """Nova's Glance client repeats an upload with what is left of it."""
        def update(context, image_id, metadata, data, purge_props):
            data.read(65536)
            return self._update(context, image_id, metadata, data,
                                purge_props)

        self.glance.update.side_effect = update
        error = self.assertRaises(exception.ImageUnacceptable, self.snapshot)
        self.assertIn('Glance took 2 of 5 bytes', str(error))
        self.assertCleanedUp()

    def test_the_copy_cannot_be_removed(self):
        self.client.images.remove.side_effect = exceptions.Failed('busy')
        self.snapshot()
        self.assertEqual(b'abcde', self.data)
        self.client.images.remove.reset_mock(side_effect=True)
        self.leftovers.remove_all()
        self.leftovers.remove_all()
        self.client.images.remove.assert_called_once_with(_REFERENCE)

    def test_instance_is_deleted_meanwhile(self):
        def deleting(task_state, expected_state=None):
            if task_state == task_states.IMAGE_UPLOADING:
                raise exception.UnexpectedDeletingTaskStateError(
                    instance_uuid='x', expected={}, actual={})

        self.assertRaises(
            exception.UnexpectedDeletingTaskStateError, self.ops.snapshot,
            mock.sentinel.context, instances.instance(), _IMAGE, deleting)
        self.assertCleanedUp()
