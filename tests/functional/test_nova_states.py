"""Servers in every state, and every operation that leads out of it."""

import signal

from nova.compute import task_states
from nova import context as nova_context
from nova.objects import instance as instance_objects
from nova.tests.functional.api import client as api_client

from tests.functional import novaservers


class StatesTestCase(novaservers.ServersTestCase):

    # Failures stay in the compute service, as they do between processes.
    CAST_AS_CALL = False

    def sync(self):
        """Have Nova compare, and correct, the power states."""
        self.compute.manager._sync_power_states(
            nova_context.get_admin_context())

    def end(self, server):
        """Kill what runs, as a host that goes down does."""
        self.host.daemon.request(
            'POST', f'/containers/nova-{server["id"]}/kill')
        self.wait_for(lambda: self.status(server) == 'exited')

    def lose(self, server):
        """Remove the container by hand, unseen until we do the next."""
        self.compute.manager.driver._lifecycle.stop()
        self.host.daemon.request(
            'DELETE', f'/containers/nova-{server["id"]}?force=1')


class SuspendTestCase(StatesTestCase):

    def test_suspend_and_resume(self):
        server = self.boot()
        before = self.pid(server)
        server = self.act(server, 'suspend', 'SUSPENDED')
        self.assertEqual('paused', self.status(server))
        self.sync()
        server = self.api.get_server(server['id'])
        self.assertEqual('SUSPENDED', server['status'])
        self.act(server, 'resume', 'ACTIVE')
        self.assertEqual(before, self.pid(server))
        self.execute(server, 'true')

    def test_host_reboots_meanwhile(self):
        server = self.boot()
        self.write(server, 'kept')
        self.act(server, 'suspend', 'SUSPENDED')
        self.end(server)
        self.sync()
        self.assertEqual('SUSPENDED',
                         self.api.get_server(server['id'])['status'])
        self.act(server, 'resume', 'ACTIVE')
        text = self.console(server, 'kept')
        self.assertEqual(2, text.count(f'inet {self.address(server)}/24'))

    def test_suspend_what_has_just_ended(self):
        """Nova puts it back, and then learns that it has ended."""
        server = self.boot()
        # Its event would be quicker than we are.
        self.compute.manager.driver._lifecycle.stop()
        self.end(server)
        self.api.post_server_action(server['id'], {'suspend': {}})
        self._wait_for_server_parameter(
            server, {'status': 'ACTIVE', 'OS-EXT-STS:task_state': None})
        self.sync()
        self._wait_for_state_change(server, 'SHUTOFF')

    def test_delete(self):
        server = self.boot()
        self.act(server, 'suspend', 'SUSPENDED')
        self._delete_server(server)
        self.assertNothingLeft()


class RebootTestCase(StatesTestCase):
    """A hard reboot leads out of everything."""

    def test_from_every_state(self):
        server = self.boot()
        self.write(server, 'kept')
        for action, state in (('pause', 'PAUSED'), ('suspend', 'SUSPENDED'),
                              ('os-stop', 'SHUTOFF')):
            self.act(server, action, state)
            self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
            self.assertEqual('running', self.status(server), action)
        self.api.post_server_action(
            server['id'], {'os-resetState': {'state': 'error'}})
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        text = self.console(server, f'{self.address(server)}')
        self.assertEqual(5, text.count(f'inet {self.address(server)}/24'))

    def test_of_a_container_that_was_removed_by_hand(self):
        server = self.boot()
        self.lose(server)
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.console(server, f'inet {self.address(server)}/24')
        self._delete_server(server)
        self.assertNothingLeft()

    def test_when_the_image_is_gone_as_well(self):
        image = self.image(['sh', '-c', novaservers.TELL])
        server = self.boot(image=image)
        del self.glance.images[image]
        self.lose(server)
        # The runtime has it still.
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.lose(server)
        for name in self.host.images():
            if image in name:
                self.host.daemon.request('DELETE', f'/images/{name}')
        self.api.post_server_action(
            server['id'], {'reboot': {'type': 'HARD'}})
        server = self._wait_for_state_change(server, 'ERROR')
        self.assertIn(image, server['fault']['message'])

    def test_start_of_what_was_removed_by_hand(self):
        server = self.boot()
        self._stop_server(server)
        self.lose(server)
        self.api.post_server_action(server['id'], {'os-start': {}})
        self._wait_for_action_fail_completion(
            server, 'start', 'compute_start_instance')
        self.assertEqual('SHUTOFF',
                         self.api.get_server(server['id'])['status'])
        self.act(server, 'reboot', 'ACTIVE', {'type': 'HARD'})


class StopTestCase(StatesTestCase):

    STUBBORN = ['sh', '-c', 'trap "echo asked" TERM; echo up; '
                            'while true; do sleep 0.1; done']

    def test_kill_when_time_is_up(self):
        """The image says for how long to ask."""
        server = self.boot(image=self.image(
            self.STUBBORN, properties={'os_shutdown_timeout': '1'}))
        self.console(server, 'up')
        self._stop_server(server)
        self.assertIn('asked', self.console(server))
        self.assertEqual(
            128 + signal.SIGKILL,
            self.host.inspect(server['id'])['State']['ExitCode'])

    def stubborn(self, **properties):
        server = self.boot(image=self.image(
            self.STUBBORN, properties=properties))
        self.console(server, 'up')
        return server

    def test_time_that_the_operator_gives(self):
        self.flags(shutdown_timeout=1)
        server = self.stubborn()
        self._stop_server(server)
        self.assertIn('asked', self.console(server))

    def test_no_time_at_all(self):
        """As when Nova ends what is to be offloaded."""
        server = self.stubborn(os_shutdown_timeout='3600')
        instance = instance_objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), server['id'])
        instance.task_state = task_states.POWERING_OFF
        instance.save()
        self.compute.manager.stop_instance(
            nova_context.get_admin_context(), instance, clean_shutdown=False)
        self._wait_for_state_change(server, 'SHUTOFF')
        self.assertNotIn('asked', self.console(server))

    def test_soft_reboot_of_what_does_not_end(self):
        """It is killed when its time is up, and runs again."""
        self.flags(reboot_timeout=1, group='novacontainer')
        server = self.stubborn()
        before = self.pid(server)
        self.act(server, 'reboot', 'ACTIVE', {'type': 'SOFT'})
        self.assertNotEqual(before, self.pid(server))
        self.assertIn('asked', self.console(server))
        self.assertIn(self.address(server), self.execute(
            server, 'ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0'))

    def test_stop_what_is_paused(self):
        """Nova only stops what is paused when it finds it ended."""
        server = self.boot()
        self.act(server, 'pause', 'PAUSED')
        instance = instance_objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), server['id'],
            expected_attrs=['info_cache'])
        self.compute.manager.driver.power_off(instance, 20)
        self.assertEqual('exited', self.status(server))
        self.assertIn('bye', self.console(server))

    def test_stop_what_was_removed_by_hand(self):
        server = self.boot()
        self.lose(server)
        self._stop_server(server)
        self._delete_server(server)
        self.assertNothingLeft()

    def test_two_operations_at_once(self):
        """The second one is refused, and does no harm."""
        server = self.boot(image=self.image(
            self.STUBBORN, properties={'os_shutdown_timeout': '3'}))
        self.console(server, 'up')
        self.api.post_server_action(server['id'], {'os-stop': {}})
        for action in ('pause', 'suspend', 'os-start'):
            error = self.assertRaises(
                api_client.OpenStackApiException,
                self.api.post_server_action, server['id'], {action: {}})
            self.assertEqual(409, error.response.status_code)
        self._wait_for_state_change(server, 'SHUTOFF')
