"""The life of a server: boots, the states it is in, events, faults."""

import pathlib
import threading
import time

from nova.tests.functional.api import client as api_client
from oslo_utils.fixture import uuidsentinel as uuids
from oslo_utils import importutils

from tests.functional import computehost
from tests.functional import novaservers
from tests.integration import networkhost

TELL = novaservers.TELL


class LifeTestCase(novaservers.ServersTestCase):

    def test_network_is_complete_before_the_first_instruction(self):
        server = self.boot(hostname='web', metadata={
            'MOOD': 'fine', 'not a name': 'x'})
        text = self.console(server, 'ip6-localhost')
        self.assertIn('host=web mood=fine', text)
        self.assertIn(f'inet {self.address(server)}/24', text)
        self.assertIn('default via 192.168.1.1 dev eth0', text)
        self.assertRegex(text, rf'{self.address(server)}\s+web')
        self.assertEqual(1, len(self.host.switch.ports()))
        self._delete_server(server)
        self.assertNothingLeft()

    def test_limits_and_labels(self):
        flavor = self._create_flavor(
            memory_mb=64, vcpu=1, disk=1, ephemeral=0,
            extra_spec={'novacontainer:pids': '50'})
        body = self._build_server(image_uuid=computehost.NOVA_IMAGE,
                                  flavor_id=flavor, networks='none')
        server = self._wait_for_state_change(
            self.api.post_server({'server': body}), 'ACTIVE')
        document = self.host.inspect(server['id'])
        self.assertEqual(64 << 20, document['HostConfig']['Memory'])
        self.assertEqual(100_000, document['HostConfig']['CpuQuota'])
        self.assertEqual(50, document['HostConfig']['PidsLimit'])
        self.assertEqual(
            server['id'],
            document['Config']['Labels']['org.openstack.nova.instance'])

    def test_stop_and_start_keep_address_and_files(self):
        server = self.boot()
        self.write(server, 'kept')
        self._stop_server(server)
        self.assertEqual('exited', self.host.inspect(
            server['id'])['State']['Status'])
        self._start_server(server)
        text = self.console(server, 'kept')
        self.assertIn('bye', text)
        self.assertEqual(2, text.count(f'inet {self.address(server)}/24'))

    def test_stopped_and_paused_are_cut_off(self):
        """A kernel answers pings without any process."""
        server = self.boot()
        self.assertTrue(self.is_up())
        self._stop_server(server)
        self.assertFalse(self.is_up())
        self._start_server(server)
        self.assertTrue(self.is_up())
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self.assertFalse(self.is_up())
        self.api.post_server_action(server['id'], {'unpause': {}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertTrue(self.is_up())

    def is_up(self):
        """Whether the host end of the only interface is up."""
        link, = (link for link in networkhost.run(
            'ip', '-o', 'link').splitlines() if ' tap' in link)
        return ',UP' in link.partition('>')[0]

    def test_reboots_keep_address_and_files(self):
        server = self.boot()
        self.write(server, 'kept')
        for hard in (False, True):
            before = self.pid(server)
            self._reboot_server(server, hard=hard)
            self.assertNotEqual(before, self.pid(server))
        text = self.console(server, 'kept\n')
        # Only the soft one was asked to go.
        self.assertEqual(1, text.count('bye'))
        self.assertEqual(3, text.count(f'inet {self.address(server)}/24'))

    def test_pause(self):
        server = self.boot()
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self.assertEqual('paused', self.host.inspect(
            server['id'])['State']['Status'])
        self.api.post_server_action(server['id'], {'unpause': {}})
        self._wait_for_state_change(server, 'ACTIVE')

    def test_the_id_of_a_request_is_in_the_log_of_the_daemon(self):
        server = self.boot()
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        # As "openstack server event list" shows it.
        ident, = (action['request_id']
                  for action in self.api.get_instance_actions(server['id'])
                  if action['action'] == 'pause')
        lines = [line for line in self.host.daemon.log.splitlines()
                 if f'[{ident}]' in line]
        self.assertRegex('\n'.join(lines), r'/pause -> 204 in \d+ ms')

    def test_hard_reboot_and_delete_of_what_is_paused(self):
        server = self.boot()
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self._reboot_server(server, hard=True)
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self._delete_server(server)
        self.assertNothingLeft()

    def test_snapshot_boots_with_what_was_changed(self):
        """The environment goes along, with what was the metadata's."""
        server = self.boot(metadata={'MOOD': 'handed-down'})
        self.write(server, 'changed')
        self._snapshot_server(server, 'snap')
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        snapshot, = (image for image in self.glance.images.values()
                     if image['name'] == 'snap')
        self.assertEqual(
            ('docker', 'raw', 'active'),
            (snapshot['container_format'], snapshot['disk_format'],
             snapshot['status']))
        self.assertEqual(
            set(), {name for name in self.host.images()
                    if name.startswith(('snapshot/', 'untagged'))})
        self._delete_server(server)
        copy = self.boot(image=snapshot['id'])
        self.assertIn('mood=handed-down', self.console(copy, 'changed'))

    def test_many_at_once_load_the_image_once(self):
        image = self.image(['sh', '-c', TELL])
        servers = []

        def boot():
            servers.append(self._create_server(
                image_uuid=image, networks='none'))

        threads = [threading.Thread(target=boot) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(['ACTIVE'] * 4,
                         [server['status'] for server in servers])
        self.assertEqual([image], self.glance.downloads)

    def test_command_by_image_property(self):
        image = self.image(None, properties={
            'os_command_line': "sh -c 'echo over  ridden; sleep 1000'"})
        self.console(self.boot(image=image), 'over ridden')


class EventTestCase(novaservers.ServersTestCase):
    """What happens by itself, and what goes away."""

    def test_container_that_ends_is_shutoff(self):
        """By its event: Nova's own look comes every ten minutes."""
        server = self.boot()
        networkhost.run('kill', '-KILL', str(self.pid(server)))
        self._wait_for_state_change(server, 'SHUTOFF')
        self._start_server(server)
        self.console(server, 'host=')

    def test_daemon_is_killed(self):
        server = self.boot()
        before = self.pid(server)
        self.host.daemon.kill()
        self.addCleanup(self.restart_daemon)
        self.assertRaises(
            api_client.OpenStackApiException, self.api.post_server_action,
            server['id'], {'os-getConsoleOutput': {}})
        self.restart_daemon()
        self.assertEqual(before, self.pid(server))
        self._reboot_server(server)
        self.console(server, f'inet {self.address(server)}/24')

    def restart_daemon(self):
        if self.host.daemon.process.poll() is not None:
            self.host.daemon.start()

    def test_container_ends_while_the_daemon_is_away(self):
        server = self.boot()
        pid = self.pid(server)
        self.host.daemon.kill()
        self.addCleanup(self.restart_daemon)
        networkhost.run('kill', '-KILL', str(pid))
        self.restart_daemon()
        self._wait_for_state_change(server, 'SHUTOFF')

    def test_delete_without_a_runtime(self):
        """Nothing leaks: Nova keeps the server, and deletes it later."""
        server = self.boot()
        self.host.daemon.kill()
        self.addCleanup(self.restart_daemon)
        self.assertRaises(api_client.OpenStackApiException,
                          self.api.delete_server, server['id'])
        self.restart_daemon()
        self.api.delete_server(server['id'])
        self._wait_until_deleted(server)
        self.assertNothingLeft()

    def test_compute_service_restarts(self):
        server = self.boot()
        before = self.pid(server)
        self.compute = self.restart_compute_service(self.compute)
        self.assertEqual(before, self.pid(server))
        self.assertEqual('ACTIVE', self.api.get_server(
            server['id'])['status'])
        self._reboot_server(server)

    def test_compute_service_restarts_after_a_broken_snapshot(self):
        server = self.boot()
        self.host.daemon.json(
            'POST', f'/commit?container=nova-{server["id"]}'
                    f'&repo=snapshot/{uuids.broken}&tag=latest', {})
        self.assertIn(f'snapshot/{uuids.broken}:latest', self.host.images())
        self.compute = self.restart_compute_service(self.compute)
        self.assertEqual(set(), {name for name in self.host.images()
                                 if name.startswith('snapshot/')})

    def test_host_reboots(self):
        """Namespaces are gone, files are there, the instance was running."""
        server = self.boot()
        self.write(server, 'kept')
        self.flags(resume_guests_state_on_host_boot=True)
        self.compute.stop()
        networkhost.run('kill', '-KILL', str(self.pid(server)))
        self.wait_status(server, 'exited')
        self.host.daemon.stop()
        self.addCleanup(self.restart_daemon)
        for pin in pathlib.Path('/run/netns').iterdir():
            networkhost.run('umount', str(pin))
            pin.unlink()
        self.restart_daemon()
        self.compute.start()
        text = self.console(server, 'kept')
        self.assertEqual(2, text.count(f'inet {self.address(server)}/24'))

    def wait_status(self, server, status):
        for _ in range(100):
            if self.host.inspect(
                    server['id'])['State']['Status'] == status:
                return
            time.sleep(0.05)
        self.fail(f'The container is not {status}.')


class DeletionTestCase(novaservers.ServersTestCase):
    """Deletion in the middle of a boot, wherever that is just then."""

    CAST_AS_CALL = False

    def setUp(self):
        super().setUp()
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.addCleanup(self.go_on.set)

    def hold(self, name):
        """Have a boot stop before a step of the driver."""
        step = importutils.import_class(name.rpartition('.')[0]).__dict__[
            name.rpartition('.')[2]]

        def held(*args, **kwargs):
            self.reached.set()
            self.go_on.wait(30)
            return step(*args, **kwargs)

        self.stub_out(name, held)

    def delete_at(self, name):
        self.hold(name)
        body = self._build_server(
            image_uuid=self.image(['sh', '-c', TELL]),
            networks=[{'port': self.neutron.port_1['id']}])
        server = self.api.post_server({'server': body})
        self.assertTrue(self.reached.wait(30))
        self.api.delete_server(server['id'])
        self.go_on.set()
        self._wait_until_deleted(server)
        self.assertNothingLeft()

    def test_while_the_image_is_loaded(self):
        self.delete_at('novacontainer.client.images.Images.load')

    def test_before_the_network(self):
        self.delete_at('novacontainer.virt.networkops.NetworkOps.plug')

    def test_before_the_start(self):
        self.delete_at('novacontainer.client.containers.Containers.start')


class FaultTestCase(novaservers.ServersTestCase):
    """A fault says what a person can act on, and nothing is left behind."""

    def setUp(self):
        super().setUp()
        # With one host there is no other to try, and Nova would put
        # "Exhausted all hosts" in place of the reason.
        self.flags(max_attempts=1, group='scheduler')

    def port(self, **fields):
        """Change the port that servers are booted with."""
        self.neutron._ports[self.neutron.port_1['id']].update(fields)

    def test_exits_at_once(self):
        # At once is a matter of the machine's load; it is over as soon as
        # the command has ended.
        self.flags(start_grace=20, group='novacontainer')
        message = self.fault(image=self.image(
            ['sh', '-c', 'echo cannot open config; exit 3']))
        self.assertIn('exited with code 3 at once', message)
        self.assertIn('cannot open config', message)

    def test_no_command(self):
        self.assertIn('names no command', self.fault(image=self.image(None)))

    def test_command_not_found(self):
        message = self.fault(image=self.image(['/bin/nope']))
        self.assertIn('/bin/nope', message)

    def test_not_a_tarball(self):
        message = self.fault(
            image=self.image(archive=b'This is no tar.' * 1000))
        self.assertIn('is unacceptable', message)

    def test_truncated(self):
        whole = computehost.image()
        message = self.fault(
            image=self.image(archive=whole[:len(whole) // 2]))
        self.assertIn('is unacceptable', message)

    def test_wrong_container_format(self):
        message = self.fault(image=self.image(
            archive=b'x', container_format='bare'))
        self.assertIn('--container-format docker', message)

    def test_unreadable_command_line(self):
        message = self.fault(image=self.image(
            ['true'], properties={'os_command_line': "sh -c 'oops"}))
        self.assertIn('os_command_line', message)

    def test_glance_fails_in_the_middle(self):
        image = self.image(['sleep', '100'])
        self.glance.failure = OSError(32, 'Corrupt image download.')
        self.assertIn('Corrupt image download', self.fault(image=image))
        self.glance.failure = None
        self.boot(image=image)

    def test_image_is_gone(self):
        image = self.image(['sleep', '100'])
        del self.glance._imagedata[image]
        self.assertIn('could not be found', self.fault(image=image))

    def test_runtime_is_away(self):
        self.host.daemon.kill()
        self.addCleanup(self.host.daemon.start)
        server = self.boot(expected_state='ERROR')
        self.assertIn('cannot be reached', server['fault']['message'])

    def test_vif_that_cannot_be_plugged(self):
        self.port(**{'binding:vif_type': 'vhostuser'})
        self.assertIn('vhostuser', self.fault())

    def test_neutron_never_reports_the_port_up(self):
        self.flags(vif_plugging_timeout=1)
        self.port(status='DOWN')
        self.assertIn('Neutron did not report', self.fault())
