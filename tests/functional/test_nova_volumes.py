"""Servers with volumes: through Nova and os-brick into real containers."""

import os
import pathlib

import os_brick.privileged

from tests.functional import loopvolumes
from tests.functional import novaservers

_GIB = 1024 ** 3


class VolumesTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False
    daemon_options = {'containers': {'pluggable_devices': '/dev/loop*'}}
    contexts = (os_brick.privileged.default,)

    def setUp(self):
        super().setUp()
        # Nova lets no test look at the host's hardware.
        self.stub_out('os_brick.initiator.linuxfc.LinuxFibreChannel.'
                      'FC_HOST_SYSFS_PATH', '/nonexistent')
        self.stub_out('psutil.net_if_addrs', dict)
        self.volume = self.volume_of(b'hello')

    def volume_of(self, data=b'', volume_id=None):
        volume = self.useFixture(
            loopvolumes.Volume(self.cinder, volume_id))
        if data:
            volume.write(data)
        return volume

    def attach(self, server, volume=None, **fields):
        """Attach a volume; returns its name in the server."""
        volume = volume or self.volume
        self.ask(server, volume, **fields)
        self.wait_for(lambda: self.attached(volume))
        self.assertEqual('', self.settle(server))
        return self.api.get_server_volume(server['id'], volume.id)['device']

    def ask(self, server, volume, **fields):
        self.api.post_server_volume(server['id'], {
            'volumeAttachment': {'volumeId': volume.id, **fields}})

    def detach(self, server, volume=None):
        volume = volume or self.volume
        self.api.delete_server_volume(server['id'], volume.id)
        self.wait_for(lambda: not self.attached(volume))
        self.assertEqual('', self.settle(server))

    def attached(self, volume):
        """Whether Cinder knows a connection."""
        return any(one['connector'] for one in
                   self.cinder.volume_to_attachment[volume.id].values())

    def settle(self, server):
        """Wait until the host has done the server's last action.

        :returns: what it failed of, '' when it did not.
        """
        self.wait_for(lambda: self.over(server))
        return '\n'.join(event['details'] or ''
                         for event in self.over(server))

    def failure(self, server):
        """Wait for the failure of the server's last action."""
        self.wait_for(lambda: self.settle(server))
        return self.settle(server)

    def read(self, server, device='/dev/vdb', size=5):
        return self.execute(server, '/bin/head', '-c', str(size), device)

    def has(self, server, device='/dev/vdb'):
        return os.path.exists(f'/proc/{self.pid(server)}/root{device}')

    def put(self, server, text, device='/dev/vdb'):
        self.execute(server, '/bin/sh', '-c',
                     f'echo -n {text} | dd of={device} conv=notrunc,fsync')

    def plugged(self, server):
        devices = self.host.inspect(server['id'])['HostConfig']['Devices']
        return {one['PathInContainer']: one['PathOnHost']
                for one in devices or ()}


class AttachTestCase(VolumesTestCase):

    def test_attach_write_detach(self):
        server = self.boot()
        self.assertEqual('/dev/vdb', self.attach(server))
        self.assertEqual('hello', self.read(server))
        self.put(server, 'HELLO')
        self.assertEqual(b'HELLO', self.volume.read(5))
        self.detach(server)
        self.assertFalse(self.has(server))
        self.assertEqual({}, self.plugged(server))

    def test_names(self):
        server = self.boot()
        second, third = self.volume_of(b'two'), self.volume_of(b'three')
        self.assertEqual('/dev/xvdf', self.attach(
            server, device='/dev/xvdf'))
        self.assertEqual('/dev/vdb', self.attach(server, second))
        self.assertEqual('/dev/vdc', self.attach(server, third))
        self.assertEqual('hello', self.read(server, '/dev/xvdf'))
        self.assertEqual('two', self.read(server, '/dev/vdb', 3))
        self.assertEqual('three', self.read(server, '/dev/vdc'))
        self.detach(server, second)
        self.assertEqual('/dev/vdb', self.attach(server, second))

    def test_through_everything(self):
        """The volume is there after whatever stops and starts a server."""
        server = self.boot()
        self.attach(server)
        for number, step in enumerate((
                lambda: self.act(server, 'reboot', 'ACTIVE',
                                 {'type': 'SOFT'}),
                lambda: self.act(server, 'reboot', 'ACTIVE',
                                 {'type': 'HARD'}),
                lambda: (self._stop_server(server),
                         self._start_server(server)),
                lambda: (self.act(server, 'suspend', 'SUSPENDED'),
                         self.act(server, 'resume', 'ACTIVE')),
                lambda: (self.host.daemon.kill(), self.host.daemon.start()),
                lambda: self.act(server, 'rebuild', 'ACTIVE', {
                    'imageRef': server['image']['id']}))):
            step()
            self.settle(server)
            text = f'step{number}'
            self.put(server, text)
            self.assertEqual(text.encode(), self.volume.read(5))
        self.detach(server)
        self.assertFalse(self.has(server))

    def test_while_stopped(self):
        server = self.boot()
        self._stop_server(server)
        self.attach(server)
        self._start_server(server)
        self.assertEqual('hello', self.read(server))
        self._stop_server(server)
        self.detach(server)
        self._start_server(server)
        self.assertFalse(self.has(server))

    def test_while_paused(self):
        server = self.boot()
        self.act(server, 'pause', 'PAUSED')
        self.attach(server)
        self.act(server, 'unpause', 'ACTIVE')
        self.assertEqual('hello', self.read(server))

    def test_at_the_build(self):
        server = self.boot(block_device_mapping_v2=[
            {'boot_index': 0, 'uuid': novaservers.computehost.NOVA_IMAGE,
             'source_type': 'image', 'destination_type': 'local'},
            {'boot_index': -1, 'uuid': self.volume.id,
             'source_type': 'volume', 'destination_type': 'volume'}])
        self.assertEqual('hello', self.read(server))
        self._delete_server(server)
        self.assertFalse(self.attached(self.volume))
        self.assertNothingLeft()

    def test_extend(self):
        server = self.boot()
        self.attach(server)
        self.volume.extend(2)
        self.api.api_post('/os-server-external-events', {'events': [{
            'name': 'volume-extended', 'tag': self.volume.id,
            'server_uuid': server['id']}]})
        self.wait_for(lambda: 'extend_volume' in [
            action['action'] for action
            in self.api.get_instance_actions(server['id'])])
        self.assertEqual('', self.settle(server))
        self.assertEqual(str(2 * _GIB), self.execute(
            server, '/bin/busybox', 'blockdev', '--getsize64',
            '/dev/vdb').strip())

    def test_two_servers_at_once(self):
        volume = self.volume_of(
            b'shared', self.cinder.MULTIATTACH_VOL)
        servers = [self.boot(), self.boot(networks='none')]
        for server in servers:
            self.attach(server, volume)
            self.settle(server)
        self.put(servers[0], 'SHARED')
        self.assertEqual('SHARED', self.read(servers[1], size=6))
        self.api.delete_server_volume(servers[0]['id'], volume.id)
        self.settle(servers[0])
        self.assertFalse(self.has(servers[0]))
        self.assertEqual('SHARED', self.read(servers[1], size=6))


