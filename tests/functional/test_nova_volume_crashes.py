"""nova-compute dies while a server has a volume, gets one or loses one.

As ``test_nova_crashes``, and at each step where there are few.  What is
connected to the host is noted at os-brick: whatever nova-compute died over, in
the end no volume is.
"""

import itertools
from unittest import mock

from nova.tests.functional.api import client as api_client
from nova.volume import cinder
from os_brick.initiator.connectors import local

from tests.functional import computehost
from tests.functional import test_nova_crashes as crashes
from tests.functional import test_nova_volumes as volumes

_CONNECTOR = 'os_brick.initiator.connectors.local.LocalConnector.'


class VolumeCrashesCase(crashes.CrashesCase, volumes.VolumesTestCase):
    """A server with one volume; ``connected`` has the devices of the host."""

    def setUp(self):
        super().setUp()
        self.connected = set()
        connect = local.LocalConnector.connect_volume
        disconnect = local.LocalConnector.disconnect_volume

        def connect_volume(connector, properties):
            self.connected.add(properties['device_path'])
            return connect(connector, properties)

        def disconnect_volume(connector, properties, *args, **kwargs):
            self.connected.discard(properties['device_path'])
            return disconnect(connector, properties, *args, **kwargs)

        self.stub_out(_CONNECTOR + 'connect_volume', connect_volume)
        self.stub_out(_CONNECTOR + 'disconnect_volume', disconnect_volume)
        update = cinder.API.attachment_update

        def attachment_update(context, attachment_id, *args, **kwargs):
            # Cinder lets the only attachment of a volume be made anew, as
            # when a resize is finished by another nova-compute.
            attached = self.cinder.volume_to_attachment[self.volume.id]
            if list(attached) == [attachment_id]:
                attached[attachment_id]['connector'] = None
            return update(context, attachment_id, *args, **kwargs)

        self.stub_out('nova.volume.cinder.API.attachment_update',
                      mock.Mock(side_effect=attachment_update))

    def boot(self, **fields):
        server = super().boot(**fields)
        self.attach(server)
        return server

    def assertWell(self, kept=True):
        super().assertWell(kept)
        self.assertEqual('hello', self.read(self.server))
        self.assertEqual({'/dev/vdb': self.volume.path},
                         self.plugged(self.server))
        self.assertEqual({self.volume.path}, self.connected)

    def assertWithout(self):
        """It runs, and nothing knows of the volume any more."""
        self.assertEqual('running', self.status(self.server))
        self.assertFalse(self.has(self.server))
        self.assertEqual({}, self.plugged(self.server))
        self.assertFalse(self.attached(self.volume))
        self.assertEqual(set(), self.connected)

    def end(self):
        super().end()
        self.assertFalse(self.attached(self.volume))
        self.assertEqual(set(), self.connected)


class SingleVolumesTestCase(VolumeCrashesCase):
    """A volume of a server that runs."""

    @staticmethod
    def steps():
        return itertools.count(0)

    def done(self, verb):
        """What tells whether the host has done the next action."""
        before = self.actions()
        return lambda: self.actions() > before and (
            f'compute_{verb}_volume' in [
                event['event'] for event in self.over(self.server)])

    def actions(self):
        return len(self.api.get_instance_actions(self.server['id']))

    def take_away(self):
        """Have the tenant detach it, if it is the server's."""
        try:
            self.api.delete_server_volume(self.server['id'], self.volume.id)
        except api_client.OpenStackApiNotFoundException:
            return
        self.wait_for(lambda: not self.api.get_server_volumes(
            self.server['id']))

    def test_attach(self):
        """It is attached or not, and can be detached if it is."""
        self.server = self.boot()
        self.detach(self.server)
        for steps in self.steps():
            if not self.dies(steps, lambda: self.ask(
                    self.server, self.volume), self.done('attach')):
                break
            self.take_away()
            self.assertWithout()
        self.assertTried(steps)
        self.assertWell(kept=False)
        self.end()

    def test_attach_and_delete(self):
        for steps in self.steps():
            self.server = self.boot()
            self.detach(self.server)
            died = self.dies(steps, lambda: self.ask(
                self.server, self.volume), self.done('attach'))
            self.end()
            if not died:
                break
        self.assertTried(steps)

    def test_detach(self):
        """It can be asked for again."""
        self.server = self.boot()
        for steps in self.steps():
            if not self.dies(steps, lambda: self.api.delete_server_volume(
                    self.server['id'], self.volume.id), self.done('detach')):
                break
            self.take_away()
            self.assertWithout()
            self.attach(self.server)
            self.assertWell(kept=False)
        self.assertTried(steps)
        self.assertWithout()
        self.end()

    def test_extend(self):
        """The kernel has told the server already."""
        self.server = self.boot()
        for steps in self.steps():
            size_gb = 2 + steps
            self.volume.extend(size_gb)
            if not self.dies(steps, self.tell_of_size, self.done('extend')):
                break
            self.assertEqual(size_gb * 1024 ** 3, self.size())
            self.assertWell(kept=False)
        self.assertTried(steps)
        self.end()

    def tell_of_size(self):
        self.api.api_post('/os-server-external-events', {'events': [{
            'name': 'volume-extended', 'tag': self.volume.id,
            'server_uuid': self.server['id']}]})

    def size(self):
        return int(self.execute(
            self.server, '/bin/busybox', 'blockdev', '--getsize64',
            '/dev/vdb'))


class ServersWithVolumesTestCase(VolumeCrashesCase):
    """What is done to a server that has one."""

    def test_hard_reboot(self):
        self.die_everywhere('reboot', ['ACTIVE'], {'type': 'HARD'})

    def test_rescue(self):
        self.die_everywhere('rescue', ['ACTIVE'], {})

    def test_rebuild(self):
        self.die_everywhere('rebuild', ['ERROR'], {
            'imageRef': computehost.NOVA_IMAGE}, kept=False)

    def test_resize(self):
        sizes = self.make_sizes()
        self.die_everywhere(
            'resize', ['ACTIVE', 'VERIFY_RESIZE'], {'flavorRef': sizes[128]},
            flavorRef=sizes[64])
