"""Configuration files of the demo's cloud."""

import configparser
import pathlib
import tempfile

from oslotest import base

from demo import configs
from demo import directory


class ConfigsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = directory.Directory(pathlib.Path(scratch.name))
        self.directory.create()
        self.values = configs.values(self.directory, 'netdev')

    def parsed(self, template):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(configs.render(template, self.values))
        return parser

    def test_every_template_has_all_its_values(self):
        for template in configs._FILES:
            self.assertNotIn('$', configs.render(template, self.values))

    def test_nova_compute_reads_no_database(self):
        nova = self.parsed('nova.conf')
        self.assertNotIn('database', nova)
        self.assertNotIn('api_database', nova)
        self.assertEqual('novacontainer.ContainerDriver',
                         nova['DEFAULT']['compute_driver'])
        self.assertEqual(str(self.directory.runtime_socket),
                         nova['novacontainer']['socket_path'])

    def test_every_listener_is_on_loopback(self):
        self.assertEqual('127.0.0.1', self.parsed(
            'openvswitch_agent.ini')['ovs']['of_listen_address'])
        self.assertIn('"127.0.0.1"',
                      configs.render('rabbitmq.config', self.values))

    def test_the_datapath_is_the_hosts(self):
        for template in ('openvswitch_agent.ini', 'interface_agent.ini'):
            self.assertEqual('netdev', self.parsed(template)['ovs'][
                'datapath_type'])
