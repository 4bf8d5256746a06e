from oslo_config import cfg
from oslotest import base

from novacontainer.virt import volumeconf


class TestOptions(base.BaseTestCase):

    def test_register_twice(self):
        conf = cfg.ConfigOpts()
        volumeconf.register_opts(conf)
        volumeconf.register_opts(conf)
        conf([], default_config_files=[])
        self.assertFalse(conf.novacontainer.volume_use_multipath)
        self.assertRaises(
            ValueError, conf.set_override, 'volume_scan_attempts', 0,
            group='novacontainer')
