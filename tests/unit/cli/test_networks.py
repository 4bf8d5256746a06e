import json

from tests.unit.cli import command
from tests.unit.client import endpoint

SHOP = {'Id': 'f' * 64, 'Name': 'shop', 'Driver': 'bridge',
        'IPAM': {'Config': [{'Subnet': '10.9.0.0/24'}]}}
NONE = {'Id': 'e' * 64, 'Name': 'none', 'Driver': 'null',
        'IPAM': {'Config': None}}


class NetworksTestCase(command.CommandTestCase):

    def sent(self):
        return json.loads(self.requests[0].body)

    def test_create(self):
        ended = self.run_command(
            ['network', 'create', '--internal', '--ipv6', '-l', 'a=b', '-o',
             'x=y', '--subnet', '10.9.0.0/24', '--subnet', 'fd00::/64',
             '--gateway', '10.9.0.1', '--ip-range', '10.9.0.0/25', 'shop'],
            command.answer({'Id': 'f00'}, status=201))
        self.assertEqual((0, 'f00\n'), (ended.code, ended.output))
        self.assertEqual({
            'Name': 'shop', 'Driver': 'bridge', 'Internal': True,
            'EnableIPv6': True, 'Labels': {'a': 'b'}, 'Options': {'x': 'y'},
            'IPAM': {'Config': [
                {'Subnet': '10.9.0.0/24', 'Gateway': '10.9.0.1',
                 'IPRange': '10.9.0.0/25'}, {'Subnet': 'fd00::/64'}]}},
            self.sent())

    def test_create_what_makes_no_sense(self):
        for words, expected in (
                (['--gateway', '10.9.0.1'], '--subnet for each'),
                (['-l', '=x'], 'no name before')):
            ended = self.run_command(['network', 'create', *words, 'shop'])
            self.assertEqual((1, []), (ended.code, self.requests))
            self.assertIn(expected, ended.errors)
        self.assertEqual(1, self.run_command(
            ['network', 'create', 'a/b']).code)

    def test_list(self):
        ended = self.run_command(['network', 'ls', '--filter', 'name=o'],
                                 command.answer([SHOP, NONE]))
        self.assertEqual(
            ['ID Name Driver Subnet', 'ffffffffffff shop bridge 10.9.0.0/24',
             'eeeeeeeeeeee none null'],
            [' '.join(line.split()) for line in ended.output.splitlines()])
        self.assertIn('filters=', self.paths()[0])
        for words, expected in (
                (['-q'], 'ffffffffffff\n'),
                (['-q', '--no-trunc'], SHOP['Id'] + '\n')):
            self.assertEqual(expected, self.run_command(
                ['network', 'ls', *words], command.answer([SHOP])).output)
        self.assertEqual([SHOP], json.loads(self.run_command(
            ['network', 'ls', '-f', 'json'],
            command.answer([SHOP])).output))

    def test_inspect(self):
        ended = self.run_command(['network', 'inspect', 'shop'],
                                 command.answer(SHOP))
        self.assertEqual([SHOP], json.loads(ended.output))

    def test_connect_and_disconnect(self):
        self.run_command(
            ['network', 'connect', '--alias', 'a', '--ip', '10.9.0.7',
             '--ip6', 'fd00::7', '--link', 'db', 'shop', 'web'],
            endpoint.Answer())
        self.assertEqual({'Container': 'web', 'EndpointConfig': {
            'Aliases': ['a'], 'Links': ['db'], 'IPAMConfig': {
                'IPv4Address': '10.9.0.7', 'IPv6Address': 'fd00::7'}}},
            self.sent())
        ended = self.run_command(['network', 'disconnect', 'shop', 'web'],
                                 endpoint.Answer())
        self.assertEqual((0, ['POST /networks/shop/disconnect']),
                         (ended.code, self.paths()))

    def test_remove_and_prune(self):
        ended = self.run_command(
            ['network', 'rm', 'shop', 'nope'], endpoint.Answer(status=204),
            command.answer({'message': 'network nope not found'},
                           status=404))
        self.assertEqual((1, 'shop\n'), (ended.code, ended.output))
        self.assertIn('not found', ended.errors)
        ended = self.run_command(
            ['network', 'prune'],
            command.answer({'NetworksDeleted': ['shop']}))
        self.assertEqual((0, 'shop\n'), (ended.code, ended.output))
