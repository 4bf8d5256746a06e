import concurrent.futures
import dataclasses
import json
import os

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.api import fakes
from tests.unit.runtime.api import served


class CreateTest(served.ServedTestCase):

    def create(self, body, name='', headers=None):
        return self.call('POST', f'/v1.44/containers/create{name}', body,
                         headers)

    def test_create(self):
        answer = self.create({
            'Image': 'x', 'Cmd': 'echo hi', 'Entrypoint': None,
            'HostConfig': {'Memory': 1, 'Binds': None},
            'Surprise': [1]}, '?name=web')
        self.assertEqual(201, answer.status)
        self.assertEqual({'Id': 'c' * 64, 'Warnings': ['careful']},
                         answer.json)
        # Absent and null are the same, a command is always a list, and
        # members that nobody knows pass.
        self.assertEqual(
            ('create', ({'Image': 'x', 'Cmd': ['echo hi'],
                         'HostConfig': {'Memory': 1}, 'Surprise': [1]},
                        'web', None, os.getuid() == 0), {}),
            self.containers.calls[-1])

    def test_platform(self):
        self.call('POST', '/containers/create?platform=linux/arm64',
                  {'Image': 'x'})
        self.assertEqual(({'Image': 'x'}, None, 'linux/arm64',
                          os.getuid() == 0),
                         self.containers.calls[-1][1])

    def test_wrong_types_name_the_field(self):
        for body, field in (
                ({'Image': 1}, 'Image'),
                ({'Env': 'A=B'}, 'Env'),
                ({'Env': ['A', 1]}, 'Env[1]'),
                ({'Cmd': [None]}, 'Cmd[0]'),
                ({'Cmd': {'a': 'b'}}, 'Cmd'),
                ({'Tty': 'yes'}, 'Tty'),
                ({'Labels': {'a': 1}}, 'Labels.a'),
                ({'Labels': {'a\0': 'b'}}, 'Labels'),
                ({'Env': ['A=\0']}, 'Env[0]'),
                ({'Hostname': 'a\0\n'}, 'Hostname'),
                ({'StopTimeout': True}, 'StopTimeout'),
                ({'HostConfig': []}, 'HostConfig'),
                ({'HostConfig': {'Memory': '1g'}}, 'HostConfig.Memory'),
                ({'HostConfig': {'Memory': 1.0}}, 'HostConfig.Memory'),
                ({'HostConfig': {'Memory': 2**63}}, 'HostConfig.Memory'),
                ({'HostConfig': {'Ulimits': [{'Soft': 'x'}]}},
                 'HostConfig.Ulimits[0].Soft'),
                ({'NetworkingConfig': {'EndpointsConfig': 1}},
                 'NetworkingConfig.EndpointsConfig')):
            message = self.assert_refused(
                400, 'body.invalid_field', self.create(body))
            self.assertIn(f'invalid value for {field}: ', message)
        self.assertEqual([], self.containers.calls)

    def test_what_is_not_json(self):
        for body in ('', '  ', '{', '[]', '1', 'null', '{"a": NaN}',
                     '"x"', '{"Memory": ' + '9' * 5000 + '}',
                     '[' * 200000, '{"Image": "\\ud800"}'):
            self.assert_refused(400, 'body.not_json', self.create(body))
        self.assert_refused(400, 'body.not_json', self.create(
            b'\xff{}', headers={'Content-Type': 'application/json'}))

    def test_deep_nesting(self):
        body = '{"a": ' * 50000 + '1' + '}' * 50000
        self.assert_refused(400, 'body.not_json', self.create(body))

    def test_other_content_types(self):
        self.assert_refused(400, 'body.content_type', self.create(
            b'{}', headers={'Content-Type': 'text/plain'}))

    def test_too_large(self):
        answer = self.create({'Env': ['x' * 5_000_000]})
        self.assert_refused(413, 'body_too_large', answer)

    def test_long_values_are_not_repeated(self):
        message = self.assert_refused(
            400, 'body.invalid_field', self.create({'Tty': 'x' * 100000}))
        self.assertLess(len(message), 400)

    def test_taken_name(self):
        self.containers.give('create', exception.Conflict(
            'The name is taken.', 'container.name_taken'))
        self.assert_refused(409, 'container.name_taken', self.create({}))


