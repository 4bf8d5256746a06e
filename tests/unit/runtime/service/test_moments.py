import datetime

from oslotest import base

from novacontainer.runtime.service import moments

NOW = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)


class MomentsTest(base.BaseTestCase):

    def check(self, expected, text):
        self.assertEqual(
            expected, moments.parse(text, NOW).strftime('%d %H:%M:%S'))

    def test_ages(self):
        self.check('02 11:00:00', '1h')
        self.check('01 10:29:59', '25h30m1s')
        self.check('02 11:59:58', '1.5s500ms')

    def test_times(self):
        self.check('02 03:04:05', '1767323045')
        self.check('02 03:04:05', '1767323045.5')
        self.check('31 00:00:00', '2026-01-31')
        self.check('31 10:20:00', '2026-01-31T10:20')
        self.check('31 10:20:30', '2026-01-31T12:20:30+02:00')
        self.check('31 10:20:30', '2026-01-31T10:20:30.123456789Z')

    def test_neither(self):
        for text in ('', 'x', '-1h', '5d', '2026-13-01', '1h x'):
            self.assertRaises(ValueError, moments.parse, text, NOW)
        self.assertRaises(ValueError, moments.parse, '9' * 400 + 'h', NOW)
