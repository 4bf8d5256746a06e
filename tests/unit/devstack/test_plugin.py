"""What each phase of the DevStack plugin does, and does when done twice.

With DevStack's own function library where there is one, and with a stand-in
for it everywhere.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import unittest

from oslotest import base

from novacontainer.runtime import conf as runtime_conf
from tests.tempest import configuration
from tests.unit.devstack import scratch

DEVSTACK = os.environ.get('NOVACONTAINER_DEVSTACK_DIR')


class Phases:
    """The tests; mixed into a case for each library."""

    library = scratch.STANDIN

    def setUp(self):
        super().setUp()
        self.scratch = self.useFixture(scratch.Scratch(self.library))
        self.path = self.scratch.path

    def stack(self, *phases, **variables):
        for phase in phases:
            self.scratch.phase('stack', phase, **variables)

    def state(self, name):
        return self.path / 'state' / name

    def images(self):
        return json.loads(self.state('images').read_text())

    def test_packages(self):
        listed = (scratch.PLUGIN / 'files/debs/novacontainer').read_text()
        names = [line.partition('#')[0].strip()
                 for line in listed.splitlines()]
        self.stack('pre-install')
        installed, = [line for line in self.scratch.calls('apt-get')
                      if ' install ' in line]
        self.assertEqual(names, installed.split()[-len(names):])
        self.assertIn('conmon', names)

    def test_nova_is_not_pips_to_touch(self):
        self.stack('install')
        calls = self.scratch.calls('pip', 'required')
        required = [line.split()[1] for line in calls
                    if line.startswith('required')
                    and not line.startswith('required #')]
        self.assertIn('aiohttp>=3.14', required)
        self.assertEqual([], [name for name in required
                              if re.match('nova(?![a-z])', name)])
        ours, = [line for line in calls if str(scratch.ROOT) in line]
        self.assertIn('--no-deps -e', ours)

    def test_group(self):
        self.stack('install', 'install')
        self.assertEqual('novacontainer:\n', self.state('groups').read_text())
        self.assertIn('usermod --append --groups novacontainer stack',
                      self.scratch.calls())

    def test_nova_configuration(self):
        self.stack('post-config', 'post-config')
        nova = self.scratch.ini('nova/nova.conf')
        self.assertEqual('novacontainer.ContainerDriver',
                         nova['DEFAULT']['compute_driver'])
        self.assertEqual(f'{self.path}/run/novacontainerd.sock',
                         nova['novacontainer']['socket_path'])
        self.assertEqual('10.0.0.5',
                         nova['serial_console']['proxyclient_address'])
        name = 'rootwrap.d/novacontainer.filters'
        self.assertEqual((scratch.ROOT / 'etc/nova' / name).read_text(),
                         (self.path / 'nova' / name).read_text())

    def test_daemon_reads_its_configuration(self):
        self.stack('post-config', 'post-config')
        conf = runtime_conf.new()
        conf(['--config-file', f'{self.path}/etc/novacontainerd.conf'],
             project='novacontainerd', default_config_files=[])
        self.assertEqual(
            (f'{self.path}/containers', f'{self.path}/run',
             f'{self.path}/run/novacontainerd.sock', 'novacontainer', True),
            (conf.data_root, conf.run_root, conf.socket, conf.socket_group,
             conf.debug))

    def test_iniset_may_write_beside_the_daemons_file(self):
        self.stack('post-config')
        self.assertIn(f'sudo install -d -o stack -m 755 {self.path}/etc',
                      self.scratch.calls('sudo'))

    def test_daemon_is_started_anew(self):
        self.stack('post-config', 'post-config')
        unit = self.scratch.ini(f'systemd/{scratch.UNIT}')['Service']
        self.assertEqual('root', unit['User'])
        self.assertEqual(
            [f'{self.path}/venv/bin/novacontainerd', '--config-file',
             f'{self.path}/etc/novacontainerd.conf'],
            shlex.split(unit['ExecStart']))
        more = self.scratch.ini(f'systemd/{scratch.UNIT}.d/novacontainer.conf')
        self.assertEqual(
            ('notify', 'yes', 'process'),
            tuple(more['Service'][name]
                  for name in ('Type', 'Delegate', 'KillMode')))
        verbs = [line.split()[1] for line in self.scratch.calls('systemctl')
                 if line.split()[1] in ('start', 'stop')]
        self.assertEqual(['start', 'stop', 'start'], verbs)

    def test_lxcfs_is_restarted_once(self):
        self.stack('post-config', 'post-config')
        more = (self.path / 'systemd/lxcfs.service.d/novacontainer.conf')
        self.assertIn('--enable-cfs', more.read_text())
        self.assertEqual(1, sum('restart lxcfs' in line for line
                                in self.scratch.calls('systemctl')))

    def test_daemon_that_does_not_start_ends_the_stacking(self):
        self.state(f'broken-{scratch.UNIT}').touch()
        error = self.assertRaises(AssertionError, self.stack, 'post-config')
        self.assertIn('post-config', str(error))

    def test_glance_without_formats(self):
        self.stack('post-config', 'post-config')
        formats = self.formats()
        self.assertEqual(1, formats.count('docker'))
        self.assertIn('bare', formats)

    def test_glance_with_formats_of_local_conf(self):
        (self.path / 'glance/glance-api.conf').write_text(
            '[image_format]\ncontainer_formats = bare, ovf\n')
        self.stack('post-config', 'post-config')
        self.assertEqual(['bare', 'ovf', 'docker'], self.formats())

    def formats(self):
        listed = self.scratch.ini('glance/glance-api.conf')['image_format']
        return [name.strip()
                for name in listed['container_formats'].split(',')]

    def test_host_with_another_driver(self):
        self.stack('pre-install', 'install', 'post-config',
                   DISABLED_SERVICES='novacontainerd')
        self.assertFalse((self.path / 'nova/nova.conf').exists())
        self.assertEqual('', self.state('groups').read_text())
        self.assertEqual([], list((self.path / 'systemd').iterdir()))
        # The APIs of a mixed cloud know containers all the same.
        self.assertIn('docker', self.formats())

    def test_compute_host_uploads_nothing(self):
        self.stack('extra', ENABLED_SERVICES='n-cpu')
        self.assertEqual({}, self.images())

    def test_images(self):
        self.stack('extra', 'extra')
        image = self.images()['id-of-novacontainer-web']
        self.assertEqual(
            ('docker', 'raw', 'hypervisor_type=docker'),
            (image['container_format'], image['disk_format'],
             image['property']))
        self.assertEqual(1, sum(
            ' image create ' in line for line in self.scratch.calls()))

    def test_image_of_other_content_is_replaced(self):
        self.stack('extra')
        images = self.images()
        images['id-of-novacontainer-web']['checksum'] = 'stale'
        images['stale'] = images.pop('id-of-novacontainer-web')
        self.state('images').write_text(json.dumps(images))
        self.stack('extra')
        self.assertEqual(['id-of-novacontainer-web'], list(self.images()))

    def test_tempest(self):
        self.stack('test-config', 'test-config')
        tempest = self.scratch.ini('tempest/tempest.conf')
        self.assertEqual('docker', tempest['compute']['hypervisor_type'])
        # The demo has a proxy for serial consoles; here it may be left out.
        expected = {**configuration.compute_features(),
                    'serial_console': False}
        self.assertEqual(
            {name: str(value) for name, value in expected.items()},
            dict(tempest['compute-feature-enabled']))

    def test_tempest_with_guest(self):
        self.state('images').write_text(json.dumps({
            'one': {'name': 'novacontainer-ssh'},
            'two': {'name': 'novacontainer-ssh-alt'}}))
        self.stack('test-config', NOVACONTAINER_SSH_IMAGE='True',
                   ENABLED_SERVICES=f'{scratch.SERVICES},n-sproxy')
        tempest = self.scratch.ini('tempest/tempest.conf')
        self.assertEqual(('one', 'two'), (tempest['compute']['image_ref'],
                                          tempest['compute']['image_ref_alt']))
        self.assertEqual('root', tempest['validation']['image_ssh_user'])
        # Tempest takes one whose name does not matter, but no tar file.
        self.assertEqual(f'{self.path}/data/novacontainer/ssh.tar.zst',
                         tempest['scenario']['img_file'])
        self.assertEqual(
            'True', tempest['compute-feature-enabled']['serial_console'])

    def test_unstack(self):
        self.stack('post-config')
        self.state('enabled-devstack@n-cpu.service').touch()
        self.state('containers').write_text('aaa\nbbb\n')
        self.scratch.calls()
        for _ in range(2):
            self.scratch.phase('unstack')
        order = [line for line in self.scratch.calls()
                 if re.search(r'^systemctl stop|^novacontainer .* rm ', line)]
        self.assertEqual(3, len(order), order)
        self.assertEqual('systemctl stop devstack@n-cpu.service', order[0])
        self.assertTrue(order[1].endswith(' aaa bbb'), order)
        self.assertEqual(f'systemctl stop {scratch.UNIT}', order[2])

    def test_unstack_without_stack(self):
        self.scratch.phase('unstack')
        self.assertEqual([], self.scratch.calls('novacontainer'))

    def test_unstack_with_a_daemon_that_does_not_start(self):
        self.stack('post-config')
        self.state(f'broken-{scratch.UNIT}').touch()
        said = self.scratch.phase('unstack')
        self.assertIn('its containers stay', said)
        self.assertFalse(self.state(f'enabled-{scratch.UNIT}').exists())

    def test_clean(self):
        self.stack('install', 'post-config', 'extra')
        for name in ('containers', 'run', 'cgroup/novacontainer/one',
                     'cgroup/other'):
            (self.path / name).mkdir(parents=True)
        self.scratch.phase('unstack')
        for _ in range(2):
            self.scratch.phase('clean')
        left = {str(path.relative_to(self.path))
                for path in self.path.rglob('*novacontainer*')
                if 'venv' not in path.parts}
        self.assertEqual({f'systemd/{scratch.UNIT}'}, left)
        self.assertFalse((self.path / 'containers').exists())
        self.assertFalse((self.path / 'run').exists())
        self.assertTrue((self.path / 'cgroup/other').exists())
        self.assertFalse((self.path / 'systemd/lxcfs.service.d').exists())
        self.assertEqual('', self.state('groups').read_text())

    def test_clean_spares_what_is_mounted(self):
        kept = self.path / 'containers' / 'shared'
        kept.mkdir(parents=True)
        mount = f'{kept}\n'
        self.state('mounts').write_text(f'/\n{mount}')
        self.state('busy').write_text(mount)
        self.assertIn('something is mounted', self.scratch.phase('clean'))
        self.assertTrue(kept.exists())
        self.state('busy').write_text('')
        self.scratch.phase('clean')
        self.assertFalse(kept.exists())


class TestWithStandin(Phases, base.BaseTestCase):
    """Wherever there is a bash."""


@unittest.skipUnless(
    DEVSTACK, 'needs DevStack: clone openstack/devstack and set '
    'NOVACONTAINER_DEVSTACK_DIR to the clone')
class TestWithDevStack(Phases, base.BaseTestCase):
    """With the functions that the plugin will be called from."""

    library = pathlib.Path(DEVSTACK or '') / 'functions'

    @unittest.skipUnless(shutil.which('gawk'), 'needs gawk, as DevStack does')
    def test_local_conf_reaches_the_daemon(self):
        (self.path / 'top/local.conf').write_text(
            '[[post-config|$NOVACONTAINER_CONF]]\n'
            '[containers]\nuserns_count = 17\n')
        self.stack('post-config', CONFIG_AWK_CMD='gawk')
        conf = self.scratch.ini('etc/novacontainerd.conf')
        self.assertEqual('17', conf['containers']['userns_count'])

    def test_standin_has_the_names_of_the_real_one(self):
        names = re.findall(r'^function (\w+)', scratch.STANDIN.read_text(),
                           re.MULTILINE)
        for name in names:
            done = self.scratch.shell(
                f'source "$LIBRARY"; declare -F {name}')
            self.assertEqual(0, done.returncode, name)