class LookTest(served.ServedTestCase):

    def test_list(self):
        answer = self.call(
            'GET', '/containers/json?limit=3&size=1&filters='
            '%7B%22status%22:[%22exited%22]%7D')
        shown = answer.json[0]
        self.assertEqual(['/web'], shown['Names'])
        self.assertEqual('sleep 1', shown['Command'])
        self.assertEqual((10, 4106), (shown['SizeRw'], shown['SizeRootFs']))
        self.assertEqual(
            ('list', (), {'all': True, 'limit': 3,
                          'filters': {'status': ('exited',)}}),
            self.containers.calls[0])

    def test_list_without_anything(self):
        shown = self.call('GET', '/containers/json').json[0]
        self.assertNotIn('SizeRw', shown)
        self.assertEqual(
            ('list', (), {'all': False, 'limit': 0, 'filters': {}}),
            self.containers.calls[0])

    def test_bad_queries(self):
        for query in ('limit=x', 'limit=1.5', 'limit=' + '9' * 5000,
                      'filters=x', 'filters=%7B%22colour%22:[]%7D'):
            self.assertEqual(
                400, self.call('GET', f'/containers/json?{query}').status)

    def test_inspect(self):
        for name in ('web', '/web', 'c' * 64):
            shown = self.call('GET', f'/containers/{name}/json').json
            self.assertEqual(('get', (name,), {}), self.containers.calls[0])
            self.containers.calls.clear()
        self.assertEqual('/web', shown['Name'])
        self.assertEqual('/run/netns/nc-cccccccccccc',
                         shown['NetworkSettings']['SandboxKey'])
        self.assertEqual(str(self.containers.log), shown['LogPath'])
        self.assertEqual(1024, shown['HostConfig']['Memory'])
        self.assertEqual('no', shown['HostConfig']['RestartPolicy']['Name'])
        self.assertNotIn('SizeRw', shown)
        shown = self.call('GET', '/containers/web/json?size=true').json
        self.assertEqual(4106, shown['SizeRootFs'])

    def test_unknown_container(self):
        self.containers.give('get', exception.NotFound(
            'No such container: x', 'container.not_found'))
        message = self.assert_refused(
            404, 'container.not_found', self.call('GET', '/containers/x/json'))
        self.assertEqual('No such container: x', message)


class ChangeTest(served.ServedTestCase):

    def test_verbs(self):
        for method, path, call in (
                ('POST', 'init', ('init', ('web',), {})),
                ('POST', 'start', ('start', ('web',), {})),
                ('POST', 'pause', ('pause', ('web',), {'reclaim': False})),
                ('POST', 'pause?reclaim=1', ('pause', ('web',), {
                    'reclaim': True})),
                ('POST', 'unpause', ('unpause', ('web',), {})),
                ('POST', 'kill', ('kill', ('web', 'SIGKILL'), {})),
                ('POST', 'kill?signal=HUP', ('kill', ('web', 'HUP'), {})),
                ('POST', 'stop', ('stop', ('web',), {
                    'timeout_s': None, 'signal': None})),
                ('POST', 'stop?t=0&signal=TERM', ('stop', ('web',), {
                    'timeout_s': 0, 'signal': 'TERM'})),
                ('POST', 'stop?t=-1', ('stop', ('web',), {
                    'timeout_s': -1, 'signal': None})),
                ('POST', 'restart?t=5', ('restart', ('web',), {
                    'timeout_s': 5, 'signal': None})),
                ('POST', 'restart?signal=INT', ('restart', ('web',), {
                    'timeout_s': None, 'signal': 'INT'}))):
            answer = self.call(method, f'/containers/web/{path}')
            self.assertEqual((204, b''), (answer.status, answer.body), path)
            self.assertEqual(call, self.containers.calls[-1])

    def test_remove(self):
        answer = self.call('DELETE', '/containers/web?force=1&v=1')
        self.assertEqual(204, answer.status)
        self.assertEqual(
            ('remove', ('web',), {'force': True, 'volumes': True}),
            self.containers.calls[-1])
        self.assert_refused(
            501, 'container.links_not_supported',
            self.call('DELETE', '/containers/web?link=1'))

    def test_already_so(self):
        self.containers.give('start', exception.NotModified('It runs.'))
        answer = self.call('POST', '/containers/web/start')
        self.assertEqual((304, b''), (answer.status, answer.body))

    def test_start_takes_neither_body_nor_checkpoint(self):
        for body in ('{}', 'null', ''):
            answer = self.call('POST', '/containers/web/start', body)
            self.assertEqual(204, answer.status)
        started = len(self.containers.calls)
        self.assert_refused(400, 'invalid_request', self.call(
            'POST', '/containers/web/start', {'Binds': ['/a:/b']}))
        self.assert_refused(
            501, 'container.checkpoint_not_supported',
            self.call('POST', '/containers/web/start?checkpoint=c'))
        self.assertEqual(started, len(self.containers.calls))

    def test_bad_numbers(self):
        for path in ('stop?t=x', 'restart?t=1e3'):
            self.assert_refused(400, 'invalid_request', self.call(
                'POST', f'/containers/web/{path}'))

    def test_commit(self):
        answer = self.call(
            'POST', '/commit?container=web&repo=a/b&tag=1&author=me'
            '&comment=why&pause=0&changes=ENV%20a=b%0ACMD%20x&changes=USER%20u',
            {'Cmd': 'x', 'Labels': None})
        self.assertEqual((201, {'Id': fakes.IMAGE.id}),
                         (answer.status, answer.json))
        self.assertEqual(
            ('commit', ('web',), {
                'repo': 'a/b', 'tag': '1', 'author': 'me', 'message': 'why',
                'pause': False, 'changes': ['ENV a=b', 'CMD x', 'USER u'],
                'config': {'Cmd': ['x']}}),
            self.containers.calls[-1])

    def test_commit_says_little(self):
        for body in (None, 'null', '{}'):
            self.call('POST', '/commit?container=web', body)
            self.assertEqual(
                {'repo': None, 'tag': None, 'author': '', 'message': '',
                 'pause': True, 'changes': [], 'config': None},
                self.containers.calls[-1][2])

    def test_commit_without_container_or_sense(self):
        self.assert_refused(400, 'invalid_request',
                            self.call('POST', '/commit'))
        self.assert_refused(400, 'body.invalid_field', self.call(
            'POST', '/commit?container=web', {'Env': 1}))


