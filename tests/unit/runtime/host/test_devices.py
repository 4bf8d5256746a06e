"""Device nodes: what they are, and taking back /dev/null."""

import os
import pathlib
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import devices


class TestReclaimNull(base.BaseTestCase):
    def reclaim(self, uid, gid):
        status = mock.Mock(st_uid=uid, st_gid=gid)
        with mock.patch.object(os, 'stat', return_value=status), \
                mock.patch.object(os, 'chown') as chown:
            return devices.reclaim_null(), chown.mock_calls

    def test_ours(self):
        self.assertEqual((False, []), self.reclaim(0, 0))

    def test_given_away(self):
        for uid, gid in ((100000, 100000), (100000, 0), (0, 100000)):
            self.assertEqual(
                (True, [mock.call('/dev/null', 0, 0)]),
                self.reclaim(uid, gid))

    def test_missing(self):
        self.assertRaises(FileNotFoundError, devices.reclaim_null,
                          str(pathlib.Path('/no/such')))


class TestNodes(base.BaseTestCase):
    def test_inspect(self):
        node = devices.inspect('/dev/null')
        self.assertEqual(('c', 1, 3), (node.kind, node.major, node.minor))

    def test_what_is_no_device(self):
        for path in ('/no/such', '/tmp', '/dev/null/x'):
            error = self.assertRaises(
                exception.InvalidRequest, devices.inspect, path)
            self.assertIn(path, error.message)

    def test_exists(self):
        self.assertTrue(devices.exists('/dev/null'))
        for path in ('/no/such', '/tmp', '/dev/null/x'):
            self.assertFalse(devices.exists(path))

    def test_listed(self):
        found = dict(devices.listed())
        self.assertEqual(devices.inspect('/dev/null'), found['/dev/null'])
        self.assertNotIn('/dev/console', found)
