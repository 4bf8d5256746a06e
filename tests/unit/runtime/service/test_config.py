import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import config

ID = 'ab' * 32


def image(**own):
    return models.Image(
        id='sha256:1', config={'config': own}, layers=(), references=(),
        created=datetime.datetime.now(datetime.UTC))


def merge(body, **own):
    return config.merge({'Image': 'web', **body}, image(**own), ID)[0]


class CommandTest(base.BaseTestCase):

    def check(self, expected, body, **own):
        merged = merge(body, **own)
        self.assertEqual(
            expected, (merged['Entrypoint'], merged['Cmd']))

    def test_from_the_image(self):
        self.check((['e'], ['c']), {}, Entrypoint=['e'], Cmd=['c'])
        self.check((None, ['c']), {'Cmd': []}, Cmd=['c'])

    def test_own_command_keeps_the_entry_point(self):
        self.check((['e'], ['x']), {'Cmd': ['x']},
                   Entrypoint=['e'], Cmd=['c'])

    def test_own_entry_point_drops_the_images_command(self):
        self.check((['x'], None), {'Entrypoint': ['x']},
                   Entrypoint=['e'], Cmd=['c'])

    def test_the_entry_point_can_be_taken_away(self):
        for nothing in ([], ['']):
            self.check((None, ['x']), {'Entrypoint': nothing,
                                       'Cmd': ['x']}, Entrypoint=['e'])
        self.check((None, ['c']), {'Entrypoint': []},
                   Entrypoint=['e'], Cmd=['c'])

    def test_nothing_to_run(self):
        for body, own in (({}, {}), ({'Cmd': []}, {}),
                          ({'Entrypoint': ['']}, {'Cmd': ['c']}),):
            error = self.assertRaises(
                exception.InvalidRequest, merge, body, **own)
            self.assertEqual('container.no_command', error.code)
            self.assertIn('No command specified', error.message)

    def test_image_without_a_config(self):
        bare = models.Image(
            id='x', config={'config': None}, layers=(), references=(),
            created=datetime.datetime.now(datetime.UTC))
        self.assertRaises(exception.InvalidRequest, config.merge,
                          {'Image': 'x'}, bare, ID)
        merged, warnings = config.merge(
            {'Image': 'x', 'Cmd': ['a']}, bare, ID)
        self.assertEqual((['a'], []), (merged['Cmd'], warnings))

    def test_nul(self):
        self.assertRaises(
            exception.InvalidRequest, merge, {'Cmd': ['a\0']})


class MergeTest(base.BaseTestCase):

    def test_environment(self):
        self.assertEqual(
            ['B=9', 'C=3', 'A=1'],
            config.merge_env(['B=9', 'C=3'], ['A=1', 'B=2']))

    def test_environment_entry_without_a_value_takes_away(self):
        merged = config.merge_env(['A'], ['A=1', 'B=2'])
        self.assertEqual(['A', 'B=2'], merged)
        self.assertEqual(['B=2'], config.without_bare_names(merged))

    def test_environment_twice(self):
        self.assertEqual(['A=2'], config.merge_env(['A=1', 'A=2'], []))

    def test_what_is_no_variable_in_an_image_is_left_out(self):
        self.assertEqual(
            ['C='], config.merge_env([], ['A', '', '=B', 'C=']))

    def test_bad_environment(self):
        for entry in ('', '=x', 'A=\0'):
            self.assertRaises(exception.InvalidRequest,
                              config.merge_env, [entry], [])

    def test_scalars(self):
        merged = merge({'Cmd': ['a']}, User='u', WorkingDir='/w',
                       StopSignal='INT')
        self.assertEqual(('u', '/w', 'INT'), (
            merged['User'], merged['WorkingDir'], merged['StopSignal']))
        merged = merge({'Cmd': ['a'], 'User': 'v', 'WorkingDir': '//x/../y/',
                        'StopSignal': '9', 'StopTimeout': 3},
                       User='u', WorkingDir='/w', StopSignal='INT')
        self.assertEqual(('v', '/y', '9', 3), (
            merged['User'], merged['WorkingDir'], merged['StopSignal'],
            merged['StopTimeout']))

    def test_maps_are_united(self):
        merged = merge(
            {'Cmd': ['a'], 'Labels': {'k': 'mine', 'n': '1'},
             'ExposedPorts': {'80/tcp': {}}},
            Labels={'k': 'theirs', 'm': '2'}, ExposedPorts={'22/tcp': {}})
        self.assertEqual({'k': 'mine', 'n': '1', 'm': '2'},
                         merged['Labels'])
        self.assertEqual({'80/tcp', '22/tcp'}, set(merged['ExposedPorts']))

    def test_defaults(self):
        merged = merge({'Cmd': ['a']})
        self.assertEqual(ID[:12], merged['Hostname'])
        self.assertEqual(
            (False, True, '', None, {}, None),
            (merged['Tty'], merged['AttachStdout'], merged['WorkingDir'],
             merged['StopTimeout'], merged['Labels'], merged['Volumes']))

    def test_hostname_with_an_underscore(self):
        self.assertEqual('my_host', merge(
            {'Cmd': ['a'], 'Hostname': 'my_host'})['Hostname'])

    def test_volumes(self):
        merged, warnings = config.merge(
            {'Image': 'x', 'Cmd': ['a'], 'Volumes': {'/own': {}}},
            image(Volumes={'/data': {}}), ID)
        self.assertEqual(({'/data': {}, '/own': {}}, []),
                         (merged['Volumes'], warnings))
        self.assertRaises(exception.InvalidRequest, merge,
                          {'Cmd': ['a'], 'Volumes': {'relative': {}}})

    def test_health_check(self):
        merged, _ = config.merge(
            {'Image': 'x', 'Cmd': ['a'], 'Healthcheck': {'Retries': 2}},
            image(Healthcheck={'Test': ['CMD', 'x']},
                  Shell=['/bin/ash', '-c']), ID)
        self.assertEqual({'Test': ['CMD', 'x'], 'Retries': 2},
                         merged['Healthcheck'])
        self.assertEqual(['/bin/ash', '-c'], merged['Shell'])

    def test_without_a_health_check(self):
        merged = merge({'Cmd': ['a']})
        self.assertNotIn('Healthcheck', merged)
        self.assertNotIn('Shell', merged)

    def test_bad_values(self):
        for key, value in (
                ('Hostname', '-x'), ('Hostname', 'a' * 64),
                ('Hostname', 'a\nb'), ('Domainname', 'a b'),
                ('WorkingDir', 'relative'), ('WorkingDir', '/a\0'),
                ('StopSignal', 'NOSUCH'), ('StopTimeout', -2)):
            self.assertRaises(exception.InvalidRequest, merge,
                              {'Cmd': ['a'], key: value})

    def test_what_is_not_supported_is_named(self):
        for key, value in (('Unheard', 'of'),):
            error = self.assertRaises(
                exception.NotSupported, merge, {'Cmd': ['a'], key: value})
            self.assertIn(key, error.message)

    def test_what_asks_for_nothing_passes(self):
        merge({'Cmd': ['a'], 'Healthcheck': {'Test': ['NONE']},
               'MacAddress': '', 'ArgsEscaped': True, 'Unheard': None,
               'OnBuild': ['x'], 'Shell': ['sh'], 'HostConfig': {},
               'NetworkingConfig': {}})
