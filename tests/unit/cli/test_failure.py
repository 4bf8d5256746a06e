from oslotest import base

from novacontainer.cli import failure


class FailureTestCase(base.BaseTestCase):

    def test_reason(self):
        plain = OSError('became shorter')
        self.assertEqual('became shorter', failure.reason(plain))
        self.assertEqual('No such file',
                         failure.reason(OSError(2, 'No such file')))
        self.assertEqual('/x: No such file',
                         failure.reason(OSError(2, 'No such file', '/x')))

    def test_reason_of_what_was_raised_from_it(self):
        outer = ValueError('[Errno 2] No such file')
        outer.__cause__ = OSError(2, 'No such file')
        self.assertEqual('No such file', failure.reason(outer))
        self.assertEqual('odd', failure.reason(ValueError('odd')))
