import ipaddress

from oslotest import base

from novacontainer.virt import addressing
from novacontainer.virt import interface
from tests import networkinfo

ROUTE = interface.Route


class TestPlan(base.BaseTestCase):

    def plan(self, *subnets):
        (result,) = addressing.plan([networkinfo.vif(*subnets)])
        return result

    def test_ipv4_and_ipv6(self):
        result = self.plan(
            networkinfo.subnet('10.0.0.0/24', '10.0.0.5',
                               gateway='10.0.0.1'),
            networkinfo.subnet('fd00::/64', 'fd00::5', gateway='fd00::1'))
        self.assertEqual(('10.0.0.5/24', 'fd00::5/64'), result.addresses)
        self.assertEqual(
            (ROUTE('0.0.0.0/0', '10.0.0.1'), ROUTE('::/0', 'fd00::1')),
            result.routes)
        self.assertFalse(result.accept_ra)

    def test_port_without_addresses(self):
        result = self.plan()
        self.assertEqual(addressing.Addressing(), result)

    def test_several_addresses_in_one_subnet(self):
        result = self.plan(networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', '10.0.0.6'))
        self.assertEqual(('10.0.0.5/24', '10.0.0.6/24'), result.addresses)

    def test_subnet_without_cidr_is_one_host(self):
        result = self.plan(networkinfo.subnet(
            None, '10.0.0.5', version=4))
        self.assertEqual(('10.0.0.5/32',), result.addresses)

    def test_subnet_by_an_address_of_it(self):
        addressed, = addressing.plan([networkinfo.vif(
            networkinfo.subnet('10.0.0.1/24', '10.0.0.5'))])
        self.assertEqual(('10.0.0.5/24',), addressed.addresses)

    def test_host_routes(self):
        result = self.plan(networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', gateway='10.0.0.1',
            routes=[('192.168.7.0/24', '10.0.0.9'),
                    ('192.168.8.0/24', '0.0.0.0')]))
        self.assertEqual(
            (ROUTE('0.0.0.0/0', '10.0.0.1'),
             ROUTE('192.168.7.0/24', '10.0.0.9'),
             ROUTE('192.168.8.0/24')),
            result.routes)

    def test_host_route_is_the_default_only_without_a_gateway(self):
        routes = [('0.0.0.0/0', '10.0.0.9')]
        without = self.plan(networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', routes=routes))
        self.assertEqual((ROUTE('0.0.0.0/0', '10.0.0.9'),), without.routes)
        with_one = self.plan(networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', gateway='10.0.0.1', routes=routes))
        self.assertEqual((ROUTE('0.0.0.0/0', '10.0.0.1'),), with_one.routes)

    def test_gateway_outside_of_the_subnet_is_on_link(self):
        result = self.plan(networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', gateway='10.9.9.1'))
        self.assertEqual(
            (ROUTE('0.0.0.0/0', '10.9.9.1', onlink=True),), result.routes)

    def test_link_local_gateway_needs_no_help(self):
        result = self.plan(networkinfo.subnet(
            'fd00::/64', 'fd00::5', gateway='fe80::1'))
        self.assertEqual((ROUTE('::/0', 'fe80::1'),), result.routes)

    def test_container_that_is_the_gateway_itself(self):
        result = self.plan(networkinfo.subnet(
            'fd00::/64', 'fd00::1', gateway='fd00:0::1'))
        self.assertEqual((), result.routes)

    def test_metadata_of_an_isolated_network(self):
        isolated = networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', dhcp_server='10.0.0.2')
        self.assertEqual(
            (ROUTE('169.254.169.254/32', '10.0.0.2'),),
            self.plan(isolated).routes)
        routed = networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', gateway='10.0.0.1',
            dhcp_server='10.0.0.2')
        self.assertEqual(
            (ROUTE('0.0.0.0/0', '10.0.0.1'),), self.plan(routed).routes)

    def test_ipv6_dhcp_server_is_no_way_to_the_metadata(self):
        result = self.plan(networkinfo.subnet(
            'fd00::/64', 'fd00::5', dhcp_server='fd00::2'))
        self.assertEqual((), result.routes)

    def test_advertisements_only_without_a_gateway(self):
        foreign_router = networkinfo.subnet(
            'fd00::/64', 'fd00::5', ipv6_address_mode='slaac')
        self.assertTrue(self.plan(foreign_router).accept_ra)
        known_router = networkinfo.subnet(
            'fd00::/64', 'fd00::5', gateway='fe80::1',
            ipv6_address_mode='slaac')
        self.assertFalse(self.plan(known_router).accept_ra)


class TestPlanOfSeveral(base.BaseTestCase):

    def test_first_vif_with_a_gateway_has_the_default_route(self):
        first, second, third = addressing.plan([
            networkinfo.vif(networkinfo.subnet('10.0.0.0/24', '10.0.0.5')),
            networkinfo.vif(
                networkinfo.subnet('10.1.0.0/24', '10.1.0.5',
                                   gateway='10.1.0.1'),
                networkinfo.subnet('fd01::/64', 'fd01::5')),
            networkinfo.vif(
                networkinfo.subnet('10.2.0.0/24', '10.2.0.5',
                                   gateway='10.2.0.1'),
                networkinfo.subnet('fd02::/64', 'fd02::5',
                                   gateway='fd02::1')),
        ])
        self.assertEqual((), first.routes)
        self.assertEqual((ROUTE('0.0.0.0/0', '10.1.0.1'),), second.routes)
        self.assertEqual((ROUTE('::/0', 'fd02::1'),), third.routes)

    def test_one_route_per_destination(self):
        subnet = networkinfo.subnet(
            '10.0.0.0/24', '10.0.0.5', routes=[('10.9.0.0/16', '10.0.0.9')])
        first, second = addressing.plan(
            [networkinfo.vif(subnet), networkinfo.vif(subnet)])
        self.assertEqual(
            ['10.9.0.0/16'], [route.destination for route in first.routes])
        self.assertEqual((), second.routes)

    def test_no_vifs(self):
        self.assertEqual([], addressing.plan([]))

    def test_addresses_are_what_the_kernel_takes(self):
        (result,) = addressing.plan([networkinfo.vif(
            networkinfo.subnet('FD00::/64', 'FD00:0:0::5'))])
        self.assertEqual(('fd00::5/64',), result.addresses)
        ipaddress.ip_interface(result.addresses[0])
