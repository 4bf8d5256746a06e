"""nova-compute killed in the middle, and started again."""

import contextlib
import shutil
import threading

import openstack

from demo import catalog
from demo import images
from demo import leaks
from demo import nova
from demo import processes
from demo import runtime
from demo import tenant
from tests.cloud import cloudcase


class CrashesCase(cloudcase.CloudTestCase):
    """What the operations have in common."""

    def setUp(self):
        """Have it run again after the test, whatever becomes of that."""
        super().setUp()
        self.supervisor = processes.Supervisor(self.directory)
        self.addCleanup(self.start)

    def start(self):
        """Start nova-compute, unless it runs."""
        nova.start_compute(self.directory, self.supervisor)

    def kill(self):
        """Kill it as the kernel does for want of memory.

        If it was about to start a helper, nobody else removes the socket
        that oslo.privsep has made for that.
        """
        self.supervisor.kill('nova-compute')
        for path in leaks.privsep_sockets():
            if str(path) not in self.before['files in /tmp']:
                shutil.rmtree(path.parent)

    def die(self):
        """Kill it, and start it anew."""
        self.kill()
        self.start()

    def look(self, server):
        """The instance as it is now."""
        return self.compute.get_server(server.id)

    def settled(self, server, *statuses):
        """Wait until nothing is done to an instance any more.

        :returns: its status, one of these.
        """
        def status():
            found = self.look(server)
            return not found.task_state and found.status in statuses and (
                found.status)

        return self.until(f'it is settled in {statuses}', status,
                          timeout_s=120)

    def begun(self, server, part):
        """Whether nova-compute has begun a part of the last action."""
        action = next(self.compute.server_actions(server))
        found = self.compute.get_server_action(action.request_id, server)
        return any(event.event == f'compute_{part}'
                   for event in found.events or ())

    def interrupt(self, server, part, ask, *statuses):
        """Kill it as soon as it is at an operation, and wait.

        :param part: the method of Nova's compute manager.
        :param statuses: in which the instance may be afterwards.
        :returns: in which it is.
        """
        ask(server)
        self.until(f'nova-compute has begun to {part}',
                   lambda: self.begun(server, part))
        self.die()
        return self.settled(server, *statuses)

    def complete(self, server, ask, status):
        """Have an operation done that comes to its end."""
        ask(server)
        self.settled(server, status)

    def reboot(self, server):
        """Ask for a reboot that repairs what can be repaired."""
        self.compute.reboot_server(server, 'HARD')

    def go_on(self, server):
        """Have it run again, as its tenant can in any case."""
        if self.look(server).status == 'SHUTOFF':
            self.compute.start_server(server)
        else:
            self.reboot(server)
        self.settled(server, 'ACTIVE')
        self.until('it serves its page', lambda: self.answers(server))

    def boot_with_note(self):
        """An instance whose disk is known again."""
        server = self.boot()
        self.write(server, 'kept')
        self.booted_at = self.address(server)
        return server

    def assertKept(self, server):
        """It runs, and has its disk and its address."""
        self.go_on(server)
        self.assertEqual(self.booted_at, self.address(server))
        self.assertEqual('kept', self.note(server))

    def forget(self, name):
        """Delete what became of a snapshot in Glance."""
        for image in list(self.image.images(name=name)):
            self.image.delete_image(image)


