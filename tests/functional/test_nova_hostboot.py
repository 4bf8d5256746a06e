"""The host of the servers is restarted, with all that runs on it."""

import pathlib
from unittest import mock

from nova import context as nova_context
from os_brick import exception as brick_exception

from tests.functional import novaservers
from tests.functional import test_nova_volumes as volumes
from tests.integration import networkhost


class HostBootCase(novaservers.ServersTestCase):
    """Servers in every state, and the boot of their host."""

    CAST_AS_CALL = False

    def setUp(self):
        super().setUp()
        self.servers = {}

    def have(self, state, *actions, **fields):
        """Have one more server, in a state of its own."""
        server = self.boot(**fields)
        self.write(server, 'kept')
        for action, body in actions:
            server = self.act(server, action, state, body)
        self.servers[state] = server

    def have_all(self):
        self.have('ACTIVE')
        for state, action, body in (
                ('PAUSED', 'pause', None), ('SUSPENDED', 'suspend', None),
                ('SHUTOFF', 'os-stop', None), ('RESCUE', 'rescue', {})):
            self.have(state, (action, body), networks='none')

    def reboot_host(self):
        """Nothing runs any more, and no namespace is left."""
        self.compute.stop()
        for container in self.host.containers():
            self.host.daemon.request(
                'POST', f'/containers/{container["Id"]}/kill')
        self.wait_for(lambda: not any(
            container['State'] in ('running', 'paused')
            for container in self.host.containers()))
        self.host.daemon.stop()
        self.while_down()
        for pin in pathlib.Path('/run/netns').iterdir():
            networkhost.run('umount', str(pin))
            pin.unlink()
        self.host.daemon.start()
        self.compute = self.restart_compute_service(
            self.compute, keep_hypervisor_state=False)

    def while_down(self):
        """What else becomes of the host."""

    def sync(self):
        self.compute.manager._sync_power_states(
            nova_context.get_admin_context())

    def assertBecomes(self, state, until, status):
        server = self._wait_for_server_parameter(
            self.servers[state],
            {'status': until, 'OS-EXT-STS:task_state': None})
        self.assertEqual(status, self.status(server))


class HostBootTestCase(HostBootCase):

    def test_what_ran_runs_again(self):
        self.flags(resume_guests_state_on_host_boot=True)
        self.have_all()
        self.reboot_host()
        self.assertBecomes('ACTIVE', 'ACTIVE', 'running')
        server = self.servers['ACTIVE']
        text = self.console(server, 'kept')
        self.assertEqual(2, text.count(f'inet {self.address(server)}/24'))
        self.assertBecomes('RESCUE', 'RESCUE', 'running')
        self.sync()
        # What stood still has lost its processes: it is off, and its files
        # are there.
        self.assertBecomes('PAUSED', 'SHUTOFF', 'exited')
        self.assertBecomes('SUSPENDED', 'SUSPENDED', 'exited')
        self.assertBecomes('SHUTOFF', 'SHUTOFF', 'exited')
        for state, action in (('PAUSED', 'os-start'), ('SHUTOFF', 'os-start'),
                              ('SUSPENDED', 'resume'),
                              ('RESCUE', 'unrescue')):
            server = self.act(self.servers[state], action, 'ACTIVE')
            self.assertEqual('kept\n', self.execute(
                server, 'cat', '/marker'), state)

    def test_or_is_stopped(self):
        """The default of resume_guests_state_on_host_boot."""
        self.have('ACTIVE')
        self.reboot_host()
        self.sync()
        self.assertBecomes('ACTIVE', 'SHUTOFF', 'exited')
        self.act(self.servers['ACTIVE'], 'os-start', 'ACTIVE')
        self.console(self.servers['ACTIVE'], 'kept')


class VolumesOnHostBootTestCase(HostBootCase, volumes.VolumesTestCase):
    """Nothing is connected any more, and the numbers are given anew."""

    def setUp(self):
        super().setUp()
        self.stub_out('os_brick.initiator.connectors.local.LocalConnector.'
                      'connect_volume', self.find_device)

    def find_device(self, connector, properties):
        """Do as connectors do to which Cinder does not name the device."""
        if self.volume.path is None:
            raise brick_exception.VolumeDeviceNotFound(device='of the volume')
        return {'type': 'local', 'path': self.volume.path}

    def while_down(self):
        self.volume.move()

    def boot_with_volume(self, state, *actions):
        """Have a server with a volume, and boot the host.

        :returns: what the volume was on the host.
        """
        self.have('ACTIVE')
        self.attach(self.servers['ACTIVE'])
        for action, body in actions:
            self.servers[state] = self.act(
                self.servers['ACTIVE'], action, state, body)
        before = self.volume.path
        self.reboot_host()
        self.assertNotEqual(before, self.volume.path)

    def assertHasVolume(self, state):
        """It is plugged in as what it is on the host now."""
        server = self.servers[state]
        self.assertEqual({'/dev/vdb': self.volume.path},
                         self.plugged(server))
        text = f'as {state}'
        self.put(server, f'"{text}"')
        self.assertEqual(text.encode(), self.volume.read(len(text)))
        self.assertEqual(text, self.read(server, size=len(text)))

    def end(self, state):
        self.detach(self.servers[state])
        self.assertFalse(self.has(self.servers[state]))
        self._delete_server(self.servers[state])
        self.assertNothingLeft()

    def test_what_ran_runs_again(self):
        self.flags(resume_guests_state_on_host_boot=True)
        self.boot_with_volume('ACTIVE')
        self.assertBecomes('ACTIVE', 'ACTIVE', 'running')
        self.assertHasVolume('ACTIVE')
        self.end('ACTIVE')

    def test_what_is_rescued_is_rescued_again(self):
        self.flags(resume_guests_state_on_host_boot=True)
        self.boot_with_volume('RESCUE', ('rescue', {}))
        self.assertBecomes('RESCUE', 'RESCUE', 'running')
        self.assertHasVolume('RESCUE')
        self.act(self.servers['RESCUE'], 'unrescue', 'ACTIVE')
        self.assertHasVolume('RESCUE')
        self.end('RESCUE')

    def test_what_is_off_has_it_when_it_starts(self):
        self.boot_with_volume('SHUTOFF', ('os-stop', None))
        self.act(self.servers['SHUTOFF'], 'os-start', 'ACTIVE')
        self.assertHasVolume('SHUTOFF')
        self.end('SHUTOFF')

    def test_what_was_suspended(self):
        self.boot_with_volume('SUSPENDED', ('suspend', None))
        self.act(self.servers['SUSPENDED'], 'resume', 'ACTIVE')
        self.assertHasVolume('SUSPENDED')
        self.end('SUSPENDED')

    def test_volume_that_does_not_come_back(self):
        """The server is in error until it does."""
        self.flags(resume_guests_state_on_host_boot=True)
        self.have('ACTIVE')
        server = self.servers['ACTIVE']
        self.attach(server)
        with mock.patch.object(self, 'while_down', self.volume.vanish):
            self.reboot_host()
        self.wait_for(lambda: (
            self.api.get_server(server['id'])['status'] == 'ERROR'))
        self.assertEqual('exited', self.status(server))
        self.volume.come_back()
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.assertHasVolume('ACTIVE')
        self.end('ACTIVE')
