"""Two operations at once on one server, and deletes during everything.

The first operation is held at a step of the driver.  Another one is refused
meanwhile, a delete wins, and nothing of either is left.
"""

import contextlib
import threading
from unittest import mock

from nova import context as nova_context
from nova.tests.functional.api import client as api_client

from tests.functional import computehost
from tests.functional import mortality
from tests.functional import novaservers

_CONTAINERS = 'novacontainer.client.containers.Containers.'
_DRIVER = 'novacontainer.virt.driver.ContainerDriver.'
#: What the manager has the driver do with a server.
_OPERATIONS = (
    'spawn', 'destroy', 'reboot', 'power_off', 'power_on', 'pause', 'suspend',
    'resume', 'rescue', 'unrescue', 'snapshot', 'finish_migration',
    'migrate_disk_and_power_off')
_PLUG = 'novacontainer.virt.networkops.NetworkOps.plug'


class ConflictsTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False

    def setUp(self):
        super().setUp()
        self.flags(allow_resize_to_same_host=True)
        self.busy = 0
        for name in _OPERATIONS:
            self.stub_out(_DRIVER + name,
                          self.watched(mortality.step(_DRIVER + name)))
        self.sizes = [self._create_flavor(
            memory_mb=memory_mb, vcpu=1, disk=1, ephemeral=0)
            for memory_mb in (64, 128)]

    def watched(self, operation):
        def watch(*args, **kwargs):
            self.busy += 1
            try:
                return operation(*args, **kwargs)
            finally:
                self.busy -= 1
        return watch

    @contextlib.contextmanager
    def held(self, name):
        """Hold the driver the first time that it comes to a step."""
        step = mortality.step(name)
        reached, go_on = threading.Event(), threading.Event()

        def hold(*args, **kwargs):
            if not reached.is_set():
                reached.set()
                go_on.wait(60)
            return step(*args, **kwargs)

        with mock.patch(name, hold):
            try:
                yield reached, go_on
            finally:
                go_on.set()
                # What goes on after a delete has to come to its end.
                self.wait_for(lambda: not self.busy)

    def delete_during(self, name, action, body=None, before=()):
        """Delete a new server while something is done to it.

        :param before: what puts it into the state to begin in.
        """
        server = self.boot(flavorRef=self.sizes[0])
        for earlier, state in before:
            self.act(server, earlier, state)

        def ask():
            self.api.post_server_action(server['id'], {action: body})
            return server

        self.delete_held(name, ask)

    def delete_held(self, name, ask):
        """Delete a server while what was asked for is at a step.

        Some operations hold Nova's lock of the instance, and others do
        not: so the first is let go when the delete was asked for.
        """
        with self.held(name) as (reached, go_on):
            server = ask()
            self.assertTrue(reached.wait(60), name)
            for action in ('pause', 'os-stop', 'rescue'):
                self.refuse(server, action)
            self.api.delete_server(server['id'])
            # Long enough for one that is not locked to be done.
            self.wait_a_moment(server)
            go_on.set()
            # What fails for it may have it in ERROR for a moment.
            self.wait_for(lambda: self.gone(server))
        self.assertNothingLeft()
        self.wait_for(lambda: not self.allotted(server))
        self.assertEqual([], [name for name in self.host.images()
                              if name.startswith('snapshot/')])

    def allotted(self, server):
        """What Placement counts for a server, but for Nova's oversights.

        What a failed resize hands back to a server that is gone, the
        periodic task takes away.
        """
        self.compute.manager.update_available_resource(
            nova_context.get_admin_context())
        return self.placement.get(
            f'/allocations/{server["id"]}').body['allocations']

    def refuse(self, server, action):
        error = self.assertRaises(
            api_client.OpenStackApiException, self.api.post_server_action,
            server['id'], {action: {} if action == 'rescue' else None})
        self.assertEqual(409, error.response.status_code, action)

    def wait_a_moment(self, server):
        with contextlib.suppress(AssertionError):
            self.wait_for(lambda: self.gone(server), timeout_s=1)

    def gone(self, server):
        try:
            self.api.get_server(server['id'])
        except api_client.OpenStackApiNotFoundException:
            return True
        return False

    def test_delete_during_a_build(self):
        for step in ('create', 'init', 'start'):
            self.delete_held(_CONTAINERS + step, self.begin_a_build)
        self.delete_held(_PLUG, self.begin_a_build)

    def begin_a_build(self):
        body = self._build_server(
            image_uuid=computehost.NOVA_IMAGE, flavor_id=self.sizes[0],
            networks=[{'port': self.neutron.port_1['id']}])
        return self.api.post_server({'server': body})

    def test_delete_during_what_starts_and_stops(self):
        for step, action, before in (
                ('stop', 'os-stop', ()),
                ('init', 'os-start', [('os-stop', 'SHUTOFF')]),
                ('start', 'os-start', [('os-stop', 'SHUTOFF')]),
                ('pause', 'suspend', ()),
                ('unpause', 'resume', [('suspend', 'SUSPENDED')])):
            self.delete_during(_CONTAINERS + step, action, before=before)

    def test_delete_during_reboots(self):
        for step, kind in (('restart', 'SOFT'), ('stop', 'HARD'),
                           ('start', 'HARD')):
            self.delete_during(_CONTAINERS + step, 'reboot', {'type': kind})

    def test_delete_during_what_makes_another_container(self):
        for step, action, body, before in (
                ('create', 'rescue', {}, ()),
                ('start', 'rescue', {}, ()),
                ('rename', 'unrescue', None, [('rescue', 'RESCUE')]),
                ('create', 'rebuild',
                 {'imageRef': computehost.NOVA_IMAGE}, ()),
                ('create', 'unshelve', None,
                 [('shelve', 'SHELVED_OFFLOADED')])):
            self.delete_during(_CONTAINERS + step, action, body, before)

    def test_delete_during_snapshots_and_resizes(self):
        for step, action, body in (
                ('commit', 'createImage', {'name': 'image'}),
                ('commit', 'shelve', None),
                ('stop', 'resize', {'flavorRef': self.sizes[1]}),
                ('update', 'resize', {'flavorRef': self.sizes[1]})):
            self.delete_during(_CONTAINERS + step, action, body)