class CrashesTest(CrashesCase):

    def test_in_the_middle_of_a_stop(self):
        server = self.boot_with_note()
        self.interrupt(server, 'stop_instance', self.compute.stop_server,
                       'SHUTOFF')
        self.assertKept(server)

    def test_in_the_middle_of_a_hard_reboot(self):
        server = self.boot_with_note()
        self.interrupt(server, 'reboot_instance', self.reboot, 'ACTIVE')
        self.assertEqual('kept', self.note(server))
        self.assertKept(server)

    def test_in_the_middle_of_a_snapshot(self):
        name = 'test-died-uploading'
        self.addCleanup(self.forget, name)
        server = self.boot_with_note()
        self.interrupt(
            server, 'snapshot_instance',
            lambda server: self.compute.create_server_image(server, name),
            'ACTIVE')
        self.assertKept(server)

    def test_in_the_middle_of_a_rebuild(self):
        server = self.boot_with_note()
        self.interrupt(
            server, 'rebuild_instance',
            lambda server: self.compute.rebuild_server(
                server, image=server.image['id'], name=server.name),
            'ACTIVE', 'ERROR')
        self.go_on(server)

    def test_in_the_middle_of_a_build(self):
        server = self.tenant.boot('test-died-building', images.DEBIAN)
        self.addCleanup(self.delete, server)
        self.until('there is a container',
                   lambda: runtime.containers(self.directory))
        self.die()
        self.settled(server, 'ERROR', 'ACTIVE')

    def test_in_the_middle_of_a_pause_and_of_its_end(self):
        server = self.boot_with_note()
        if self.interrupt(server, 'pause_instance', self.compute.pause_server,
                          'ACTIVE', 'PAUSED') == 'ACTIVE':
            self.complete(server, self.compute.pause_server, 'PAUSED')
        self.interrupt(server, 'unpause_instance',
                       self.compute.unpause_server, 'ACTIVE', 'PAUSED')
        self.assertKept(server)

    def test_in_the_middle_of_a_suspend_and_of_a_resume(self):
        server = self.boot_with_note()
        if self.interrupt(
                server, 'suspend_instance', self.compute.suspend_server,
                'ACTIVE', 'SUSPENDED') == 'ACTIVE':
            self.complete(server, self.compute.suspend_server, 'SUSPENDED')
        self.interrupt(server, 'resume_instance', self.compute.resume_server,
                       'ACTIVE', 'SUSPENDED')
        self.assertKept(server)

    def test_in_the_middle_of_a_rescue_and_of_its_end(self):
        server = self.boot_with_note()
        if self.interrupt(
                server, 'rescue_instance', self.compute.rescue_server,
                'ACTIVE', 'RESCUE') == 'ACTIVE':
            self.assertEqual('kept', self.note(server))
            self.complete(server, self.compute.rescue_server, 'RESCUE')
        self.interrupt(server, 'unrescue_instance',
                       self.compute.unrescue_server, 'ACTIVE')
        self.assertEqual('kept', self.note(server))
        self.assertKept(server)

    def test_in_the_middle_of_a_shelve_and_of_its_end(self):
        server = self.boot_with_note()
        self.addCleanup(self.forget, f'{server.name}-shelved')
        if self.interrupt(
                server, 'shelve_instance', self.compute.shelve_server,
                'ACTIVE', 'SHELVED_OFFLOADED') == 'ACTIVE':
            self.assertEqual('kept', self.note(server))
            self.complete(server, self.compute.shelve_server,
                          'SHELVED_OFFLOADED')
        if self.interrupt(
                server, 'unshelve_instance', self.compute.unshelve_server,
                'ACTIVE', 'SHELVED_OFFLOADED') != 'ACTIVE':
            self.complete(server, self.compute.unshelve_server, 'ACTIVE')
        self.assertKept(server)


class AwayTest(CrashesCase):

    def test_what_is_asked_for_is_done_when_it_is_back(self):
        """Of each operation that has a task of its own from the start."""
        large = self.make_large()
        rows = (
            (self.compute.stop_server, 'SHUTOFF'),
            (self.reboot, 'ACTIVE'),
            (self.compute.pause_server, 'PAUSED'),
            (self.compute.suspend_server, 'SUSPENDED'),
            (self.compute.rescue_server, 'RESCUE'),
            (self.compute.shelve_server, 'SHELVED_OFFLOADED'),
            (lambda server: self.compute.resize_server(server, large),
             'VERIFY_RESIZE'),
            (lambda server: self.compute.rebuild_server(
                server, image=server.image['id'], name=server.name),
             'ACTIVE'),
        )
        asked = [self.tenant.boot('test-away', images.WEB) for _ in rows]
        self.addCleanup(self.tenant.delete, asked)
        servers = [self.wait(server, 'ACTIVE') for server in asked]
        self.kill()
        # Else nobody would delete them, should this fail.
        self.addCleanup(self.start)
        for server, (ask, _) in zip(servers, rows, strict=True):
            ask(server)
        self.start()
        for server, (_, status) in zip(servers, rows, strict=True):
            self.settled(server, status)
            action = next(self.compute.server_actions(server))
            events = self.compute.get_server_action(
                action.request_id, server).events
            self.assertEqual(
                {'Success'}, {event.result for event in events}, events)