class WaitTest(served.ServedTestCase):

    def test_head_comes_before_the_end(self):
        response = self.open('POST', '/containers/web/wait')
        self.assertEqual(200, response.status)
        self.assertFalse(self.containers.exit.done())
        self.containers.exit.set_result(7)
        self.assertEqual({'StatusCode': 7}, json.loads(response.read()))

    def test_condition(self):
        self.containers.exit.set_result(0)
        for condition in ('not-running', 'next-exit', 'removed'):
            self.call('POST', f'/containers/web/wait?condition={condition}')
            self.assertEqual(('exit_future', ('web', condition), {}),
                             self.containers.calls[-1])
        self.assert_refused(400, 'invalid_request', self.call(
            'POST', '/containers/web/wait?condition=bored'))

    def test_failure_after_the_head_is_in_the_body(self):
        self.containers.exit.set_exception(exception.Internal('It broke.'))
        shown = self.call('POST', '/containers/web/wait').json
        self.assertEqual({'Message': 'It broke.'}, shown['Error'])

    def test_waiters_hold_no_thread(self):
        waiting = [self.open('POST', '/containers/web/wait')
                   for _ in range(20)]
        # The pools have two threads each.
        self.assertEqual(200, self.call('GET', '/containers/web/json').status)
        self.containers.exit.set_result(0)
        for response in waiting:
            self.assertEqual({'StatusCode': 0}, json.loads(response.read()))

    def test_client_that_vanishes_is_forgotten(self):
        sock = self.raw()
        sock.sendall(b'POST /containers/web/wait HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        sock.close()
        self.assertRaises(concurrent.futures.CancelledError,
                          self.containers.exit.result, served.TIMEOUT_S)

    def test_stopping_the_server_ends_the_wait(self):
        response = self.open('POST', '/containers/web/wait')
        self.run_in_loop(self.server.stop())
        self.assertRaises(served.BROKEN, response.read)


class StatesTest(served.ServedTestCase):

    def shown(self, **changes):
        self.containers.give('get', dataclasses.replace(
            fakes.CONTAINER, **changes))
        return self.call('GET', '/containers/web/json').json['State']

    def test_initialised_has_a_pid(self):
        state = self.shown(pid=7)
        self.assertEqual(('created', 7, False), (
            state['Status'], state['Pid'], state['Running']))
        self.assertEqual('0001-01-01T00:00:00Z', state['StartedAt'])

    def test_paused_runs(self):
        state = self.shown(status=models.Status.PAUSED, started=fakes.NOW)
        self.assertTrue(state['Running'] and state['Paused'])
        self.assertEqual('2026-11-20T12:00:00.005Z', state['StartedAt'])
