import socket

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import networking
from novacontainer.runtime.service import ports


class WantedTest(base.BaseTestCase):

    def wanted(self, bindings=None, exposed=(), every=False):
        return [(one.container_port, one.protocol, one.host_ip,
                 one.host_ports)
                for one in ports.wanted(
                    {'ExposedPorts': {key: {} for key in exposed}},
                    {'PortBindings': bindings, 'PublishAllPorts': every})]

    def test_bindings(self):
        self.assertEqual([
            (53, 'udp', '127.0.0.1', range(53, 54)),
            (80, 'tcp', '', range(8000, 8011)),
            (80, 'tcp', '', range(0))],
            self.wanted({
                '80': [{'HostIp': '0.0.0.0', 'HostPort': '8000-8010'},
                       {'HostPort': ''}],
                '53/udp': [{'HostIp': '127.0.0.1', 'HostPort': '53'}]}))
        self.assertEqual([], self.wanted({'80/tcp': []}))

    def test_all_that_is_exposed(self):
        exposed = ('80/tcp', '90-91/udp', 'odd')
        self.assertEqual([], self.wanted(exposed=exposed))
        self.assertEqual(
            [(80, 'tcp', '', range(8080, 8081)), (90, 'udp', '', range(0)),
             (91, 'udp', '', range(0))],
            self.wanted({'80/tcp': [{'HostPort': '8080'}]}, exposed, True))

    def test_bad(self):
        for text, binding in (
                ('x', {}), ('0/tcp', {}), ('80-81/tcp', {}),
                ('70000/tcp', {}), ('80/ftp', {}),
                ('80/tcp', {'HostPort': 'x'}), ('80/tcp', {'HostPort': '-1'}),
                ('80/tcp', {'HostPort': '9-8'}),
                ('80/tcp', {'HostPort': '70000'}),
                ('80/tcp', {'HostIp': 'here'})):
            self.assertRaises(exception.InvalidRequest, self.wanted,
                              {text: [binding]})


class ChooseTest(base.BaseTestCase):

    def choose(self, host_ports=range(0), host_ip='127.0.0.1', taken=(),
               protocol='tcp'):
        return ports.choose(
            ports.Wanted(80, protocol, host_ip, host_ports), '', taken)

    def refused(self, *args, **kwargs):
        return self.assertRaises(
            exception.Internal, self.choose, *args, **kwargs).message

    def test_any(self):
        found = self.choose()
        self.assertTrue(32768 <= found.host_port < 61000, found)
        self.assertNotEqual(found.host_port, self.choose(
            taken=[found]).host_port)

    def test_what_another_container_has(self):
        port = self.choose().host_port
        for host_ip in ('', '127.0.0.1'):
            taken = [networking.Port(1, 'tcp', host_ip, port)]
            self.assertIn('port is already allocated', self.refused(
                range(port, port + 1), taken=taken))
        for other in (networking.Port(1, 'udp', '', port),
                      networking.Port(1, 'tcp', '127.0.0.2', port)):
            self.assertEqual(port, self.choose(
                range(port, port + 1), taken=[other]).host_port)

    def test_what_the_host_has(self):
        for kind, protocol in ((socket.SOCK_STREAM, 'tcp'),
                               (socket.SOCK_DGRAM, 'udp')):
            with socket.socket(socket.AF_INET, kind) as other:
                other.bind(('127.0.0.1', 0))
                if protocol == 'tcp':
                    other.listen()
                port = other.getsockname()[1]
                self.assertIn('failed to bind host port', self.refused(
                    range(port, port + 1), protocol=protocol))

    def test_the_next_one_of_a_range(self):
        with socket.create_server(('127.0.0.1', 0)) as other:
            port = other.getsockname()[1]
            taken = [networking.Port(1, 'tcp', '', port + 1)]
            found = self.choose(range(port, port + 50), taken=taken)
            self.assertGreater(found.host_port, port + 1)

    def test_sctp_is_not_tried(self):
        self.assertEqual(7, self.choose(
            range(7, 8), protocol='sctp').host_port)