class ResizesTest(CrashesCase):

    def setUp(self):
        """Have two flavors, and Placement's account of what is used."""
        super().setUp()
        self.small = self.compute.find_flavor(tenant.FLAVOR).id
        self.large = self.make_large()
        self.placement = catalog.connect(self.directory, 'admin').placement

    def resize(self, server):
        """Ask for the larger flavor."""
        self.compute.resize_server(server, self.large)

    def assertAllotted(self, server):
        """Placement counts what the instance has, and counts it once."""
        provider, = self.placement.resource_providers()
        usages = self.placement.get(
            f'/resource_providers/{provider.id}/usages').json()['usages']
        self.assertEqual(self.look(server).flavor['ram'],
                         usages['MEMORY_MB'])

    def test_in_the_middle_of_a_resize(self):
        server = self.boot_with_note()
        for part in ('prep_resize', 'resize_instance', 'finish_resize'):
            if self.interrupt(server, part, self.resize, 'ACTIVE',
                              'VERIFY_RESIZE') == 'VERIFY_RESIZE':
                self.complete(server, self.compute.revert_server_resize,
                              'ACTIVE')
            self.assertEqual('kept', self.note(server))
            self.assertAllotted(server)
        self.assertKept(server)

    def test_in_the_middle_of_a_confirmation_and_of_a_revert(self):
        server = self.boot_with_note()
        self.complete(server, self.resize, 'VERIFY_RESIZE')
        self.interrupt(server, 'confirm_resize',
                       self.compute.confirm_server_resize, 'ACTIVE')
        self.assertAllotted(server)
        self.complete(
            server, lambda server: self.compute.resize_server(
                server, self.small), 'VERIFY_RESIZE')
        self.interrupt(server, 'revert_resize',
                       self.compute.revert_server_resize, 'ACTIVE')
        self.assertEqual(192, self.look(server).flavor['ram'])
        self.assertAllotted(server)
        self.assertKept(server)


class AttachmentsTest(CrashesCase):

    def test_in_the_middle_of_interfaces(self):
        """The port is the instance's or nobody's; a reboot makes it so."""
        server = self.boot(images.DEBIAN)
        before = self.ports(server)
        self.interrupt(server, 'attach_interface', self.attach, 'ACTIVE')
        self.assertConnected(server)
        if self.ports(server) == before:
            self.compute.create_server_interface(server)
        port, = self.ports(server) - before
        self.interrupt(
            server, 'detach_interface', lambda server: (
                self.compute.delete_server_interface(port, server)), 'ACTIVE')
        self.assertConnected(server)

    def assertConnected(self, server):
        """After a reboot it has as many interfaces as ports."""
        self.complete(server, self.reboot, 'ACTIVE')
        self.until('its interfaces are its ports', lambda: (
            self.interfaces(server) == len(self.ports(server))))

    def attach(self, server):
        """Ask for another port; without an answer the API waits long."""
        threading.Thread(
            target=self.attach_in_vain, args=(server,), daemon=True).start()

    def attach_in_vain(self, server):
        """Ask for another port, and do not mind what is said."""
        with contextlib.suppress(openstack.exceptions.HttpException):
            self.compute.create_server_interface(server)

    def ports(self, server):
        """Ids of its ports; one that was made in vain is bound to nothing.
        """
        return {port.id for port in self.network.ports(device_id=server.id)
                if port.device_owner}

    def interfaces(self, server):
        """How many interfaces there are inside."""
        return int(self.shell(
            server, 'ls -d /sys/class/net/eth* | wc -l'))

    def test_in_the_middle_of_volumes(self):
        """One is taken back, and the other completed."""
        server = self.boot(images.DEBIAN)
        volume = self.volume()
        self.interrupt(server, 'attach_volume', lambda server: (
            self.compute.create_volume_attachment(
                server, volume_id=volume.id)), 'ACTIVE')
        if self.status_of(volume, 'available', 'in-use') == 'available':
            self.compute.create_volume_attachment(
                server, volume_id=volume.id)
            self.status_of(volume, 'in-use')
        self.shell(server, 'echo hello > /dev/vdb')
        self.interrupt(server, 'detach_volume', lambda server: (
            self.compute.delete_volume_attachment(server, volume)), 'ACTIVE')
        self.status_of(volume, 'available')
        self.shell(server, '! test -e /dev/vdb')

    def volume(self):
        """Make a volume that goes with the test."""
        storage = self.tenant.cloud.block_storage
        volume = storage.create_volume(name='test', size=1)
        self.addCleanup(self.remove, volume)
        self.status_of(volume, 'available')
        return volume

    def remove(self, volume):
        """Delete a volume as soon as it is free, and wait until it is gone.
        """
        self.status_of(volume, 'available')
        storage = self.tenant.cloud.block_storage
        storage.delete_volume(volume)
        self.until('the volume is gone', lambda: storage.find_volume(
            volume.id) is None)

    def status_of(self, volume, *statuses):
        """Wait until a volume has one of these, and return it."""
        def status():
            found = self.tenant.cloud.block_storage.get_volume(volume.id)
            return found.status in statuses and found.status

        return self.until(f'the volume is one of {statuses}', status)
