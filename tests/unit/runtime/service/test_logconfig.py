from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import logconfig


def given(kind=None, **options):
    """Make a HostConfig; ``_`` stands for ``-`` in options."""
    return {'LogConfig': {'Type': kind, 'Config': {
        name.replace('_', '-'): value for name, value in options.items()}}}


class NormaliseTest(base.BaseTestCase):

    def test_types(self):
        for asked, expected in (
                (None, 'json-file'), ('', 'json-file'),
                ('json-file', 'json-file'), ('k8s-file', 'json-file'),
                ('local', 'local'), ('none', 'none')):
            self.assertEqual({'Type': expected, 'Config': {}},
                             logconfig.normalise(given(asked)))
        self.assertEqual({'Type': 'json-file', 'Config': {}},
                         logconfig.normalise({}))

    def test_options_are_kept(self):
        found = logconfig.normalise(given(
            'local', max_size='10m', max_file='3', compress='false',
            mode='blocking'))
        self.assertEqual('10m', found['Config']['max-size'])

    def test_refused(self):
        for asked, words in (
                (given('asdf'), "logger: no log driver named 'asdf' is "
                                'registered'),
                (given('journald'), 'journald'),
                (given('json-file', asdf='x'),
                 "unknown log opt 'asdf' for json-file log driver"),
                (given('none', max_size='1m'), "'max-size' for none"),
                (given(max_size='much'), 'much'),
                (given(max_size=f'{2**60}g'), 'more than a file'),
                (given(max_file='0'), 'max-file'),
                (given(max_file='-1'), 'max-file'),
                (given(max_file='1000'), 'max-file'),
                (given(max_file='few'), 'max-file')):
            error = self.assertRaises(
                exception.InvalidRequest, logconfig.normalise, asked)
            self.assertIn(words, error.message)

    def test_what_docker_has(self):
        for asked in (given(labels='x'), given(compress='true'),
                      given(mode='non-blocking')):
            error = self.assertRaises(
                exception.NotSupported, logconfig.normalise, asked)
            self.assertIn(next(iter(asked['LogConfig']['Config'])),
                          error.message)


class ValuesTest(base.BaseTestCase):

    def test_size(self):
        for asked, expected in ((given(), 7), (given(max_size='1k'), 1024),
                                (given(max_size='-1'), 0), ({}, 7)):
            self.assertEqual(expected, logconfig.size_bytes(asked, 7))

    def test_files(self):
        self.assertEqual(1, logconfig.files({}))
        self.assertEqual(3, logconfig.files(given(max_file='3')))

    def test_kept(self):
        self.assertTrue(logconfig.is_kept({}))
        self.assertTrue(logconfig.is_kept(given('local')))
        self.assertFalse(logconfig.is_kept(given('none')))
