"""Ports of the demo's cloud."""

import os
import socket

from oslotest import base

from demo import errors
from demo import ports


class PortsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(self.socket.close)
        self.port = self.socket.getsockname()[1]
        self.addCleanup(setattr, ports, 'OWNERS', ports.OWNERS)
        ports.OWNERS = {self.port: 'keystone'}

    def test_a_taken_port_is_refused_with_its_holder(self):
        error = self.assertRaises(errors.DemoError, ports.refuse_taken, set())
        self.assertIn(f'{self.port} (for keystone)', error.reason)
        self.assertIn(f'pid {os.getpid()})', error.reason)

    def test_a_port_that_we_hold_is_fine(self):
        ports.refuse_taken({'keystone'})

    def test_a_free_port_is_fine(self):
        self.socket.close()
        ports.refuse_taken(set())

    def test_open(self):
        self.assertTrue(ports.is_open(self.port))
        self.socket.close()
        self.assertFalse(ports.is_open(self.port))
        self.assertFalse(ports.answers(self.port))
