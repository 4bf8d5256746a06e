import json

from novacontainer.cli import ports
from tests.unit.cli import command

_PORTS = {'443/tcp': None,
          '80/tcp': [{'HostIp': '0.0.0.0', 'HostPort': '8080'},
                     {'HostIp': '::', 'HostPort': '8080'}],
          '53/udp': [{'HostIp': '10.0.0.1', 'HostPort': '53'}]}
_WEB = {'NetworkSettings': {'Ports': _PORTS}}


class PortsTestCase(command.CommandTestCase):

    def test_ports(self):
        ended = self.run_command(['port', 'web'], command.answer(_WEB))
        self.assertEqual(
            ['53/udp -> 10.0.0.1:53', '80/tcp -> 0.0.0.0:8080',
             '80/tcp -> [::]:8080'], ended.output.splitlines())

    def test_one_port(self):
        for word in ('80', '80/tcp'):
            ended = self.run_command(['port', 'web', word],
                                     command.answer(_WEB))
            self.assertEqual('0.0.0.0:8080\n[::]:8080\n', ended.output)

    def test_a_port_that_is_not_published(self):
        for word in ('443', '80/udp'):
            ended = self.run_command(['port', 'web', word],
                                     command.answer(_WEB))
            self.assertEqual((1, ''), (ended.code, ended.output))
            self.assertIn('is published', ended.errors)

    def test_no_port(self):
        ended = self.run_command(['port', 'web', 'x'])
        self.assertEqual((1, []), (ended.code, self.requests))
        self.assertIn('write 80 or 53/udp', ended.errors)

    def test_for_machines(self):
        ended = self.run_command(['port', '-f', 'json', 'web'],
                                 command.answer(_WEB))
        self.assertEqual(_PORTS, json.loads(ended.output))

    def test_no_network(self):
        ended = self.run_command(['port', 'web'], command.answer({}))
        self.assertEqual((0, ''), (ended.code, ended.output))

    def test_listed(self):
        self.assertEqual(
            ['53/udp', '0.0.0.0:8080->80/tcp', '[::]:8080->80/tcp'],
            ports.listed([
                {'IP': '::', 'PrivatePort': 80, 'PublicPort': 8080,
                 'Type': 'tcp'},
                {'IP': '0.0.0.0', 'PrivatePort': 80, 'PublicPort': 8080,
                 'Type': 'tcp'},
                {'PrivatePort': 53, 'Type': 'udp'}]))
