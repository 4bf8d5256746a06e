import datetime
import json

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import config
from tests import archives

DIFF_ID = archives.digest(b'layer')


class TestParse(base.BaseTestCase):

    def parse(self, **changes):
        document = archives.config([DIFF_ID], cmd=['sh'])
        document.update(changes)
        return config.parse(json.dumps(document).encode())

    def test_verbatim(self):
        found = self.parse(extra={'kept': [1]})
        self.assertEqual({'kept': [1]}, found['extra'])
        self.assertEqual((DIFF_ID,), config.diff_ids(found))

    def test_null_counts_as_absent(self):
        self.parse(config=None, rootfs=None, history=None, created=None)

    def test_wrong_types(self):
        for changes in (
                {'config': []}, {'config': 'x'}, {'rootfs': [1]},
                {'rootfs': {'diff_ids': 'abc'}},
                {'rootfs': {'diff_ids': [1]}},
                {'rootfs': {'diff_ids': ['sha256:zz']}},
                {'config': {'Cmd': 'sh'}}, {'config': {'Cmd': [1]}},
                {'config': {'Env': {'A': 'b'}}},
                {'config': {'Entrypoint': [None]}},
                {'config': {'Labels': ['a']}},
                {'config': {'Labels': {'a': 1}}},
                {'config': {'User': 0}}, {'config': {'Volumes': []}},
                {'config': {'Labels': {'a': None}}},
                {'config': {'Cmd': ['a\0b']}},
                {'config': {'Env': ['A=\0']}}, {'config': {'Tty': 'x'}},
                {'config': {'Volumes': {'/a': 1}}},
                {'config': {'ExposedPorts': {'80/tcp': 'x'}}},
                {'config': {'Healthcheck': {'Test': 'x'}}},
                {'config': {'Healthcheck': {'Interval': 'x'}}},
                {'architecture': 5}, {'author': {}}, {'comment': 1},
                {'os.version': [1]}, {'history': [1]}, {'history': [None]},
                {'history': [{'created_by': 7}]},
                {'history': [{'empty_layer': 'x'}]},
                {'history': {}}, {'created': 5}, {'os': 1}):
            self.assertRaises(exception.InvalidRequest, self.parse,
                              **changes)

    def test_not_an_object(self):
        for data in (b'[]', b'1', b'null', b'{', b'', b'\xff'):
            self.assertRaises(exception.InvalidRequest, config.parse, data)

    def test_deep_nesting(self):
        self.assertRaises(exception.InvalidRequest, config.parse,
                          b'[' * 200_000)

    def test_other_system(self):
        error = self.assertRaises(exception.InvalidRequest, self.parse,
                                  os='windows')
        self.assertIn('only linux', error.message)


class TestCreated(base.BaseTestCase):

    def created(self, text):
        return config.created({'created': text})

    def test_nanoseconds_and_zones(self):
        self.assertEqual(
            datetime.datetime(2026, 1, 2, 1, 4, 5, 123456,
                              tzinfo=datetime.UTC),
            self.created('2026-01-02T03:04:05.123456789+02:00'))

    def test_never(self):
        epoch = datetime.datetime.fromtimestamp(0, datetime.UTC)
        for text in (None, '', '0001-01-01T00:00:00Z'):
            self.assertEqual(epoch, self.created(text))

    def test_not_a_time(self):
        for text in ('yesterday', '2026-02-30T00:00:00Z', '2026-01-02',
                     '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:00'):
            self.assertRaises(exception.InvalidRequest, self.created, text)


class TestMade(base.BaseTestCase):

    def test_root_filesystem_is_deterministic(self):
        first = config.for_root_filesystem(DIFF_ID, 1_700_000_000)
        self.assertEqual(first,
                         config.for_root_filesystem(DIFF_ID, 1_700_000_000))
        self.assertEqual({}, first['config'])
        config.parse(json.dumps(first).encode())

    def test_any_time_can_be_shown(self):
        for seconds in (-1, 10 ** 15):
            config.parse(json.dumps(config.for_root_filesystem(
                DIFF_ID, seconds)).encode())

    def test_with_layer(self):
        base_config = archives.config([DIFF_ID], cmd=['sh'])
        base_config['author'] = 'someone else'
        now = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
        made = config.with_layer(
            base_config, archives.digest(b'new'), {'Cmd': ['x']}, author='',
            message='why', now=now)
        self.assertEqual([DIFF_ID, archives.digest(b'new')],
                         made['rootfs']['diff_ids'])
        self.assertEqual({'Cmd': ['x']}, made['config'])
        self.assertEqual('why', made['history'][-1]['comment'])
        self.assertEqual('why', made['comment'])
        self.assertNotIn('author', made)
        self.assertEqual(now, config.created(made))
        self.assertEqual(1, len(base_config['history']))
