"""Which driver is chosen; trying overlayfs itself takes root."""

import pathlib
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.storage import select

ID_MAP = models.IdMap(65536)


class ChooseTest(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.problem = ''
        self.kind = 'ext4'
        self.log = self.useFixture(fixtures.FakeLogger())
        self.useFixture(fixtures.MockPatchObject(
            select, 'overlay_problem', lambda *_: self.problem))
        self.useFixture(fixtures.MockPatchObject(
            mounts, 'filesystem_type', lambda _: self.kind))

    def choose(self, wanted='auto'):
        chosen = select.choose(self.root, wanted, self.root / 'pins', ID_MAP)
        return chosen.storage.name, chosen.why

    def refused(self, kind, code, wanted='auto'):
        fault = self.assertRaises(kind, self.choose, wanted)
        self.assertEqual(code, fault.code)
        return fault.message

    def test_overlay_where_it_works(self):
        for self.kind in ('ext4', 'btrfs'):
            self.assertEqual(('overlay', 'overlayfs works here'),
                             self.choose())

    def test_else_btrfs(self):
        self.problem, self.kind = 'no such file system', 'btrfs'
        name, why = self.choose()
        self.assertEqual('btrfs', name)
        self.assertIn('no such file system', why)

    def test_else_vfs(self):
        self.problem = 'no upper here'
        self.assertEqual('vfs', self.choose()[0])
        self.assertIn('no upper here', self.log.output)
        self.assertIn('full copy', self.log.output)

    def test_what_is_configured(self):
        self.kind = 'btrfs'
        for name in ('overlay', 'btrfs', 'vfs'):
            self.assertEqual((name, 'it is configured in [storage]'),
                             self.choose(name))

    def test_what_is_configured_and_does_not_work(self):
        self.problem = 'bad luck'
        said = self.refused(exception.NotSupported, 'host.data_root',
                            'overlay')
        for words in ('bad luck', 'lies on ext4', '--data-root'):
            self.assertIn(words, said)
        self.assertIn('lies on ext4', self.refused(
            exception.NotSupported, 'host.data_root', 'btrfs'))

    def test_a_data_root_keeps_its_driver(self):
        for place, name in (('vfs/c1', 'vfs'), ('chains/c', 'btrfs')):
            self.kind = 'btrfs'
            (self.root / place).mkdir(parents=True)
            self.assertEqual((name, 'the data root was made with it'),
                             self.choose())
            said = self.refused(exception.Conflict, 'storage.other_driver',
                                'overlay')
            self.assertIn(f'Set driver = {name} in [storage]', said)
            self.assertIn(str((self.root / place).parent), said)
            (self.root / place).rmdir()
        self.assertEqual('overlay', self.choose('overlay')[0])

    def test_a_data_root_whose_driver_no_longer_works(self):
        (self.root / 'overlay/c1').mkdir(parents=True)
        self.problem = 'bad luck'
        self.assertIn('bad luck', self.refused(
            exception.NotSupported, 'host.data_root'))

    def test_a_data_root_of_two_drivers(self):
        for place in ('overlay/c1', 'vfs/c1'):
            (self.root / place).mkdir(parents=True)
        for wanted in ('auto', 'vfs'):
            self.assertIn('overlay', self.refused(
                exception.Conflict, 'storage.other_driver', wanted))


class ProblemTest(base.BaseTestCase):
    def test_nothing_is_left_of_the_try(self):
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        with mock.patch.object(select.overlay.Overlay, 'prepare',
                               side_effect=exception.Internal('no luck')):
            self.assertEqual('no luck', select.overlay_problem(root, ID_MAP))
        with mock.patch.object(select.overlay.Overlay, 'prepare',
                               side_effect=OSError(5, 'no disk')):
            self.assertIn('no disk', select.overlay_problem(root, ID_MAP))
        self.assertEqual([], list(root.iterdir()))