class MovesTestCase(VolumesTestCase):

    def test_resize(self):
        server = self.boot()
        self.attach(server)
        self.flags(allow_resize_to_same_host=True)
        for verb in ('confirmResize', 'revertResize'):
            self.act(server, 'resize', 'VERIFY_RESIZE', {'flavorRef': '2'
                     if verb == 'confirmResize' else '1'})
            self.assertEqual('hello', self.read(server))
            self.act(server, verb, 'ACTIVE')
            self.assertEqual('hello', self.read(server))
        self.detach(server)
        self.assertFalse(self.has(server))

    def test_rescue(self):
        server = self.boot()
        self.attach(server)
        self.act(server, 'rescue', 'RESCUE', {})
        self.assertEqual('hello', self.read(server))
        self.put(server, 'saved')
        self.act(server, 'unrescue', 'ACTIVE')
        self.assertEqual('saved', self.read(server))
        self.assertEqual(1, len(self.host.containers()))

    def test_shelve(self):
        self.flags(shelved_offload_time=0)
        server = self.boot()
        self.attach(server)
        self.act(server, 'shelve', 'SHELVED_OFFLOADED')
        self.assertEqual([], self.host.containers())
        self.act(server, 'unshelve', 'ACTIVE')
        self.assertEqual('hello', self.read(server))


class FailuresTestCase(VolumesTestCase):

    def say(self, volume, path):
        """Have Cinder say that a volume is another device."""
        known = self.cinder.VOLUME_CONNECTION_INFO
        known[volume.id]['data']['device_path'] = path

    def hold(self, server):
        """Have a process of the server keep the device open."""
        made = self.host.daemon.json(
            'POST', f'/containers/nova-{server["id"]}/exec', {'Cmd': [
                'sh', '-c', 'exec 3</dev/vdb; touch /held; sleep 600']})
        self.host.daemon.request(
            'POST', f'/exec/{made["Id"]}/start', {'Detach': True})
        self.wait_for(lambda: self.has(server, '/held'))

    def test_in_use_by_the_server(self):
        server = self.boot()
        self.attach(server)
        self.hold(server)
        self.api.delete_server_volume(server['id'], self.volume.id)
        self.assertIn('/dev/vdb is in use', self.failure(server))
        self.assertTrue(self.attached(self.volume))
        self.assertEqual('hello', self.read(server))
        self._stop_server(server)
        self.detach(server)

    def test_device_that_vanished(self):
        server = self.boot()
        self.attach(server)
        self.volume.vanish()
        self.detach(server)
        self.assertFalse(self.has(server))
        self.assertEqual({}, self.plugged(server))

    def test_container_that_vanished(self):
        server = self.boot()
        self.attach(server)
        # Nova would stop the server while we ask for the reboot.
        self.compute.manager.driver._lifecycle.stop()
        self.host.daemon.request(
            'DELETE', f'/containers/nova-{server["id"]}?force=1')
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.assertEqual('hello', self.read(server))
        self.host.daemon.request(
            'DELETE', f'/containers/nova-{server["id"]}?force=1')
        self._delete_server(server)
        self.assertFalse(self.attached(self.volume))
        self.assertNothingLeft()

    def test_no_device(self):
        """What cannot be connected leaves nothing behind."""
        server = self.boot()
        self.say(self.volume, '/dev/loop-none')
        self.ask(server, self.volume)
        self.assertIn('/dev/loop-none', self.failure(server))
        self.assertFalse(self.attached(self.volume))
        self.assertEqual({}, self.plugged(server))
        self.assertEqual([], self.api.get_server_volumes(server['id']))

    def test_device_that_is_not_allowed(self):
        server = self.boot()
        link = pathlib.Path(f'/dev/nc-{self.volume.id}')
        link.symlink_to(self.volume.path)
        self.addCleanup(link.unlink)
        self.say(self.volume, str(link))
        self.ask(server, self.volume)
        self.assertIn('pluggable_devices', self.failure(server))
        self.assertFalse(self.attached(self.volume))

    def test_boot_from_volume(self):
        message = self.fault(image='', block_device_mapping_v2=[
            {'boot_index': 0, 'uuid': self.cinder.IMAGE_BACKED_VOL,
             'source_type': 'volume', 'destination_type': 'volume'}])
        self.assertIn('does not boot from a volume', message)
