"""Taking back /dev/null."""

import os
import pathlib
from unittest import mock

from oslotest import base

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
