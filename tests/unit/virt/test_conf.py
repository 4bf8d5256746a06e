from oslotest import base

from novacontainer.virt import conf


class ListOptsTestCase(base.BaseTestCase):

    def test_every_option_once_in_our_group(self):
        (group, options), = conf.list_opts()
        names = [option.name for option in options]
        self.assertEqual('novacontainer', group)
        self.assertEqual(sorted(set(names)), sorted(names))
        self.assertIn('socket_path', names)
        self.assertIn('vif_checksum_offload', names)

    def test_registered_in_nova_s_configuration(self):
        for option in conf.list_opts()[0][1]:
            if option.name == 'vif_checksum_offload':
                continue
            self.assertEqual(
                option.default,
                getattr(conf.CONF.novacontainer, option.dest), option.name)

    def test_everything_is_explained(self):
        for option in conf.list_opts()[0][1]:
            self.assertTrue(option.help.strip(), option.name)
