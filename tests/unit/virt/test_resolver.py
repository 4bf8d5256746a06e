from nova.network import model
from oslotest import base

from novacontainer.virt import resolver
from tests import networkinfo


class TestResolver(base.BaseTestCase):

    def test_servers_in_order_without_duplicates(self):
        servers, search = resolver.resolver([
            networkinfo.vif(
                networkinfo.subnet('10.0.0.0/24', dns=['9.9.9.9', '1.1.1.1']),
                networkinfo.subnet('fd00::/64', dns=['2620:fe::fe'])),
            networkinfo.vif(
                networkinfo.subnet('10.1.0.0/24', dns=['1.1.1.1'])),
        ])
        self.assertEqual(['9.9.9.9', '1.1.1.1', '2620:fe::fe'], servers)
        self.assertEqual([], search)

    def test_dhcp_server_where_the_subnet_names_none(self):
        servers, _ = resolver.resolver([networkinfo.vif(
            networkinfo.subnet('10.0.0.0/24', dhcp_server='10.0.0.2'),
            networkinfo.subnet('10.1.0.0/24'))])
        self.assertEqual(['10.0.0.2'], servers)

    def test_dhcp_server_is_not_asked_beside_real_ones(self):
        servers, _ = resolver.resolver([networkinfo.vif(
            networkinfo.subnet('10.0.0.0/24', dhcp_server='10.0.0.2'),
            networkinfo.subnet('10.1.0.0/24', dns=['9.9.9.9']))])
        self.assertEqual(['9.9.9.9'], servers)

    def test_nothing_known(self):
        self.assertEqual(([], []), resolver.resolver([]))
        self.assertEqual(([], []), resolver.resolver([model.VIF(id='x')]))
