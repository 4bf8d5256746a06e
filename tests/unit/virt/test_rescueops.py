from unittest import mock

from nova import exception

from novacontainer.client import exceptions
from novacontainer.client import images
from novacontainer.virt import guestops
from novacontainer.virt import powerops
from novacontainer.virt import rescueops
from novacontainer.virt import volumeops
from tests import instances
from tests.unit.virt import rig

_C = mock.sentinel.context


class RescueOpsTestCase(rig.OpsTestCase):
    """``self.names`` has the containers that there are."""

    def setUp(self):
        super().setUp()
        self.name = f'nova-{self.instance.uuid}'
        self.aside = f'{self.name}-rescued'
        self.names = {self.name: 'exited'}
        guest = mock.create_autospec(guestops.GuestOps, instance=True)
        self.guest = guest
        self.note(guest, 'prepare')
        for verb in ('inspect', 'remove', 'rename', 'create', 'start'):
            getattr(self.containers, verb).side_effect = getattr(
                self, f'_{verb}')
        self.ops = rescueops.RescueOps(
            self.client, self.container_ops, powerops.PowerOps(
                self.client, self.container_ops, self.network,
                self.volumes),
            self.images, guest)
        self.known = self.enterContext(mock.patch.object(
            volumeops, 'known', autospec=True))

    def _inspect(self, name):
        if name not in self.names:
            raise self.missing()
        self.status(self.names[name])
        return self.containers.inspect.return_value

    def _remove(self, name, force):
        self.steps.append('remove')
        self._inspect(name)
        del self.names[name]

    def _rename(self, name, new_name):
        self.steps.append('rename')
        self._inspect(name)
        self.names[new_name] = self.names.pop(name)

    def _create(self, name, body):
        self.steps.append('create')
        self.names[name] = 'created'

    def _start(self, name):
        self.steps.append('start')
        self.names[name] = 'running'

    def rescue(self, **fields):
        self.ops.rescue(_C, self.instance, rig.NETWORK,
                        instances.image_meta(**fields), 'secret')

    def body(self):
        return self.containers.create.call_args.args[1]

    def test_rescue(self):
        self.rescue()
        self.assertEqual(
            {self.name: 'running', self.aside: 'exited'}, self.names)
        self.assertEqual(
            ['stop', 'rename', 'create', 'prepare', 'init', 'plug', 'start'],
            self.steps)
        self.assertEqual(
            [{'Type': 'root', 'Source': self.aside, 'Target': '/mnt'}],
            self.body()['HostConfig']['Mounts'])
        self.guest.prepare.assert_called_once_with(
            self.instance, (), 'secret')

    def test_terminal_where_there_are_serial_consoles(self):
        self.conf.config(enabled=True, group='serial_console')
        self.rescue()
        self.assertTrue(self.body()['Tty'])
        self.assertTrue(self.body()['OpenStdin'])

    def test_the_instance_s_own_wishes_do_not_count(self):
        self.instance.metadata = {'novacontainer_command': 'rm -rf /'}
        self.rescue(properties={'os_command_line': 'sleep 1'})
        self.assertEqual(['sleep', '1'], self.body()['Cmd'])
        self.assertEqual({'novacontainer_command': 'rm -rf /'},
                         self.instance.metadata)

    def test_config_drive_keeps_out_of_the_broken_root(self):
        self.instance.config_drive = 'True'
        self.rescue()
        self.assertEqual(
            ['/mnt', '/var/lib/cloud/seed/config_drive'],
            [mount['Target']
             for mount in self.body()['HostConfig']['Mounts']])

    def test_bad_image_changes_nothing(self):
        self.images.ensure.side_effect = exception.ImageUnacceptable(
            image_id='x', reason='no')
        self.assertRaises(exception.ImageUnacceptable, self.rescue)
        self.images.ensure.side_effect = None
        self.images.ensure.return_value = images.Image('sha256:1', (), (), 1)
        self.assertRaises(exception.ImageUnacceptable, self.rescue)
        self.assertEqual([], self.steps)

    def test_failure_puts_it_back(self):
        self.containers.start.side_effect = exceptions.Failed('crun')
        self.assertRaises(exception.InternalError, self.rescue)
        self.assertEqual({self.name: 'exited'}, self.names)

    def test_failure_with_the_runtime_away(self):
        self.containers.create.side_effect = exceptions.Failed('first')
        rename = self.containers.rename.side_effect

        def once(*args):
            self.containers.rename.side_effect = (
                exceptions.ConnectionFailed('second'))
            rename(*args)

        self.containers.rename.side_effect = once
        error = self.assertRaises(exception.InternalError, self.rescue)
        self.assertIn('first', str(error))

    def test_a_rescue_that_came_to_no_end(self):
        self.names = {self.aside: 'exited', self.name: 'created'}
        self.rescue()
        self.assertEqual(
            {self.name: 'running', self.aside: 'exited'}, self.names)

    def test_removed_by_hand(self):
        self.names = {}
        self.assertRaises(exception.InstanceNotFound, self.rescue)

    def test_unrescue(self):
        self.names = {self.name: 'running', self.aside: 'exited'}
        self.ops.unrescue(_C, self.instance)
        self.assertEqual({self.name: 'running'}, self.names)
        self.assertEqual(['remove', 'rename', 'init', 'plug', 'start'],
                         self.steps)

    def test_unrescue_once_more(self):
        """nova-compute died after it had put the container back."""
        self.ops.unrescue(_C, self.instance)
        self.assertEqual(['init', 'plug', 'start'], self.steps)

    def test_volumes(self):
        self.note_volumes()
        self.ops.rescue(_C, self.instance, rig.NETWORK,
                        instances.image_meta(), 'secret',
                        mock.sentinel.volumes)
        self.assertEqual(['connect', 'init', 'plug', 'start'],
                         self.steps[-4:])
        self.volumes.connect.assert_called_once_with(
            _C, self.instance, mock.sentinel.volumes)
        self.ops.unrescue(_C, self.instance)
        self.volumes.connect.assert_called_with(
            _C, self.instance, self.known.return_value)

    def test_unrescue_fails(self):
        self.names = {self.name: 'running', self.aside: 'exited'}
        self.containers.remove.side_effect = exceptions.Failed('stuck')
        self.assertRaises(exception.InternalError, self.ops.unrescue, _C,
                          self.instance)
