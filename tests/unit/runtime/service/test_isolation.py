import os
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.service import isolation

NULL = {'PathOnHost': '/dev/null'}


def check(given, **policy):
    isolation.check(given, isolation.Policy(**policy))


class CheckTest(base.BaseTestCase):

    def test_nothing(self):
        check({})
        check({'PidMode': '', 'IpcMode': 'shareable', 'UTSMode': '',
               'CgroupnsMode': 'private', 'MaskedPaths': None})

    def test_what_the_operator_does_not_allow(self):
        for given, option in (
                ({'Privileged': True}, 'allow_privileged'),
                ({'DeviceCgroupRules': ['c 1:3 r']}, 'allow_privileged'),
                ({'MaskedPaths': []}, 'allow_privileged'),
                ({'ReadonlyPaths': ['/x']}, 'allow_privileged'),
                ({'UTSMode': 'host'}, 'allow_host_namespaces'),
                ({'IpcMode': 'host'}, 'allow_host_namespaces'),
                ({'Devices': [NULL]}, 'allowed_devices'),
                ({'Devices': [{**NULL, 'Plugged': True}]},
                 'pluggable_devices')):
            error = self.assertRaises(exception.Forbidden, check, given)
            self.assertIn(f'[containers]{option}', error.message)

    def test_what_the_operator_allows(self):
        check({'Privileged': True, 'IpcMode': 'host', 'MaskedPaths': [],
               'DeviceCgroupRules': ['a *:* rwm'], 'Devices': [NULL]},
              privileged=True)
        check({'UTSMode': 'host'}, host_namespaces=True)
        check({'IpcMode': 'host', 'UsernsMode': 'host'},
              host_namespaces=True)
        check({'Devices': [NULL]}, devices=('/dev/n*',))
        check({'MaskedPaths': [*defaults.MASKED_PATHS, '/proc/self']})

    def test_a_device_is_known_by_its_own_path(self):
        self.assertRaises(
            exception.Forbidden, check,
            {'Devices': [{'PathOnHost': '/dev/ok/../null'}]},
            devices=('/dev/ok/*',))

    def test_bad_values(self):
        for given in ({'UTSMode': 'x'}, {'CgroupnsMode': 'shareable'},
                      {'DeviceCgroupRules': ['c 1:3']},
                      {'DeviceCgroupRules': ['x 1:3 r']},
                      {'MaskedPaths': ['relative']},
                      {'IpcMode': 'host'}, {'PidMode': 'host'},
                      {'Devices': [{}]},
                      {'Devices': [{**NULL, 'CgroupPermissions': 'x'}]},
                      {'Devices': [{**NULL, 'PathInContainer': 'x'}]},
                      {'Devices': [{'PathOnHost': '/dev/nope'}]},
                      {'Devices': [{'PathOnHost': '/dev/shm'}]}):
            self.assertRaises(
                exception.InvalidRequest, check, given,
                privileged=not given.get('Devices'), host_namespaces=True,
                devices=('/dev/*', '.'))

    def test_other_containers_are_not_joined(self):
        for given in ({'PidMode': 'container:x'},
                      {'IpcMode': 'container:x'}):
            self.assertRaises(exception.NotSupported, check, given,
                              host_namespaces=True)

    def test_init_must_be_installed(self):
        with tempfile.TemporaryDirectory() as directory:
            program = pathlib.Path(directory, 'init')
            error = self.assertRaises(
                exception.NotSupported, check, {'Init': True},
                init_path=str(program))
            self.assertIn('apt install tini', error.message)
            program.touch(0o755)
            check({'Init': True}, init_path=str(program))


class DescriptionTest(base.BaseTestCase):

    def test_mounts(self):
        self.assertEqual((), isolation.mounts({}, '/init'))
        self.assertEqual((
            models.Mount('bind', '/dev/null', '/dev/x',
                         ('bind', 'rprivate')),
            models.Mount('bind', '/init', isolation.INIT,
                         ('bind', 'rprivate', 'ro'))),
            isolation.mounts({'Init': True, 'Devices': [
                {**NULL, 'PathInContainer': '/dev/x'}]}, '/init'))

    def test_device_rules(self):
        self.assertEqual((
            {'allow': True, 'type': 'c', 'major': 1, 'minor': 3,
             'access': 'r'},
            {'allow': True, 'type': 'b', 'major': 8, 'access': 'rw'}),
            isolation.device_rules({
                'Devices': [{**NULL, 'CgroupPermissions': 'r'}],
                'DeviceCgroupRules': ['b 8:* rw']}))

    def test_nodes_of_the_privileged(self):
        self.assertEqual((), isolation.nodes({}))
        found = {node['path']: node
                 for node in isolation.nodes({'Privileged': True})}
        self.assertEqual(
            (os.major(os.stat('/dev/null').st_rdev), 'c'),
            (found['/dev/null']['major'], found['/dev/null']['type']))
        self.assertFalse([path for path in found
                          if path.startswith('/dev/pts')])

    def test_namespaces_and_paths(self):
        self.assertEqual(frozenset(('uts', 'cgroup')),
                         isolation.host_namespaces(
            {'UTSMode': 'host', 'CgroupnsMode': 'host', 'IpcMode': ''}))
        self.assertIsNone(isolation.hidden_paths({}))
        self.assertEqual((), isolation.readonly_paths({'ReadonlyPaths': []}))
