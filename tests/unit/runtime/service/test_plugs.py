"""Plugging over a fake engine; the kernel's part is a mock."""

import contextlib
import os
from unittest import mock

from oslotest import base

from novacontainer.runtime.engine import devicerules
from novacontainer.runtime import exception
from novacontainer.runtime.host import devicemounts
from novacontainer.runtime.host import devices
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
        for module, names in ((devicemounts, ('add', 'remove')),
                              (devicerules, ('check', 'allow', 'restrict'))):
            for name in names:
                self.patch(module, name, getattr(self.kernel, name))
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
        names = [call[0] for call in self.kernel.mock_calls]
        self.kernel.reset_mock()
        return names

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
            mock.call.check(f'/nc-unit/{container_id}'),
            mock.call.allow(f'/nc-unit/{container_id}', (7, 3), 'rw'),
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
            mock.call.check(f'/nc-unit/{container_id}'),
            mock.call.remove('space', 'vdb'),
            mock.call.restrict(f'/nc-unit/{container_id}', {(7, 3): 'r'}),
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
        self.assertEqual(['check', 'remove', 'restrict'], self.calls())
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

    def test_a_host_that_cannot(self):
        container_id = self.world.start()
        self.kernel.check.side_effect = exception.NotSupported('-')
        self.assertRaises(exception.NotSupported, self.plugs.plug,
                          container_id, ASKED)
        self.assertEqual(['check'], self.calls())
        self.assertIsNone(self.had(container_id))

    def test_failures_leave_nothing(self):
        container_id = self.world.start()
        for error, fault in ((FileExistsError(), exception.Conflict),
                             (OSError(5, 'no'), exception.Internal)):
            self.kernel.add.side_effect = error
            self.assertRaises(fault, self.plugs.plug, container_id, ASKED)
            self.assertEqual(['check', 'allow', 'add', 'restrict'],
                             self.calls())
        self.kernel.add.side_effect = None
        registry = self.plugs._registry
        with mock.patch.object(registry, 'alter',
                               side_effect=exception.Unavailable('full')):
            self.assertRaises(exception.Unavailable, self.plugs.plug,
                              container_id, ASKED)
        self.assertEqual(
            ['check', 'allow', 'add', 'check', 'remove', 'restrict'],
            self.calls())
        self.assertIsNone(self.had(container_id))
        self.plugs.plug(container_id, ASKED)
        self.kernel.remove.side_effect = OSError(16, 'busy')
        self.assertRaises(exception.Conflict, self.plugs.unplug,
                          container_id, '/dev/vdb')
        self.assertEqual([RECORD], self.had(container_id))

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
