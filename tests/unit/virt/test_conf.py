import fixtures
from oslo_config import cfg
from oslo_config import generator
from oslotest import base

from novacontainer.virt import conf
from novacontainer.virt import networkconf
from novacontainer.virt import volumeconf


class ListOptsTestCase(base.BaseTestCase):

    def test_every_option_once_in_our_group(self):
        (group, options), = conf.list_opts()
        names = [option.name for option in options]
        self.assertEqual('novacontainer', group)
        self.assertEqual(sorted(set(names)), sorted(names))
        self.assertIn('socket_path', names)
        self.assertIn('vif_checksum_offload', names)
        self.assertIn('volume_use_multipath', names)

    def test_registered_in_nova_s_configuration(self):
        for option in conf.list_opts()[0][1]:
            if option in volumeconf.OPTS or option in networkconf.OPTS:
                continue
            self.assertEqual(
                option.default,
                getattr(conf.CONF.novacontainer, option.dest), option.name)

    def test_everything_is_explained(self):
        for option in conf.list_opts()[0][1]:
            self.assertTrue(option.help.strip(), option.name)


class SampleTestCase(base.BaseTestCase):
    """What ``tox -e genconfig`` writes, for operators."""

    def test_has_every_option(self):
        path = self.useFixture(fixtures.TempDir()).join('sample')
        options = cfg.ConfigOpts()
        generator.register_cli_opts(options)
        options(['--namespace', 'novacontainer.virt',
                 '--output-file', path])
        generator.generate(options)
        with open(path, encoding='utf-8') as file:
            lines = file.read().splitlines()
        self.assertIn('[novacontainer]', lines)
        for option in conf.list_opts()[0][1]:
            self.assertTrue(
                any(line.startswith(f'#{option.dest} =') for line in lines),
                option.name)
