"""The driver's operations with everything around them replaced.

For the tests of the ``*ops`` modules that work on containers.
"""

import contextlib
from unittest import mock

from nova.network import model
from oslo_config import fixture as config_fixture
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.client import images
from novacontainer.virt import consoleops
from novacontainer.virt import containerops
from novacontainer.virt import guestops
from novacontainer.virt import imageops
from novacontainer.virt import leftovers
from novacontainer.virt import networkops
from novacontainer.virt import volumeops
from tests import instances

NETNS = '/run/netns/nc-f00'
NETWORK = model.NetworkInfo()


class OpsTestCase(base.BaseTestCase):
    """Every call that has an effect is noted in ``self.steps``, in order."""

    def setUp(self):
        super().setUp()
        self.conf = self.useFixture(config_fixture.Config(containerops.CONF))
        self.steps = []
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.containers = mock.create_autospec(
            containers.Containers, instance=True)
        self.client.containers = self.containers
        self.network = mock.create_autospec(
            networkops.NetworkOps, instance=True)
        self.images = mock.create_autospec(imageops.ImageOps, instance=True)
        self.console = mock.create_autospec(
            consoleops.ConsoleOps, instance=True)
        self.console.tail.return_value = ''
        self.guest = mock.create_autospec(guestops.GuestOps, instance=True)
        self.volumes = mock.create_autospec(
            volumeops.VolumeOps, instance=True)
        self.drives = self.enterContext(mock.patch.object(
            containerops, 'configdrive', autospec=True))
        self.drives.mounts.return_value = []
        self.tags = self.enterContext(mock.patch.object(
            containerops, 'devicetags', autospec=True))
        self.image(command=('/init',))
        self.status('running')
        self.containers.inspect.side_effect = self._not_rescued
        for verb in ('create', 'init', 'start', 'stop', 'restart', 'remove',
                     'pause', 'unpause'):
            self.note(self.containers, verb)
        for verb in ('plug', 'silence', 'unplug'):
            self.note(self.network, verb)
        self.network.wait_for_plugged.side_effect = self._wait_for_plugged
        self.containers.wait.side_effect = exceptions.TimedOut('It runs.')
        self.leftovers = leftovers.Leftovers()
        self.container_ops = containerops.ContainerOps(
            self.client, self.images, self.network, self.console,
            self.guest, self.volumes, self.leftovers)
        self.instance = instances.instance(info_cache=None)

    def _not_rescued(self, name):
        if name.endswith('-rescued'):
            raise self.missing()
        return mock.DEFAULT

    def note_volumes(self):
        """Note what is done to volumes as well."""
        for verb in ('connect', 'disconnect'):
            self.note(self.volumes, verb)

    def note(self, target, verb, error=None):
        def effect(*args, **kwargs):
            self.steps.append(verb)
            if error is not None:
                raise error
            return mock.DEFAULT

        getattr(target, verb).side_effect = effect

    @contextlib.contextmanager
    def _wait_for_plugged(self, instance, network_info):
        self.steps.append('expect')
        yield
        self.steps.append('plugged')

    def image(self, command):
        self.images.ensure.return_value = images.Image(
            'sha256:1', (), command, 1)

    def status(self, status, **fields):
        self.containers.inspect.return_value = containers.Container(
            'f00', 'nova-x', status, 'glance/x', {}, NETNS, **fields)

    @staticmethod
    def missing():
        return exceptions.NotFound('No such container',
                                   'container.not_found', 404)
