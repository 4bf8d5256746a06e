from nova.compute import power_state as nova_power_state
from oslotest import base

from novacontainer.virt import power_state


class FromStatusTestCase(base.BaseTestCase):

    def test_every_status(self):
        table = {
            'created': nova_power_state.SHUTDOWN,
            'running': nova_power_state.RUNNING,
            'paused': nova_power_state.PAUSED,
            'restarting': nova_power_state.RUNNING,
            'removing': nova_power_state.SHUTDOWN,
            'exited': nova_power_state.SHUTDOWN,
            'dead': nova_power_state.CRASHED,
        }
        for status, state in table.items():
            self.assertEqual(state, power_state.from_status(status), status)

    def test_unknown(self):
        self.assertEqual(nova_power_state.NOSTATE,
                         power_state.from_status('sleeping'))
