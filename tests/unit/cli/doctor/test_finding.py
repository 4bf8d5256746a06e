from oslotest import base

from novacontainer.cli.doctor import finding


class FindingTestCase(base.BaseTestCase):

    def test_grades_as_they_are_printed(self):
        self.assertEqual(
            ['ok', 'warn', 'FAIL'],
            [str(one.grade) for one in (
                finding.ok('a', 'b'), finding.warn('a', 'b', 'c'),
                finding.fail('a', 'b', 'c'))])
