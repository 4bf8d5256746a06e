import os
import socket
from unittest import mock

from oslotest import base

from novacontainer.runtime.api import peers


class PeersTest(base.BaseTestCase):

    def request(self, sock):
        made = mock.Mock()
        made.transport.get_extra_info.return_value = sock
        return made

    def test_who_it_is(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        request = self.request(ours)
        self.assertEqual(
            f'pid {os.getpid()} uid {os.getuid()} gid {os.getgid()}',
            peers.describe(request))
        self.assertEqual(os.getuid() == 0, peers.is_root(request))

    def test_who_is_unknown_is_not_root(self):
        gone = mock.Mock(family=socket.AF_UNIX)
        gone.getsockopt.side_effect = OSError
        for request in (mock.Mock(transport=None), self.request(None),
                        self.request(mock.Mock(family=socket.AF_INET)),
                        self.request(gone)):
            self.assertFalse(peers.is_root(request))
            self.assertEqual('an unknown peer', peers.describe(request))
