"""The daemon is killed in the middle of every operation, and comes back.

It dies in each request that changes something, in one way each; with
``NOVACONTAINER_EVERY_STEP=1`` in the environment in every way.  Afterwards no
instance has a task that nobody works on, Nova and the runtime agree on what
it is, its tenant can go on, and when it is deleted nothing is left.
"""

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives import serialization
from nova.tests.functional.api import client as api_client

from tests.functional import computehost
from tests.functional import daemondeath

#: What Nova says, and what its container may be then.
_AGREEING = {
    'ACTIVE': ('running',), 'SHUTOFF': ('exited', 'created'),
    'PAUSED': ('paused',), 'SUSPENDED': ('paused',), 'RESCUE': ('running',),
    'VERIFY_RESIZE': ('running',)}


class DaemonDeathsCase(daemondeath.MortalDaemonTestCase):
    """What the operations have in common."""

    def settled(self):
        return super().settled() and self.over(self.server)

    def agree(self, status):
        """Whether Nova knows what the container is."""
        if status == 'ERROR':
            return True
        return self.status(self.server) in _AGREEING[status]

    def die_everywhere(self, action, states, body=None, before=None,
                       done=None, turns=1, kept=True, **fields):
        """Have the daemon die in every request of an operation.

        :param states: in which the server may be afterwards.
        :param before: what puts it into the state that it is to begin in.
        """
        self.server = self.boot(**fields)
        self.write(self.server, 'kept')
        for deaths in daemondeath.deaths(turns):
            for death in deaths:
                if before is not None:
                    before()
                if not self.dies(death, lambda: self.order(action, body),
                                 done or self.settled):
                    break
                self.wait_for(lambda: (
                    self.settled() and self.server['status'] in states
                    and self.agree(self.server['status'])))
                self.go_on()
                self.assertWell(kept)
                if not kept:
                    self.write(self.server, 'kept')
            self.assertLess(0, death.request)
            self.go_on()
        self.end()


class PowerTestCase(DaemonDeathsCase):

    def test_stop(self):
        self.die_everywhere('os-stop', ['ACTIVE', 'SHUTOFF'], turns=3)

    def test_start(self):
        self.die_everywhere(
            'os-start', ['ACTIVE', 'SHUTOFF'],
            before=lambda: self.act(self.server, 'os-stop', 'SHUTOFF'))

    def test_reboot(self):
        self.die_everywhere(
            'reboot', ['ACTIVE', 'SHUTOFF', 'ERROR'], {'type': 'SOFT'})

    def test_hard_reboot(self):
        self.die_everywhere(
            'reboot', ['ACTIVE', 'SHUTOFF', 'ERROR'], {'type': 'HARD'})


class StandstillTestCase(DaemonDeathsCase):

    def agree(self, status):
        """Nova leaves alone what is paused, or is not, without its doing.

        Whoever asks for it again has it so.
        """
        return self.status(self.server) in ('running', 'paused')

    def test_pause(self):
        self.die_everywhere('pause', ['ACTIVE', 'PAUSED'], turns=2)

    def go_on(self):
        """Ask for it again; the processes live on."""
        if self.look()['status'] == 'ACTIVE':
            self.act(self.server, 'pause', 'PAUSED')
        pid = self.pid(self.server)
        super().go_on()
        self.assertEqual(pid, self.pid(self.server))

    def test_unpause(self):
        self.die_everywhere(
            'unpause', ['ACTIVE', 'PAUSED'], turns=2,
            before=lambda: self.act(self.server, 'pause', 'PAUSED'))


class FilesTestCase(DaemonDeathsCase):
    """What concerns the files of a server as well."""

    def test_snapshot(self):
        self.die_everywhere('createImage', ['ACTIVE'], {'name': 'image'},
                            turns=2)
        self.wait_for(lambda: not any(
            'snapshot' in name for name in self.host.images()))

    def test_rescue(self):
        self.die_everywhere('rescue', ['RESCUE', 'ERROR'], {})

    def test_resize(self):
        sizes = self.make_sizes()
        self.die_everywhere(
            'resize', ['ACTIVE', 'SHUTOFF', 'VERIFY_RESIZE', 'ERROR'],
            {'flavorRef': sizes[128]}, flavorRef=sizes[64])

    def test_rebuild(self):
        """Nothing that was made in part only is taken for whole."""
        self.key = ed25519.Ed25519PrivateKey.generate().public_key(
            ).public_bytes(serialization.Encoding.OpenSSH,
                           serialization.PublicFormat.OpenSSH).decode()
        self.api.post_keypair({'keypair': {
            'name': 'mine', 'type': 'ssh', 'public_key': self.key}})
        self.die_everywhere('rebuild', ['ACTIVE', 'ERROR'], {
            'imageRef': computehost.NOVA_IMAGE}, kept=False, key_name='mine')

    def assertWell(self, kept=True):
        super().assertWell(kept)
        if not kept:
            self.assertIn(self.key, self.execute(
                self.server, 'cat', '/root/.ssh/authorized_keys'))


class LivesTestCase(DaemonDeathsCase):
    """Their beginning and their end."""

    def ask_for_one(self):
        self.server = self.api.post_server({'server': self._build_server(
            image_uuid=computehost.NOVA_IMAGE,
            networks=[{'port': self.neutron.port_1['id']}])})

    def built(self):
        return self.look()['status'] != 'BUILD' and self.settled()

    def test_spawn(self):
        """A build that fails is all taken back, if need be later."""
        for death in next(daemondeath.deaths()):
            if not self.dies(death, self.ask_for_one, self.built):
                break
            if self.server['status'] == 'ERROR':
                self.wait_for(lambda: not self.host.containers())
                self.assertNothingLeft()
            self._delete_server(self.server)
            self.assertNothingLeft()
        self.assertLess(0, death.request)
        self.assertWell(kept=False)
        self.end()

    def test_delete(self):
        """It can be asked for again, where it has failed."""
        for deaths in daemondeath.deaths(turns=3):
            for death in deaths:
                self.server = self.boot()
                if not self.dies(death, self.delete, self.gone):
                    break
                if not self.has_gone():
                    self._delete_server(self.server)
                self.assertNothingLeft()
            self.assertLess(0, death.request)
            self.assertNothingLeft()

    def delete(self):
        self.api.delete_server(self.server['id'])

    def has_gone(self):
        try:
            self.look()
        except api_client.OpenStackApiNotFoundException:
            return True
        return False

    def gone(self):
        """Whether it is gone, or cannot be deleted."""
        return self.has_gone() or (
            self.server['status'] == 'ERROR' and self.settled())


class InterfacesTestCase(DaemonDeathsCase):

    #: Nothing but a look at the container is asked for.
    methods = frozenset(('GET',))

    def assertConnected(self):
        """The server has each port that is its own, and no other."""
        ports = len(self.api.get_port_interfaces(self.server['id']))
        self.assertEqual(ports, len(self.host.switch.ports()))
        self.assertEqual(ports, self.interfaces())

    def die_in(self, ask, before):
        for deaths in daemondeath.deaths(turns=2):
            for death in deaths:
                self.server = self.boot()
                before()
                died = self.dies(death, ask, self.settled)
                self.assertEqual('ACTIVE', self.look()['status'])
                self.go_on()
                self.assertConnected()
                self.end()
                if not died:
                    break
            self.assertLess(0, death.request)

    def test_attach(self):
        self.die_in(self.attach_interface, lambda: None)

    def test_detach(self):
        self.die_in(self.detach_interface, self.attach_interface)
