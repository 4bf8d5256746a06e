"""What the rootwrap filters let nova's user run, by rootwrap's own matcher."""

import pathlib
import tempfile

import os_brick.privileged
from oslo_privsep import priv_context
from oslo_rootwrap import filters as rootwrap_filters
from oslo_rootwrap import wrapper
from oslotest import base
from vif_plug_ovs import privsep as vif_plug_privsep

from novacontainer.virt import privsep

DIRECTORY = pathlib.Path(__file__).parents[4] / 'etc' / 'nova' / 'rootwrap.d'
CONFIG = '/etc/nova/nova.conf'
SOCKET = '/tmp/tmpab1_x9yz/privsep.sock'
#: os-brick had one in 2025.1, and has two since.
CONTEXTS = (privsep.network.pypath, vif_plug_privsep.vif_plug.pypath,
            *(context.pypath
              for context in vars(os_brick.privileged).values()
              if isinstance(context, priv_context.PrivContext)))


def command(context=CONTEXTS[0], configs=(CONFIG,), socket=SOCKET):
    """The helper's command line, in the order in which privsep writes it."""
    files = [part for config in configs
             for part in ('--config-file', config)]
    return ['privsep-helper', *files, '--privsep_context', context,
            '--privsep_sock_path', socket]


class TestFilters(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        everything = wrapper.load_filters([str(DIRECTORY)])
        self.filters = [item for item in everything
                        if item.name.startswith('novacontainer')]
        self.builtin = [item for item in everything
                        if item not in self.filters]

    def allowed(self, arguments):
        return any(item.match(arguments) for item in self.filters)

    def test_they_are_all_read(self):
        lines = (DIRECTORY / 'novacontainer.filters').read_text().splitlines()
        written = [line for line in lines if ': RegExpFilter,' in line]
        self.assertEqual(6, len(written))
        self.assertEqual(6, len(self.filters))
        for item in self.filters:
            self.assertIsInstance(item, rootwrap_filters.RegExpFilter)
            self.assertEqual('root', item.run_as)

    def test_rootwrap_itself_is_wider(self):
        # What the file's header and the manual say; should it ever fail,
        # the filters have become a fence of their own.
        (builtin,) = self.builtin
        self.assertTrue(builtin.match(
            command('anything', configs=['/tmp/nova.conf'])))

    def test_allowed(self):
        for context in CONTEXTS:
            for configs in (
                    [CONFIG], ['/etc/nova/nova-cpu.conf'],
                    [CONFIG, '/etc/nova/nova-compute.conf']):
                self.assertTrue(
                    self.allowed(command(context, configs)),
                    (context, configs))

    def test_socket_as_privsep_makes_it(self):
        # The helper's socket lies in a directory of tempfile.mkdtemp().
        for _ in range(20):
            directory = tempfile.mkdtemp(dir='/tmp')
            pathlib.Path(directory).rmdir()
            self.assertTrue(self.allowed(
                command(socket=f'{directory}/privsep.sock')), directory)

    def test_other_contexts(self):
        for context in (
                'novacontainer.virt.privsep.network2',
                'novacontainer_virt_privsep_network',
                'xnovacontainer.virt.privsep.network',
                'nova.privsep.sys_admin_pctxt', 'os.system', '',
                'os_brick.privileged', 'os_brick.privileged.defaults',
                'os_brick.privileged.rootwrap.execute_root'):
            self.assertFalse(self.allowed(command(context)), context)

    def test_other_configuration_files(self):
        for config in (
                '/tmp/nova.conf', '/etc/nova/../../tmp/nova.conf',
                '/etc/nova/../passwd', '/etc/nova/sub/nova.conf',
                '/etc/novax/nova.conf', '/etc/nova.conf', 'nova.conf',
                '/etc/nova/nova.confx', '/etc/nova/nova.conf --help', ''):
            self.assertFalse(self.allowed(command(configs=[config])), config)
            self.assertFalse(
                self.allowed(command(configs=[CONFIG, config])), config)

    def test_other_sockets(self):
        for socket in ('/tmp/privsep.sock', '/run/x/privsep.sock',
                       '/tmp/tmpab1/../../run/privsep.sock',
                       '/tmp/tmpab1_x9yz/other.sock'):
            self.assertFalse(self.allowed(command(socket=socket)), socket)

    def test_other_arguments(self):
        good = command()
        for arguments in (
                [*good, '--debug'], good[:-2], good[:3], [],
                ['privsep-helper'], ['/bin/sh', '-c', 'id'],
                ['ip', 'netns', 'exec', 'nc-0123456789ab', 'sh'],
                ['ln', '-sf', '/etc/shadow', '/tmp/x'],
                command(configs=[]), command(configs=[CONFIG] * 3),
                ['privsep-helper', '--log-config-append', '/tmp/x',
                 *good[3:]],
                ['/tmp/privsep-helper', *good[1:]]):
            self.assertFalse(self.allowed(arguments), arguments)
