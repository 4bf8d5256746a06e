from oslotest import base

from novacontainer.runtime import conf


class ConfTest(base.BaseTestCase):

    def parse(self, *args):
        parsed = conf.new()
        parsed(list(args), project='novacontainerd', default_config_files=[])
        return parsed

    def test_defaults(self):
        parsed = self.parse()
        self.assertEqual('/var/lib/novacontainer', parsed.data_root)
        self.assertEqual('auto', parsed.engine.runtime)
        self.assertEqual(0x70000000, parsed.containers.userns_base)
        self.assertFalse(parsed.containers.allow_host_userns)

    def test_switches(self):
        parsed = self.parse('--data-root', '/d', '--run-root', '/r',
                            '--socket', '/s', '--socket-group', 'g')
        self.assertEqual(
            ('/d', '/r', '/s', 'g'),
            (parsed.data_root, parsed.run_root, parsed.socket,
             parsed.socket_group))

    def test_two_configurations_do_not_share_state(self):
        first, second = self.parse('--data-root', '/a'), self.parse()
        self.assertEqual('/a', first.data_root)
        self.assertEqual('/var/lib/novacontainer', second.data_root)

    def test_every_option_has_help_and_a_default(self):
        for group, options in conf.list_opts():
            for option in options:
                self.assertIsNotNone(option.default, (group, option.name))
                self.assertTrue(option.help.endswith('.'), option.name)

    def test_bad_values_are_refused(self):
        parsed = conf.new()
        for name, value, group in (
                ('workers', 0, 'api'),
                ('cgroup_parent', '/../x', 'engine'),
                ('socket_mode', '0999', None),
                ('userns_base', 0, 'containers')):
            self.assertRaises(ValueError, parsed.set_override,
                              name, value, group)
