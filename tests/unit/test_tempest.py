"""What ``make tempest`` says of a run, and what it leaves out."""

import pathlib

from oslotest import base

from tests import features
from tests.tempest import tally

_EXCLUDED = pathlib.Path(__file__).parents[1] / 'tempest/excluded.txt'

_OUTPUT = """\
{0} tempest.api.compute.x.A.test_one [1.250000s] ... ok
{1} tempest.api.compute.x.A.test_two[id-5,smoke] [0.000000s] ... \
SKIPPED: Cinder is not available
{0} tempest.api.compute.x.A.test_three [0.100000s] ... SKIPPED: Not today: no
{1} tempest.api.compute.x.B.test_one [61.000000s] ... FAILED
{0} setUpClass (tempest.api.compute.x.C) [0.000000s] ... FAILED
{1} setUpClass (tempest.api.compute.x.D) ... SKIPPED: Cinder is not available
{1} tempest.api.compute.x.E.test_one [0.000000s] ... SKIPPED

Captured traceback:
    {0} tempest.api.compute.x.B.test_one said: ... FAILED
Totals
"""


class TallyTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.tally = tally.Tally()
        for line in _OUTPUT.splitlines(keepends=True):
            self.tally.add(line)

    def test_figures_stand_last(self):
        self.assertEqual('1 passed, 2 failed, 4 skipped in 2 min 5 s',
                         self.tally.summary(125.2).splitlines()[-1])

    def test_reasons_and_names(self):
        self.assertEqual([
            'Skipped, and why:',
            '    2  Cinder is not available',
            '    1  Not today: no',
            '    1  no reason given',
            'Failed:',
            '       tempest.api.compute.x.B.test_one',
            '       setUpClass (tempest.api.compute.x.C)',
        ], self.tally.summary(0).splitlines()[:-1])

    def test_nothing_but_success(self):
        counted = tally.Tally()
        counted.add(_OUTPUT.splitlines()[0])
        self.assertEqual('1 passed, 0 failed, 0 skipped in 0 min 0 s',
                         counted.summary(0.4))


class ExcludedTestCase(base.BaseTestCase):

    def test_each_has_its_reason(self):
        reasoned = False
        for line in _EXCLUDED.read_text().splitlines()[1:]:
            if line.startswith('#'):
                reasoned = True
            elif line:
                self.assertTrue(reasoned, f'{line} has no reason')
            else:
                reasoned = False


class FeaturesTestCase(base.BaseTestCase):

    def test_what_rests_on_nothing_is_there(self):
        self.assertTrue(features.complete('rebuild', 'shelve'))

    def test_all_of_them_have_to_be(self):
        self.assertTrue(features.complete('launch', 'pause'))
        self.assertFalse(features.complete('launch', 'live-migrate'))
