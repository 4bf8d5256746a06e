"""Requests that Nova's API has sent, and that no nova-compute ever takes."""

import unittest
from unittest import mock

from nova.compute import rpcapi
from nova.virt import driver

from tests.functional import computehost
from tests.functional import test_nova_crashes as crashes

#: operation → the message that is lost, what was asked for, and what the
#: server is afterwards.
_OPERATIONS = {
    'os-stop': ('stop_instance', None, 'ACTIVE'),
    'reboot': ('reboot_instance', {'type': 'HARD'}, 'ACTIVE'),
    'pause': ('pause_instance', None, 'ACTIVE'),
    'suspend': ('suspend_instance', None, 'ACTIVE'),
    'rescue': ('rescue_instance', {}, 'ACTIVE'),
    'createImage': ('snapshot_instance', {'name': 'image'}, 'ACTIVE'),
    'shelve': ('shelve_instance', None, 'ACTIVE'),
    'rebuild': ('rebuild_instance', {'imageRef': computehost.NOVA_IMAGE},
                'ERROR'),
}


@unittest.skipUnless(
    hasattr(driver.ComputeDriver, 'process_instances_at_startup'),
    'Before Nova 2026.2 the compute manager ends such tasks as it starts.')
class LostRequestsTestCase(crashes.ResizesCase):

    def setUp(self):
        super().setUp()
        self.flags(lost_request_timeout=1, group='novacontainer')
        self.server = self.boot()
        self.write(self.server, 'kept')

    def lose(self, action, message, body):
        """Ask for something, and have nobody told."""
        with mock.patch.object(rpcapi.ComputeAPI, message) as sent:
            self.order(action, body)
            self.wait_for(lambda: sent.called)
        self.assertFalse(self.settled())
        self.restart()

    def assertGoesOn(self, status):
        self.wait_for(self.settled)
        self.assertEqual(status, self.server['status'])
        self.go_on()
        self.assertWell()

    def test_operations(self):
        for action, (message, body, status) in _OPERATIONS.items():
            self.lose(action, message, body)
            self.assertGoesOn(status)
        self.end()

    def test_resize(self):
        self.lose('resize', 'prep_resize', {'flavorRef': self.sizes[128]})
        self.assertGoesOn('ACTIVE')
        self.end()

    def test_revert(self):
        """Nova's API has begun it: it is done."""
        self.resize()
        self.lose('revertResize', 'revert_resize', None)
        self.assertGoesOn('ACTIVE')
        self.assertEqual(64, self.look()['flavor']['ram'])
        self.end()
