from oslo_config import cfg
from oslotest import base

from novacontainer.virt import networkconf


class TestOptions(base.BaseTestCase):

    def test_register_twice(self):
        conf = cfg.ConfigOpts()
        networkconf.register_opts(conf)
        networkconf.register_opts(conf)
        conf([], default_config_files=[])
        self.assertEqual('auto', conf.novacontainer.vif_checksum_offload)

    def test_only_the_named_choices(self):
        conf = cfg.ConfigOpts()
        networkconf.register_opts(conf)
        conf([], default_config_files=[])
        self.assertRaises(
            ValueError, conf.set_override, 'vif_checksum_offload', 'perhaps',
            group='novacontainer')
