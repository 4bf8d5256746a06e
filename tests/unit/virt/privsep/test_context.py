from oslo_privsep import capabilities
from oslo_utils import importutils
from oslotest import base

from novacontainer.virt import privsep
from novacontainer.virt.privsep import links
from novacontainer.virt.privsep import netns
from novacontainer.virt.privsep import wiring


class TestContext(base.BaseTestCase):

    def test_capabilities_are_these_two(self):
        self.assertEqual(
            [capabilities.CAP_NET_ADMIN, capabilities.CAP_SYS_ADMIN],
            privsep.network.conf.capabilities)

    def test_found_again_by_its_path(self):
        self.assertIs(
            privsep.network,
            importutils.import_class(privsep.network.pypath))

    def test_nothing_but_the_entry_points_is_exported(self):
        exported = {
            name for module in (wiring, links, netns)
            for name, value in vars(module).items()
            if privsep.network.is_entrypoint(value)}
        self.assertEqual({'host_ends', 'silence', 'unwire', 'wire'},
                         exported)
