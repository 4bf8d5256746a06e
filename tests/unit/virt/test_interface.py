from oslo_serialization import msgpackutils
from oslotest import base

from novacontainer.virt import interface
from novacontainer.virt.privsep import request


class TestInterface(base.BaseTestCase):

    def test_survives_the_privsep_channel(self):
        original = interface.Interface(
            device='tap3f2a1b4c-5d', name='eth0',
            address='fa:16:3e:00:00:05', mtu=1450,
            host_address='00:61:fe:ed:ca:fe', host_ipv6=True,
            bridge='qbr3f2a1b4c-5d', checksum_offload=False, accept_ra=True,
            exact=True,
            addresses=('10.0.0.5/24', 'fd00::5/64'),
            routes=(interface.Route('0.0.0.0/0', '10.0.0.1'),
                    interface.Route('::/0', 'fd01::1', onlink=True),
                    interface.Route('192.168.0.0/24')))
        wire = msgpackutils.loads(msgpackutils.dumps(
            [original.to_primitive()]))
        self.assertEqual([original], request.interfaces(wire))
