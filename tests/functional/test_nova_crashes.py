"""nova-compute dies in the middle of every operation, and comes back.

Death is a step that ends its thread with an exception that nothing catches,
and from then on this thread has no effects: what tidies up on its way out
reaches neither the runtime, nor the network, nor the database.
"""

import contextlib
import threading
from unittest import mock

from oslo_utils import importutils

from tests.functional import novaservers

_CONTAINERS = 'novacontainer.client.containers.Containers.'
_NETWORK = 'novacontainer.virt.networkops.NetworkOps.'
#: All through which a dying thread could still do something.
_EFFECTS = (
    'novacontainer.client.transport.Transport.call',
    'novacontainer.client.transport.Transport.stream',
    _NETWORK + 'plug', _NETWORK + 'unplug', _NETWORK + 'silence',
    'nova.objects.instance.Instance.save',
    'nova.objects.instance.Instance.destroy',
)


class Killed(BaseException):
    """No ``except Exception`` holds it up."""


class CrashesTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False

    def setUp(self):
        super().setUp()
        self.dead = set()
        for name in _EFFECTS:
            self.stub_out(name, self.unless_dead(self.step(name)))

    def step(self, name):
        owner, _, method = name.rpartition('.')
        return getattr(importutils.import_class(owner), method)

    def unless_dead(self, step):
        def effect(*args, **kwargs):
            if threading.get_ident() in self.dead:
                raise Killed
            return step(*args, **kwargs)
        return effect

    @contextlib.contextmanager
    def death(self, name, after=False):
        """Have nova-compute die at a step, and start it again.

        :param after: what the step does is done.
        """
        reached = threading.Event()
        step = self.step(name)

        def last(*args, **kwargs):
            if reached.is_set():
                return step(*args, **kwargs)
            if after:
                step(*args, **kwargs)
            self.dead.add(threading.get_ident())
            reached.set()
            raise Killed

        with mock.patch(name, last):
            yield
            self.assertTrue(reached.wait(60), name)
            self.compute.stop()
        self.dead.clear()
        self.compute.start()

    def ask(self, action, body=None):
        self.api.post_server_action(self.server['id'], {action: body})

    def until(self, state):
        return self._wait_for_server_parameter(
            self.server, {'status': state, 'OS-EXT-STS:task_state': None})

    def mend(self):
        """What an operator does where Nova leaves the task as it was."""
        self.ask('os-resetState', {'state': 'active'})
        self.act(self.server, 'reboot', 'ACTIVE', {'type': 'HARD'})

    def assertWell(self):
        self.assertEqual('running', self.status(self.server))
        self.assertEqual('kept\n', self.execute(
            self.server, 'cat', '/marker'))
        self.assertIn(self.address(self.server), self.execute(
            self.server, 'ip', '-o', '-4', 'addr', 'show', 'dev', 'eth0'))
        self.assertEqual(1, len(self.host.containers()))

    def test_what_starts_and_stops(self):
        self.server = self.boot()
        self.write(self.server, 'kept')
        with self.death(_CONTAINERS + 'stop', after=True):
            self.ask('os-stop')
        self.until('SHUTOFF')
        with self.death(_CONTAINERS + 'start'):
            self.ask('os-start')
        self.until('ACTIVE')
        self.assertWell()
        with self.death(_CONTAINERS + 'init'):
            self.ask('reboot', {'type': 'HARD'})
        self.until('ACTIVE')
        self.assertWell()
        with self.death(_CONTAINERS + 'pause', after=True):
            self.ask('suspend')
        self.act(self.server, 'reboot', 'ACTIVE', {'type': 'HARD'})
        self.assertWell()
        with self.death(_CONTAINERS + 'remove'):
            self.api.delete_server(self.server['id'])
        self._wait_until_deleted(self.server)
        self.assertNothingLeft()

    def test_rescue(self):
        self.server = self.boot()
        self.write(self.server, 'kept')
        with self.death(_CONTAINERS + 'create'):
            self.ask('rescue', {})
        self.mend()
        self.assertWell()
        self.ask('rescue', {})
        self.until('RESCUE')
        with self.death(_CONTAINERS + 'remove', after=True):
            self.ask('unrescue')
        self.mend()
        self.assertWell()

    def test_resize(self):
        self.flags(allow_resize_to_same_host=True)
        flavor = self._create_flavor(
            memory_mb=128, vcpu=1, disk=1, ephemeral=0)
        self.server = self.boot()
        self.write(self.server, 'kept')
        with self.death(_CONTAINERS + 'stop', after=True):
            self.ask('resize', {'flavorRef': flavor})
        self.until('ACTIVE')
        self.assertWell()
        with self.death(_CONTAINERS + 'start'):
            self.ask('resize', {'flavorRef': flavor})
        self.mend()
        self.assertWell()
