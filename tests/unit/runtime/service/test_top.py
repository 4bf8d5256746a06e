import os
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime import exception
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import top
from tests.unit.runtime.service import world


class TopTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.top = top.Top(
            preparation.Settings('nc-unit', 2),
            registry.Registry(self.world.database))
        self.useFixture(fixtures.MockPatchObject(
            cgroups, 'members', return_value={os.getpid()}))

    def test_the_container_s_own(self):
        titles, rows = self.top.list(self.world.start())
        self.assertIn('PID', titles)
        self.assertEqual(
            [str(os.getpid())], [row[titles.index('PID')] for row in rows])
        self.assertEqual(len(titles), len(rows[0]))

    def test_columns(self):
        titles, rows = self.top.list(self.world.start(), '-eo pid,ppid')
        self.assertEqual(['PID', 'PPID'], titles)
        self.assertEqual([[str(os.getpid()), str(os.getppid())]], rows)

    def test_columns_alone(self):
        titles, rows = self.top.list(self.world.start(), '-o pid,ppid')
        self.assertEqual(['PID', 'PPID'], titles)
        self.assertEqual([[str(os.getpid()), str(os.getppid())]], rows)

    def test_options_that_pids_cannot_stand_beside(self):
        titles, rows = self.top.list(self.world.start(), 'axf')
        self.assertEqual([str(os.getpid())],
                         [row[titles.index('PID')] for row in rows])

    def test_bad_options(self):
        container_id = self.world.start()
        for text in ('--no-such-option', '-o "', '-eo ppid', '-e\0'):
            self.assertRaises(exception.InvalidRequest, self.top.list,
                              container_id, text)

    def test_what_does_not_run(self):
        self.assertRaises(exception.Conflict, self.top.list,
                          self.world.create())
        self.assertRaises(exception.NotFound, self.top.list, 'missing')

    def test_no_ps(self):
        container_id = self.world.start()
        with mock.patch.object(top.shutil, 'which', return_value=None):
            self.assertRaises(exception.NotSupported, self.top.list,
                              container_id)
