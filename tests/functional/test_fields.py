"""What the manual says of every field, held against the real daemon."""

import dataclasses
import functools
import json
import pathlib

from oslotest import base

from tests import archives
from tests import fields
from tests.functional import daemon

#: All that an operator can allow: the manual names the options.
OPTIONS = {'containers': {
    'allow_privileged': 'true', 'allow_host_userns': 'true',
    'allow_host_namespaces': 'true',
    'allowed_devices': '/dev/null', 'pluggable_devices': '/dev/loop0'}}
#: What nobody means; beside these, what is meant elsewhere.
HOSTILE = (-1, 2**63 - 1, 2**64, 1.5, True, '', '\0', '../..', 'x' * 5000,
           [''], ['\0'], [[]], [{}], [-1], {'': ''}, {'a': 'b'}, {'/': {}})
#: Words of rows that are about one kind of host only.
WITH_WEIGHTS = 'served with runc, or where control groups are of version 2'
ONLY_ON_VERSION_1 = 'where control groups are of version 1'


class FieldsTest(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = daemon.Daemon(OPTIONS)
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        cls.daemon.load(archives.busybox_image(fields.IMAGE))
        info = cls.daemon.json('GET', '/info')
        cls.version = info['CgroupVersion']
        cls.weights = (cls.version != '1'
                       or info['DefaultRuntime'] == 'runc')
        cls.daemon.json('POST', '/networks/create', {
            'Name': fields.NETWORK, 'EnableIPv6': True,
            'IPAM': {'Config': [{'Subnet': '10.88.0.0/16'},
                                {'Subnet': 'fd00::/64'}]}})
        # Whom other containers may name.
        cls.donor = cls.create('donor')
        cls.daemon.json('POST', f'/containers/{cls.donor}/start')

    @classmethod
    def create(cls, name):
        return cls.daemon.json(
            'POST', f'/containers/create?name={name}',
            {'Image': fields.IMAGE, 'Cmd': ['sleep', '1000']})['Id']

    def hold(self, request, path, defaults=None, clean=None):
        """Ask for every field.

        :param path: of the request; called anew for each when it is callable.
        :param clean: called with path, status and body of each answer.
        """
        wrong = []
        for row in fields.tables()[request]:
            body = {**(defaults or {}), **fields.body(request, row)}
            where = path() if callable(path) else path
            status, answer = self.daemon.request('POST', where, body)
            if clean is not None:
                clean(where, status, answer)
            expected = row.status
            if ONLY_ON_VERSION_1 in row.verdict and self.version != '1':
                expected = 501
            if WITH_WEIGHTS in row.verdict and not self.weights:
                expected = 501
            if (status if status >= 400 else 0) != expected:
                wrong.append(f'{row.path}: "{row.verdict}", but the answer '
                             f'is {status} {answer.decode()}')
        self.assertEqual([], wrong, request)

    def harass(self, request, path, defaults, clean):
        """Ask for every field with values that make no sense.

        :param clean: removes what an answer of 201 has made.
        """
        wrong = []
        for row in fields.tables()[request]:
            for value in HOSTILE:
                asked = dataclasses.replace(row, example=value)
                status, answer = self.daemon.request(
                    'POST', path, {**defaults, **fields.body(request, asked)})
                if status == 201:
                    clean(json.loads(answer))
                elif not (status in (200, 204, 501) or 400 <= status < 500):
                    wrong.append(f'{row.path}: {value!r:.40}: {status} '
                                 f'{answer.decode()}')
        self.assertEqual([], wrong, request)
        self.assertNotIn('Traceback', self.daemon.log)

    def remove(self, ident):
        status, answer = self.daemon.request(
            'DELETE', f'/containers/{ident}?force=1&v=1')
        self.assertEqual(204, status, answer)

    def test_new_containers(self):
        def clean(_where, status, answer):
            if status == 201:
                self.remove(json.loads(answer)['Id'])

        # A place that any host has to mount from.
        self.assertTrue(pathlib.Path('/srv').is_dir())
        self.hold('POST /containers/create', '/containers/create',
                  {'Image': fields.IMAGE, 'Cmd': ['sleep', '1000']}, clean)

    def test_changes(self):
        self.hold(
            'POST /containers/{id}/update',
            lambda: f'/containers/{self.create("changed")}/update',
            clean=lambda _where, _status, _answer: self.remove('changed'))

    def test_devices(self):
        self.hold(
            'POST /containers/{id}/devices',
            lambda: f'/containers/{self.create("plugged")}/devices',
            {'PathOnHost': '/dev/loop0'},
            lambda _where, _status, _answer: self.remove('plugged'))

    def test_commits(self):
        def clean(_where, status, answer):
            if status == 201:
                name = json.loads(answer)['Id']
                self.daemon.json('DELETE', f'/images/{name}?force=1')

        self.hold('POST /commit', '/commit?container=donor', clean=clean)

    def test_execs(self):
        self.hold('POST /containers/{id}/exec', '/containers/donor/exec',
                  {'Cmd': ['true']})

    def test_starts_of_execs(self):
        def path():
            made = self.daemon.json('POST', '/containers/donor/exec',
                                    {'Cmd': ['true']})
            return f'/exec/{made["Id"]}/start'

        self.hold('POST /exec/{id}/start', path, {'Detach': True})

    def test_volumes(self):
        def clean(_where, status, answer):
            if status == 201:
                name = json.loads(answer)['Name']
                self.daemon.request('DELETE', f'/volumes/{name}?force=1')

        self.hold('POST /volumes/create', '/volumes/create', clean=clean)

    def test_hostile_values(self):
        self.harass('POST /containers/create', '/containers/create',
                    {'Image': fields.IMAGE, 'Cmd': ['sleep', '1000']},
                    lambda made: self.remove(made['Id']))
        self.harass('POST /containers/{id}/exec', '/containers/donor/exec',
                    {'Cmd': ['true']}, lambda made: None)
        self.harass('POST /volumes/create', '/volumes/create', {},
                    lambda made: self.daemon.request(
                        'DELETE', f'/volumes/{made["Name"]}?force=1'))
        ident = self.create('harassed')
        self.harass('POST /containers/{id}/update',
                    f'/containers/{ident}/update', {}, None)
        self.harass('POST /containers/{id}/devices',
                    f'/containers/{ident}/devices',
                    {'PathOnHost': '/dev/loop0'}, None)
        self.remove(ident)
        self.harass('POST /networks/create', '/networks/create',
                    {'Name': 'street'}, lambda made: self.daemon.request(
                        'DELETE', f'/networks/{made["Id"]}'))

    def test_networks(self):
        def clean(_where, status, answer):
            if status == 201:
                name = json.loads(answer)['Id']
                self.daemon.request('DELETE', f'/networks/{name}')

        self.hold('POST /networks/create', '/networks/create',
                  {'Name': 'street'}, clean)

    def guest(self):
        """Make a container that is on another network."""
        self.daemon.json('POST', '/containers/create?name=guest', {
            'Image': fields.IMAGE, 'Cmd': ['true'],
            'HostConfig': {'NetworkMode': 'bridge'}})

    def test_connections(self):
        place = f'/networks/{fields.NETWORK}'

        def path(verb):
            self.guest()
            if verb == 'disconnect':
                self.daemon.json('POST', f'{place}/connect',
                                 {'Container': 'guest'})
            return f'{place}/{verb}'

        for verb in ('connect', 'disconnect'):
            self.hold(f'POST /networks/{{id}}/{verb}',
                      functools.partial(path, verb), {'Container': 'guest'},
                      lambda _where, _status, _answer: self.remove('guest'))

    def test_every_table_is_held(self):
        """A new table needs a test here."""
        self.assertEqual({
            'POST /commit', 'POST /containers/create',
            'POST /containers/{id}/devices',
            'POST /containers/{id}/exec', 'POST /containers/{id}/update',
            'POST /exec/{id}/start', 'POST /networks/create',
            'POST /networks/{id}/connect',
            'POST /networks/{id}/disconnect', 'POST /volumes/create',
        }, set(fields.tables()))
