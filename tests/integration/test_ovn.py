"""Containers' namespaces on a real OVN, over a userspace Open vSwitch."""

from tests.integration import networkhost
from tests.integration import ovn
from tests.integration import test_network

#: As Neutron's OVN driver binds a port.
_DETAILS = {'port_filter': True, 'connectivity': 'l2',
            'bridge_name': networkhost.BRIDGE, 'datapath_type': 'netdev'}
_SWITCH = 'net'


class OvnTestCase(test_network.NetworkTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ovn = networkhost.use_for_class(cls, ovn.Ovn(cls.switch))

    def setUp(self):
        super().setUp()
        self.ovn.nbctl('ls-add', _SWITCH)
        self.addCleanup(self.ovn.nbctl, 'ls-del', _SWITCH)
        self.second = self.useFixture(networkhost.Sandbox())
        self.vifs = [self.port(5), self.port(6)]

    def port(self, number):
        """A port in OVN, and the VIF that Nova makes of it."""
        vif = self.vif(number, details=_DETAILS)
        addresses = (f'{vif["address"]} 10.0.0.{number} fd00::{number}')
        self.ovn.nbctl(
            'lsp-add', _SWITCH, vif['id'],
            '--', 'lsp-set-addresses', vif['id'], addresses,
            '--', 'lsp-set-port-security', vif['id'], addresses)
        return vif

    def plug_both(self):
        for sandbox, vif in zip((self.first, self.second), self.vifs,
                                strict=True):
            self.plug(sandbox, vif)
            self.ovn.wait(vif['id'], True)

    def test_up_with_the_plug_and_down_with_the_unplug(self):
        """What Nova waits for: Neutron hears of it from OVN."""
        self.plug_both()
        self.plug(self.first, self.vifs[0])
        self.ovn.wait(self.vifs[0]['id'], True)
        self.ops.unplug(self.instance, self.vifs[:1])
        self.ovn.wait(self.vifs[0]['id'], False)
        self.ovn.wait(self.vifs[1]['id'], True)

    def test_traffic(self):
        self.plug_both()
        for address in ('10.0.0.6', 'fd00::6'):
            self.first.run('ping', '-c', '3', '-W', '5', address)
            self.exchange(self.second, address)

    def test_address_that_is_not_the_port_s(self):
        """Nothing but the port's own addresses gets out of it."""
        self.plug_both()
        self.second.run('ip', 'address', 'add', '10.0.0.66/24',
                        'dev', 'eth0')
        self.first.run('ping', '-c', '3', '-W', '5', '10.0.0.6')
        self.first.run('sh', '-c', '! ping -c 1 -W 1 10.0.0.66')

    def test_acl(self):
        """As security groups become them: what is not allowed is dropped."""
        port = self.vifs[1]['id']
        self.ovn.nbctl(
            'pg-add', 'group', port,
            '--', '--type=port-group', 'acl-add', 'group', 'to-lport', '1',
            'outport == @group && ip', 'drop')
        self.addCleanup(self.ovn.nbctl, 'pg-del', 'group')
        self.plug_both()
        self.first.run('sh', '-c', '! ping -c 1 -W 1 10.0.0.6')
        self.ovn.nbctl(
            '--type=port-group', 'acl-add', 'group', 'to-lport', '2',
            'outport == @group && icmp4', 'allow-related')
        self.first.run('ping', '-c', '3', '-W', '5', '10.0.0.6')
