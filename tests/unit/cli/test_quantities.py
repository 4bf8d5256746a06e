import argparse
import re

from oslotest import base

from novacontainer.cli import quantities


class QuantitiesTestCase(base.BaseTestCase):

    def test_size(self):
        for size_bytes, text in (
                (0, '0B'), (999, '999B'), (1000, '1kB'), (1450, '1.45kB'),
                (999_600, '1MB'), (12_345_678, '12.3MB'),
                (10**9, '1GB'), (5 * 10**15, '5000TB')):
            self.assertEqual(text, quantities.size(size_bytes))

    def test_parse_size(self):
        for text, size_bytes in (
                ('512', 512), ('4k', 4096), ('512m', 512 << 20),
                ('1.5g', 3 << 29), ('1GB', 1 << 30), ('1GiB', 1 << 30),
                ('-1', -1)):
            self.assertEqual(size_bytes, quantities.parse_size(text))

    def test_no_size(self):
        for text in ('', 'm', '1x', '-5', '1 000', '1e3'):
            self.assertRaises(argparse.ArgumentTypeError,
                              quantities.parse_size, text)

    def test_cpus(self):
        self.assertEqual(1_500_000_000, quantities.parse_cpus('1.5'))
        self.assertEqual(1, quantities.parse_cpus('0.000000001'))
        for text in ('', '-1', 'one', '1.', '0.0000000001'):
            self.assertRaises(argparse.ArgumentTypeError,
                              quantities.parse_cpus, text)

    def test_age(self):
        for seconds, text in (
                (-3, 'now'), (0, 'now'), (1, '1 second ago'),
                (90, '1 minute ago'), (5400, '90 minutes ago'),
                (7200, '2 hours ago'), (3 * 86400, '3 days ago'),
                (800 * 86400, '2 years ago')):
            self.assertEqual(text, quantities.age(seconds))

    def test_moments(self):
        self.assertEqual('5.5', quantities.parse_moment('5.5', 0))
        self.assertEqual('4600.000000',
                         quantities.parse_moment('1h30m', 10_000))
        self.assertEqual(
            '1767225600.000000',
            quantities.parse_moment('2026-01-01T00:00:00Z', 0))
        self.assertEqual(
            '1767225600.123456',
            quantities.parse_moment('2026-01-01T00:00:00.123456789Z', 0))

    def test_spans(self):
        for text, span_ns in (('0', 0), ('1m30s', 90 * 10**9),
                              ('1.5ms', 1_500_000)):
            self.assertEqual(span_ns, quantities.parse_span(text))
        for text in ('', '5', '1x', '-1s'):
            self.assertRaises(argparse.ArgumentTypeError,
                              quantities.parse_span, text)

    def test_no_moment(self):
        for text in ('', 'yesterday', '10x', '-5', '1h-3'):
            self.assertRaises(argparse.ArgumentTypeError,
                              quantities.parse_moment, text, 0)

    def test_clock(self):
        self.assertTrue(re.fullmatch(
            r'2026-01-0\dT\d\d:\d\d:00\.000000007[+-]\d\d:\d\d',
            quantities.clock(1_767_322_800_000_000_007)))
