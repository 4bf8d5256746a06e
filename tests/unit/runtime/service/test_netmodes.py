import datetime
import pathlib
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import netmodes


def check(mode, policy=None, body=None, **given):
    """Return the mode that is meant, and the warnings."""
    given['NetworkMode'] = mode
    warnings = netmodes.check(
        body or {}, body or {}, given, netmodes.Policy(**(policy or {})))
    return given['NetworkMode'], warnings


def container(ident, mode, status=models.Status.RUNNING):
    return models.Container(
        id=ident, name=ident, image_id='i', image_name='i',
        config={'Hostname': f'host-{ident}', 'Domainname': 'd'},
        host_config={'NetworkMode': mode}, id_map=models.IdMap(65536),
        created=datetime.datetime.now(datetime.UTC), status=status)


def paths(one):
    return models.SandboxPaths(
        pathlib.Path(f'/run/netns/{one.id}'), pathlib.Path('/user'))


class CheckTest(base.BaseTestCase):

    def refused(self, kind, *args, **kwargs):
        return self.assertRaises(kind, check, *args, **kwargs).message

    def test_defaults(self):
        for mode in ('', 'default', None, 'none'):
            self.assertEqual(('none', []), check(mode))
        self.assertEqual(('none', []), check(
            '', body={'NetworkDisabled': True}))

    def test_networks(self):
        for mode in ('bridge', 'shop', 'd' * 64):
            self.assertEqual((mode, []), check(mode))
        self.assertEqual(('bridge', []), check(
            'default', {'default': 'bridge'}))

    def test_what_is_said_where_there_can_be_no_bridge(self):
        policy = {'lacking': 'iptables missing'}
        mode, (warning,) = check('default', policy)
        self.assertEqual('none', mode)
        self.assertIn('iptables missing', warning)
        for given in ({'PortBindings': {'80/tcp': [{}]}},
                      {'PublishAllPorts': True}, {'Links': ['x']}):
            self.assertIn('iptables missing', self.refused(
                exception.NotSupported, 'default', policy, **given))
        self.assertEqual(('none', []), check('none', policy))

    def test_none_takes_nothing_of_networks(self):
        _, (warning,) = check('none', PortBindings={'80/tcp': [{}]})
        self.assertIn('discarded when using none', warning)
        for body, given, word in (
                ({'MacAddress': '02:42:ac:11:00:02'}, {}, 'mac-address'),
                ({}, {'ExtraHosts': ['h:host-gateway']}, 'host-gateway'),
                ({'NetworkingConfig': {'EndpointsConfig': {'shop': {}}}},
                 {}, 'EndpointsConfig.shop'),
                ({'NetworkingConfig': {'EndpointsConfig': {
                    'none': {'Aliases': ['x']}}}}, {}, 'EndpointsConfig')):
            self.assertIn(word, self.refused(
                exception.InvalidRequest, 'none', None, body, **given))
        check('none', body={'NetworkingConfig': {'EndpointsConfig': {
            'none': {'Aliases': None, 'DriverOpts': {}}}}})

    def test_host_is_the_operators_to_allow(self):
        message = self.refused(exception.Forbidden, 'host')
        self.assertIn('allow_host_namespaces', message)
        self.assertEqual(('host', []), check('host', {'host': True}))
        _, (warning,) = check('host', {'host': True},
                              PortBindings={'80/tcp': [{}]})
        self.assertIn('discarded', warning)

    def test_conflicts_with_host(self):
        for body, given, word in (
                ({'MacAddress': '02:42:ac:11:00:02'}, {}, 'mac-address'),
                ({}, {'Sysctls': {'net.ipv4.ip_forward': '1'}},
                 "sysctl 'net.ipv4.ip_forward' not allowed in host")):
            self.assertIn(word, self.refused(
                exception.InvalidRequest, 'host', {'host': True}, body,
                **given))

    def test_conflicts_with_the_network_of_another(self):
        for body, given, word in (
                ({'Hostname': 'x'}, {}, 'hostname'),
                ({'MacAddress': 'x'}, {}, 'mac-address'),
                ({'ExposedPorts': {'1/tcp': {}}}, {}, 'port exposing'),
                ({}, {'PortBindings': {'1/tcp': []}}, 'port publishing'),
                ({}, {'PublishAllPorts': True}, 'port publishing'),
                ({}, {'Links': ['x']}, 'links'),
                ({}, {'Dns': ['10.0.0.1']}, 'dns'),
                ({}, {'ExtraHosts': ['a:10.0.0.1']}, 'host-to-IP'),
                ({}, {'Sysctls': {'net.x': '1'}}, 'another container')):
            self.assertIn(word, self.refused(
                exception.InvalidRequest, 'container:web', None, body,
                **given))
        self.assertIn('container:<name|id>', self.refused(
            exception.InvalidRequest, 'container:'))

    def test_runc_cannot_enter(self):
        policy = {'runtime': 'runc'}
        self.assertIn('crun', self.refused(
            exception.NotSupported, 'container:x', policy))
        check('container:x', policy, UsernsMode='host')

    def test_path(self):
        policy = {'directory': '/run/netns/'}
        for path in ('/etc/x', '/run/netns/../x', '/run/netns/', 'x',
                     '/run/netns/..', '/run/netns/a/b'):
            self.assertIn('/run/netns', self.refused(
                exception.Forbidden, f'ns:{path}', policy))
        self.assertIn('netns_directory', self.refused(
            exception.Forbidden, 'ns:/run/netns/x'))
        self.assertIn('container:NAME', self.refused(
            exception.Forbidden, 'ns:/run/netns/nc-0123456789ab', policy))
        self.assertIn('ip netns add no-such', self.refused(
            exception.InvalidRequest, 'ns:/run/netns/no-such', policy))
        with mock.patch('novacontainer.runtime.host.namespaces.'
                        'is_namespace', return_value=True):
            self.assertEqual('ns:/run/netns/x', check(
                'ns:/run/netns/x', policy)[0])


class WhoseTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.all = {one.id: one for one in (
            container('own', 'none'), container('host', 'host'),
            container('path', 'ns:/run/netns/x'),
            container('join', 'container:own'),
            container('again', 'container:join'),
            container('host2', 'container:host'),
            container('path2', 'container:path'),
            container('orphan', 'container:gone'),
            container('loop', 'container:loop'),
            container('down', 'none', models.Status.EXITED),
            container('early', 'container:down'))}

    def joined(self, ident):
        found = netmodes.joined(self.all[ident], paths, self.all.get)
        return found.netns and str(found.netns), found.shared

    def test_joined(self):
        for ident, expected in (
                ('own', ('/run/netns/own', False)), ('host', (None, True)),
                ('path', ('/run/netns/x', True)),
                ('join', ('/run/netns/own', True)),
                ('again', ('/run/netns/own', True)), ('host2', (None, True)),
                ('path2', ('/run/netns/x', True))):
            self.assertEqual(expected, self.joined(ident))
        self.assertRaises(exception.NotFound, self.joined, 'orphan')
        self.assertRaises(exception.InvalidRequest, self.joined, 'loop')

    def test_running(self):
        for ident in ('own', 'down', 'join', 'again', 'host2'):
            netmodes.check_running(self.all[ident], self.all.get)
        error = self.assertRaises(
            exception.Conflict, netmodes.check_running, self.all['early'],
            self.all.get)
        self.assertIn('non running container: down', error.message)

    def test_resolve(self):
        host_config = {'NetworkMode': 'container:name'}
        merged = {'Hostname': 'own'}
        netmodes.resolve(host_config, merged, {},
                         lambda name: self.all['own'])
        self.assertEqual('container:own', host_config['NetworkMode'])
        self.assertEqual({'Hostname': 'host-own', 'Domainname': 'd'}, merged)
        with open('/proc/sys/kernel/hostname') as file:
            name = file.read().strip()
        netmodes.resolve({'NetworkMode': 'host'}, merged, {}, None)
        self.assertEqual(name, merged['Hostname'])
        netmodes.resolve({'NetworkMode': 'host'}, merged,
                         {'Hostname': 'x'}, None)
        self.assertEqual(name, merged['Hostname'])

    def test_network_name(self):
        for mode, name in (('none', None), ('', None), ('host', None),
                           ('container:x', None), ('bridge', 'bridge'),
                           ('mine', 'mine')):
            self.assertEqual(
                name, netmodes.network_name({'NetworkMode': mode}))
