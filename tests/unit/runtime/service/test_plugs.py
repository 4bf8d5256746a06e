"""Plugging over a fake engine; the kernel's part is a mock."""

import contextlib
import os
from unittest import mock

from oslotest import base

from novacontainer.runtime.engine import devicerules
from novacontainer.runtime import exception
from novacontainer.runtime.host import devicemounts
from novacontainer.runtime.host import devices
from novacontainer.runtime.host import deviceusers
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import plugs
from tests.unit.runtime.service import world

DISK = devices.Node('b', 7, 3, 0o660, 0, 6)
RECORD = {'PathOnHost': '/dev/disk', 'PathInContainer': '/dev/vdb',
          'CgroupPermissions': 'rw', 'Plugged': True}
ASKED = {key: RECORD[key] for key in RECORD if key != 'Plugged'}


class PlugsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.reopen()
        self.kernel = mock.Mock()
        # The fake's processes are not there.
        self.patch(plugs, 'opened_space',
                   lambda *process: contextlib.nullcontext('space'))
        for name in ('add', 'remove'):
            self.patch(devicemounts, name, getattr(self.kernel, name))
        self.shown = set()
        self.patch(devicemounts, 'names', lambda pid: frozenset(self.shown))
        self.patch(devicerules, 'of', self.kernel.of)
        self.kernel.of.return_value = self.kernel
        #: What finds the processes that have the device open finds.
        self.users = []
        self.patch(deviceusers, 'find',
                   lambda pids, numbers: self.users.pop(0)
                   if self.users else [])
        self.node = DISK
        self.patch(devices, 'inspect', self.inspect)
        self.patch(devices, 'exists', lambda path: self.node is not None)

    def patch(self, where, name, value):
        patcher = mock.patch.object(where, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def inspect(self, path):
        if self.node is None:
            raise exception.InvalidRequest('It has gone.')
        return self.node

    def calls(self):
        """Return what was done since, but for looking."""
        names = [call[0] for call in self.kernel.mock_calls
                 if call[0] != 'of']
        self.kernel.reset_mock()
        return names

    def rules(self, *access):
        return tuple({'allow': True, 'type': 'b', 'major': 7, 'minor': 3,
                      'access': one} for one in access)

    def reopen(self):
        self.world.restart(reach=isolation.Policy(
            devices=('/dev/disk*',), pluggable=('/dev/disk*',)))
        self.plugs = self.world.containers.plugs

    def had(self, container_id):
        self.reopen()
        return self.world.get(container_id).host_config.get('Devices')

    def test_what_does_not_run(self):
        container_id = self.world.create()
        self.plugs.plug(container_id, ASKED)
        self.assertEqual([], self.calls())
        self.assertEqual([RECORD], self.had(container_id))
        self.world.containers.start(container_id)
        self.assertEqual(['add'], self.calls())
        bundle = self.world.engine.state.containers[container_id].bundle
        rules = bundle.spec['linux']['resources']['devices']
        self.assertIn({'allow': True, 'type': 'b', 'major': 7, 'minor': 3,
                       'access': 'rw'}, rules)
        self.assertNotIn('/dev/vdb', [
            mount['destination'] for mount in bundle.spec['mounts']])

    def test_what_runs(self):
        container_id = self.world.start()
        self.plugs.plug(container_id, ASKED)
        container = self.world.get(container_id)
        self.assertEqual([
            mock.call.of(f'/nc-unit/{container_id}'),
            mock.call.apply(self.rules('rw')),
            mock.call.add('space', 'vdb', DISK, container.id_map.host_base),
        ], self.kernel.mock_calls)
        self.calls()
        self.assertEqual([RECORD], self.had(container_id))
        self.plugs.plug(container_id, {
            **ASKED, 'PathInContainer': '/dev/vdc',
            'CgroupPermissions': 'r'})
        self.calls()
        self.plugs.unplug(container_id, '/dev/vdb')
        # The device is still there under its other name, for reading.
        self.assertEqual([
            mock.call.of(f'/nc-unit/{container_id}'),
            mock.call.remove('space', 'vdb'),
            mock.call.of(f'/nc-unit/{container_id}'),
            mock.call.apply(self.rules('r')),
        ], self.kernel.mock_calls)
        self.assertEqual(['/dev/vdc'], [
            one['PathInContainer'] for one in self.had(container_id)])
        self.assertEqual('update', self.world.events[-1].action)

    def test_a_device_that_has_gone(self):
        container_id = self.world.create()
        self.plugs.plug(container_id, ASKED)
        self.node = None
        self.assertRaises(exception.InvalidRequest,
                          self.world.containers.start, container_id)
        self.plugs.unplug(container_id, '/dev/vdb')
        self.world.containers.start(container_id)

    def test_a_device_that_went_from_what_runs(self):
        container_id = self.world.start()
        self.plugs.plug(container_id, ASKED)
        self.node = None
        self.calls()
        self.plugs.unplug(container_id, '/dev/vdb')
        self.assertEqual(['remove', 'apply'], self.calls())
        self.assertEqual([], self.had(container_id))

    def test_a_device_in_use(self):
        container_id = self.world.start()
        self.plugs.plug(container_id, ASKED)
        self.calls()
        me = os.getpid()
        for users in ([[me]], [[me] * 5]):
            self.users = users
            error = self.assertRaises(
                exception.Conflict, self.plugs.unplug, container_id,
                '/dev/vdb')
            self.assertEqual('container.device_busy', error.code)
            self.assertIn(f'(pid {me} on the host)', str(error))
        self.assertIn(', 2 more', str(error))
        self.assertEqual([], self.calls())
        self.assertEqual([RECORD], self.had(container_id))

    def test_a_device_that_somebody_opens_in_the_last_moment(self):
        container_id = self.world.start()
        self.plugs.plug(container_id, ASKED)
        self.calls()
        self.users = [[], [os.getpid()]]
        self.assertRaises(exception.Conflict, self.plugs.unplug,
                          container_id, '/dev/vdb')
        self.assertEqual(
            ['remove', 'apply', 'apply', 'add'], self.calls())
        self.assertEqual([RECORD], self.had(container_id))

    def test_a_device_in_use_by_force(self):
        container_id = self.world.start()
        self.plugs.plug(container_id, ASKED)
        self.calls()
        self.users = [[os.getpid()]]
        self.plugs.unplug(container_id, '/dev/vdb', force=True)
        self.assertEqual(['remove', 'apply'], self.calls())
        self.assertEqual([], self.had(container_id))

    def test_refusals(self):
        container_id = self.world.start(host_config={'Devices': [
            {'PathOnHost': '/dev/disk', 'PathInContainer': '/dev/old'}]})
        for given, fault in (
                ({'PathOnHost': '/dev/sda'}, exception.Forbidden),
                ({'PathOnHost': 'dev/disk'}, exception.InvalidRequest),
                ({'CgroupPermissions': 'x'}, exception.InvalidRequest),
                ({'PathInContainer': '/tmp/vdb'}, exception.InvalidRequest),
                ({'PathInContainer': '/dev/a/b'}, exception.InvalidRequest),
                ({'PathInContainer': '/dev/..'}, exception.InvalidRequest),
                ({'PathInContainer': '/dev/null'}, exception.Conflict),
                ({'PathInContainer': '/dev/old'}, exception.Conflict)):
            self.assertRaises(fault, self.plugs.plug, container_id,
                              {**ASKED, **given})
        self.node = devices.Node('c', 1, 3, 0o666, 0, 0)
        self.assertRaises(exception.InvalidRequest, self.plugs.plug,
                          container_id, ASKED)
        self.assertRaises(exception.NotFound, self.plugs.plug, 'none', ASKED)
        self.assertRaises(exception.NotFound, self.plugs.unplug,
                          container_id, '/dev/vdb')
        error = self.assertRaises(exception.Conflict, self.plugs.unplug,
                                  container_id, '/dev/old')
        self.assertEqual('container.device_fixed', error.code)
        self.assertEqual([], self.calls())
        self.assertEqual(1, len(self.had(container_id)))

    def test_a_privileged_one(self):
        self.world.restart(reach=isolation.Policy(
            privileged=True, pluggable=('/dev/disk*',)))
        self.plugs = self.world.containers.plugs
        container_id = self.world.start(
            host_config={'Privileged': True, 'UsernsMode': 'host'})
        self.plugs.plug(container_id, ASKED)
        self.plugs.unplug(container_id, '/dev/vdb')
        # It may use everything anyway.
        self.assertEqual(['add', 'remove'], self.calls())

    def test_a_host_that_cannot(self):
        container_id = self.world.start()
        self.kernel.of.side_effect = exception.NotSupported('-')
        self.assertRaises(exception.NotSupported, self.plugs.plug,
                          container_id, ASKED)
        self.assertEqual([], self.calls())
        self.assertIsNone(self.had(container_id))

    def test_a_host_that_cannot_any_more(self):
        container_id = self.world.start()
        self.plugs.plug(container_id, ASKED)
        self.calls()
        self.kernel.of.side_effect = exception.NotSupported('-')
        self.assertRaises(exception.NotSupported, self.plugs.unplug,
                          container_id, '/dev/vdb')
        self.assertEqual([], self.calls())
        self.assertEqual([RECORD], self.had(container_id))

    def test_failures_leave_nothing(self):
        container_id = self.world.start()
        for error, fault in ((FileExistsError(), exception.Conflict),
                             (OSError(5, 'no'), exception.Internal)):
            self.kernel.add.side_effect = error
            self.assertRaises(fault, self.plugs.plug, container_id, ASKED)
            self.assertEqual(mock.call.apply(()), self.kernel.mock_calls[-1])
            self.assertEqual(['apply', 'add', 'apply'], self.calls())
        self.kernel.add.side_effect = None
        registry = self.plugs._registry
        with mock.patch.object(registry, 'alter',
                               side_effect=exception.Unavailable('full')):
            self.assertRaises(exception.Unavailable, self.plugs.plug,
                              container_id, ASKED)
        self.assertEqual(mock.call.apply(()), self.kernel.mock_calls[-1])
        self.assertEqual(['apply', 'add', 'remove', 'apply'], self.calls())
        self.assertIsNone(self.had(container_id))
        self.plugs.plug(container_id, ASKED)
        self.kernel.remove.side_effect = OSError(16, 'busy')
        self.assertRaises(exception.Conflict, self.plugs.unplug,
                          container_id, '/dev/vdb')
        self.assertEqual([RECORD], self.had(container_id))

    def test_what_a_crash_left(self):
        container_id = self.world.start()
        self.plugs.plug(container_id, ASKED)
        self.shown = {'vdb', 'vdc'}
        self.calls()
        self.reopen()
        self.assertEqual([
            mock.call.remove('space', 'vdc'),
            mock.call.of(f'/nc-unit/{container_id}'),
            mock.call.settle(self.rules('rw')),
        ], self.kernel.mock_calls)
        self.assertEqual((1, 0), (self.world.report.running,
                                  self.world.report.failed))
        self.kernel.remove.side_effect = OSError(16, 'busy')
        self.reopen()
        self.assertEqual(1, self.world.report.failed)

    def test_no_crash_to_be_seen(self):
        self.world.create()
        container_id = self.world.start()
        self.kernel.of.side_effect = exception.NotSupported('-')
        self.calls()
        self.reopen()
        self.assertEqual([], self.calls())
        self.kernel.of.side_effect = None
        with mock.patch.object(self.world.engine, 'pid', return_value=None):
            self.reopen()
        self.assertEqual([], self.calls())
        self.reopen()
        self.assertEqual(['settle'], self.calls())
        self.assertEqual(0, self.world.report.failed)
        self.assertIsNone(self.had(container_id))

    def test_a_process_that_ended(self):
        container_id = self.world.start()
        with mock.patch.object(self.world.engine, 'pid', return_value=None):
            self.assertRaises(exception.Conflict, self.plugs.plug,
                              container_id, ASKED)
        self.assertNotIn('add', self.calls())


class SpaceTest(base.BaseTestCase):

    def test_space(self):
        with plugs.opened_space('x', os.getpid()) as space:
            self.assertTrue(os.fstat(space).st_ino)
        self.assertRaises(OSError, os.fstat, space)

    def test_no_process(self):
        def look():
            with plugs.opened_space('x', 0):
                raise AssertionError

        self.assertRaises(exception.Conflict, look)
