"""nova-compute dies at the steps of every operation, and comes back.

It dies after the first step, and after every fourth from there on; with
``NOVACONTAINER_EVERY_STEP=1`` in the environment before the first and after
each.  Afterwards the instance has no task that nobody works on, and is in a
state from which its tenant can go on; it can be deleted, and nothing is left.
"""

import itertools
import os

from nova.tests.functional.api import client as api_client

from tests.functional import computehost
from tests.functional import mortality

_EVERY = bool(os.environ.get('NOVACONTAINER_EVERY_STEP'))


class CrashesCase(mortality.MortalTestCase):
    """What the operations have in common."""

    @staticmethod
    def steps():
        return itertools.count(0) if _EVERY else itertools.count(1, 4)

    def assertTried(self, steps):
        """It died at least once; each first operation ends by itself."""
        self.assertLess(next(self.steps()), steps)

    def die_everywhere(self, action, states, body=None, before=None,
                       done=None, kept=True, **fields):
        """Die at every step of an operation of one server.

        :param states: in which it may be afterwards.
        :param before: what puts it into the state that it is to begin in.
        """
        self.server = self.boot(**fields)
        self.write(self.server, 'kept')
        for steps in self.steps():
            if before is not None:
                before()
            if not self.dies(steps, lambda: self.order(action, body),
                             done or self.settled):
                break
            self.wait_for(lambda: (
                self.settled() and self.server['status'] in states))
            self.go_on()
            self.assertWell(kept)
            if not kept:
                self.write(self.server, 'kept')
        self.assertTried(steps)
        self.end()


class CrashesTestCase(CrashesCase):

    def gone(self):
        try:
            self.api.get_server(self.server['id'])
        except api_client.OpenStackApiNotFoundException:
            return True
        return False

    def test_stop(self):
        self.die_everywhere('os-stop', ['SHUTOFF'])

    def test_start(self):
        self.die_everywhere(
            'os-start', ['ACTIVE'],
            before=lambda: self.act(self.server, 'os-stop', 'SHUTOFF'))

    def test_reboot(self):
        self.die_everywhere('reboot', ['ACTIVE'], {'type': 'SOFT'})

    def test_hard_reboot(self):
        self.die_everywhere('reboot', ['ACTIVE'], {'type': 'HARD'})

    def test_pause(self):
        self.die_everywhere('pause', ['ACTIVE', 'PAUSED'])

    def test_unpause(self):
        self.die_everywhere(
            'unpause', ['ACTIVE', 'PAUSED'],
            before=lambda: self.act(self.server, 'pause', 'PAUSED'))

    def test_suspend(self):
        self.die_everywhere('suspend', ['ACTIVE', 'SUSPENDED'])

    def test_resume(self):
        self.die_everywhere(
            'resume', ['ACTIVE', 'SUSPENDED'],
            before=lambda: self.act(self.server, 'suspend', 'SUSPENDED'))

    def test_rescue(self):
        self.die_everywhere('rescue', ['ACTIVE'], {})

    def test_unrescue(self):
        self.die_everywhere(
            'unrescue', ['ACTIVE'],
            before=lambda: self.act(self.server, 'rescue', 'RESCUE', {}))

    def test_snapshot(self):
        self.die_everywhere('createImage', ['ACTIVE'], {'name': 'image'})

    def test_backup(self):
        self.die_everywhere('createBackup', ['ACTIVE'], {
            'name': 'image', 'backup_type': 'daily', 'rotation': 1})

    def test_shelve(self):
        self.die_everywhere('shelve', ['ACTIVE', 'SHELVED_OFFLOADED'])

    def test_unshelve(self):
        self.die_everywhere(
            'unshelve', ['SHELVED_OFFLOADED'],
            before=lambda: self.act(
                self.server, 'shelve', 'SHELVED_OFFLOADED'))

    def test_rebuild(self):
        self.die_everywhere('rebuild', ['ERROR'], {
            'imageRef': computehost.NOVA_IMAGE}, kept=False)

    def test_password(self):
        image = self.image(archive=computehost.image(**{
            'etc/passwd': 'root:x:0:0::/:/bin/sh\n',
            'etc/shadow': 'root:*:::::::\n'}))
        self.die_everywhere('changePassword', ['ACTIVE'], {
            'adminPass': 'a new one'}, image=image)

    def test_spawn(self):
        for steps in self.steps():
            if not self.dies(steps, self.ask_for_one, self.built):
                break
            self.wait_for(self.built)
            self.assertEqual('ERROR', self.look()['status'])
            self.assertNothingLeft()
            self.end()
        self.assertTried(steps)
        self.end()

    def ask_for_one(self):
        self.server = self.api.post_server({'server': self._build_server(
            image_uuid=computehost.NOVA_IMAGE,
            networks=[{'port': self.neutron.port_1['id']}])})

    def built(self):
        return self.look()['status'] != 'BUILD'

    def test_delete(self):
        for steps in self.steps():
            self.server = self.boot()
            died = self.dies(
                steps, lambda: self.api.delete_server(self.server['id']),
                self.gone)
            self._wait_until_deleted(self.server)
            self.assertNothingLeft()
            if not died:
                break
        self.assertTried(steps)

    def assertConnected(self, count):
        self.assertEqual('running', self.status(self.server))
        self.assertEqual(count, self.interfaces())

    def detached(self):
        """The port goes before the step that it goes in has ended."""
        return (len(self.host.switch.ports()) == 1
                and self.over(self.server))

    def test_attach(self):
        """The port is the instance's or nobody's; a reboot makes it so."""
        for steps in self.steps():
            self.server = self.boot()
            if not self.dies(steps, self.attach_interface, self.settled):
                break
            self.assertEqual('ACTIVE', self.look()['status'])
            self.go_on()
            self.assertConnected(len(self.host.switch.ports()))
            self.end()
        self.assertTried(steps)
        self.assertConnected(2)
        self.end()

    def test_detach(self):
        self.server = self.boot()
        self.attach_interface()
        for steps in self.steps():
            if not self.dies(steps, self.detach_interface, self.detached):
                break
            self.assertEqual('ACTIVE', self.look()['status'])
            # It was not done, and can be asked for again.
            self.go_on()
            self.assertConnected(2)
        self.assertTried(steps)
        self.end()


class ResizesCase(CrashesCase):
    """A server of two sizes, which Placement counts once."""

    def setUp(self):
        super().setUp()
        self.sizes = self.make_sizes()

    def boot(self):
        return super().boot(flavorRef=self.sizes[64])

    def resize(self):
        self.act(self.server, 'resize', 'VERIFY_RESIZE', {
            'flavorRef': self.sizes[192 - self.look()['flavor']['ram']]})

    def assertWell(self, kept=True):
        super().assertWell(kept)
        provider, = self._get_all_providers()
        usages = self.placement.get(
            f'/resource_providers/{provider["uuid"]}/usages').body['usages']
        self.assertEqual(self.look()['flavor']['ram'], usages['MEMORY_MB'])


class ResizesTestCase(ResizesCase):

    def test_resize(self):
        self.die_everywhere('resize', ['ACTIVE', 'VERIFY_RESIZE'],
                            {'flavorRef': self.sizes[128]})

    def test_confirm(self):
        self.die_everywhere(
            'confirmResize', ['ACTIVE'], before=self.resize,
            done=lambda: self.look()['status'] == 'ACTIVE')

    def test_revert(self):
        self.die_everywhere('revertResize', ['ACTIVE'], before=self.resize)
