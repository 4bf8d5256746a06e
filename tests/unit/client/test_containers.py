import json
import threading

from oslotest import base

from novacontainer import client
from novacontainer.client import exceptions
from tests.unit.client import endpoint

_INSPECTED = {
    'Id': 'f00', 'Name': '/web', 'Image': 'sha256:1',
    'Config': {'Image': 'a:b', 'Labels': {'k': 'v'}},
    'State': {'Status': 'exited', 'ExitCode': 137, 'OOMKilled': True,
              'Error': 'boom'},
    'NetworkSettings': {'SandboxKey': '/run/netns/nc-f00'},
}


class ContainersTestCase(base.BaseTestCase):

    def serve(self, *answers, timeout_s=5):
        self.endpoint = self.useFixture(endpoint.Endpoint(*answers))
        return client.Client(self.endpoint.path, timeout_s).containers

    def answer(self, body, **kwargs):
        return endpoint.Answer(json.dumps(body).encode(), **kwargs)

    def assertRequested(self, method, path):
        request, = self.endpoint.requests
        self.assertEqual((method, '/v1.44' + path),
                         (request.method, request.path))

    def test_create(self):
        containers = self.serve(
            self.answer({'Id': 'f00', 'Warnings': []}, status=201))
        self.assertEqual('f00', containers.create('web', {'Image': 'a:b'}))
        self.assertRequested('POST', '/containers/create?name=web')
        self.assertEqual({'Image': 'a:b'},
                         json.loads(self.endpoint.requests[0].body))

    def test_create_name_taken(self):
        containers = self.serve(self.answer(
            {'message': 'taken', 'code': 'container.name_taken'}, status=409))
        error = self.assertRaises(
            exceptions.Conflict, containers.create, 'web', {})
        self.assertEqual('container.name_taken', error.code)

    def test_steps(self):
        for verb, path in (
                ('init', 'init'), ('pause', 'pause'), ('unpause', 'unpause'),
                ('kill', 'kill?signal=SIGKILL')):
            containers = self.serve(endpoint.Answer(status=204))
            getattr(containers, verb)('web')
            self.assertRequested('POST', '/containers/web/' + path)

    def test_start_says_whether_it_did(self):
        containers = self.serve(
            endpoint.Answer(status=204), endpoint.Answer(status=304))
        self.assertTrue(containers.start('web'))
        self.assertFalse(containers.start('web'))

    def test_stop(self):
        containers = self.serve(
            endpoint.Answer(status=204), endpoint.Answer(status=304))
        self.assertTrue(containers.stop('web', timeout_s=7))
        self.assertFalse(containers.stop('web'))
        self.assertEqual(
            ['/v1.44/containers/web/stop?t=7', '/v1.44/containers/web/stop'],
            [request.path for request in self.endpoint.requests])

    def test_stop_waits_longer_than_the_runtime_does(self):
        release = threading.Event()
        self.addCleanup(release.set)
        timer = threading.Timer(0.3, release.set)
        timer.start()
        self.addCleanup(timer.cancel)
        containers = self.serve(endpoint.Answer(
            status=204, before=lambda: release.wait(10)), timeout_s=0.1)
        self.assertTrue(containers.stop('web', timeout_s=5))

    def test_wait(self):
        containers = self.serve(self.answer({'StatusCode': 3}))
        self.assertEqual(3, containers.wait('web'))
        self.assertRequested(
            'POST', '/containers/web/wait?condition=not-running')

    def test_wait_in_vain(self):
        release = threading.Event()
        self.addCleanup(release.set)
        containers = self.serve(
            endpoint.Answer(before=lambda: release.wait(10)))
        self.assertRaises(
            exceptions.TimedOut, containers.wait, 'web', timeout_s=0.05)

    def test_inspect(self):
        container = self.serve(self.answer(_INSPECTED)).inspect('web')
        self.assertEqual(
            ('f00', 'web', 'exited', 'a:b', {'k': 'v'}, '/run/netns/nc-f00',
             137, True, 'boom'),
            (container.id, container.name, container.status,
             container.image, container.labels, container.netns_path,
             container.exit_code, container.oom_killed, container.error))

    def test_list(self):
        containers = self.serve(self.answer(
            [{'Id': 'f00', 'Names': ['/web'], 'State': 'running',
              'Image': 'a:b', 'Labels': {'k': 'v'}},
             {'Id': 'f01', 'Names': None, 'State': 'created'}]))
        first, second = containers.list({'label': ['k']})
        self.assertEqual(('web', 'running', {'k': 'v'}),
                         (first.name, first.status, first.labels))
        self.assertEqual(('', {}), (second.name, second.labels))
        self.assertRequested(
            'GET', '/containers/json?all=1&filters=%7B%22label%22%3A+%5B%22'
            'k%22%5D%7D')

    def test_remove(self):
        self.serve(endpoint.Answer(status=204)).remove('web', force=True)
        self.assertRequested('DELETE', '/containers/web?force=1&v=1')

    def test_logs_multiplexed(self):
        containers = self.serve(endpoint.Answer(
            [b'\x01\0\0\0\0\0\0\x01a\x02\0\0', b'\0\0\0\0\x01b'],
            content_type='application/vnd.docker.multiplexed-stream'))
        with containers.logs('web', tail_lines=5) as pieces:
            self.assertEqual([b'a', b'b'], list(pieces))
        self.assertRequested(
            'GET', '/containers/web/logs?stdout=1&stderr=1&tail=5')

    def test_logs_of_a_terminal(self):
        containers = self.serve(endpoint.Answer(
            [b'\x01\0'], content_type='application/vnd.docker.raw-stream'))
        with containers.logs('web') as pieces:
            self.assertEqual([b'\x01\0'], list(pieces))
        self.assertRequested(
            'GET', '/containers/web/logs?stdout=1&stderr=1&tail=all')

    def test_commit(self):
        containers = self.serve(
            self.answer({'Id': 'sha256:2'}, status=201))
        self.assertEqual(
            'sha256:2', containers.commit('web', 'snap/x', 'latest'))
        self.assertRequested(
            'POST', '/commit?container=web&repo=snap%2Fx&tag=latest&pause=1')

    def test_commit_with_words(self):
        containers = self.serve(
            self.answer({'Id': 'sha256:2'}, status=201))
        containers.commit('web', 'a', 'b', author='me', message='why',
                          changes=['USER x', 'ENV a=b'])
        self.assertRequested(
            'POST', '/commit?container=web&repo=a&tag=b&pause=1&author=me'
            '&comment=why&changes=USER+x%0AENV+a%3Db')

    def test_rename(self):
        containers = self.serve(self.answer(None, status=204))
        containers.rename('web', 'db')
        self.assertRequested('POST', '/containers/web/rename?name=db')

    def test_update(self):
        containers = self.serve(self.answer({'Warnings': ['w']}))
        self.assertEqual({'Warnings': ['w']},
                         containers.update('web', {'Memory': 1}))
        self.assertRequested('POST', '/containers/web/update')
        self.assertEqual({'Memory': 1},
                         json.loads(self.endpoint.requests[0].body))

    def test_create_without_a_name(self):
        containers = self.serve(self.answer({'Id': 'f00'}, status=201))
        containers.create(None, {})
        self.assertRequested('POST', '/containers/create')

    def test_restart(self):
        containers = self.serve(endpoint.Answer(status=204))
        containers.restart('web', 3, 'SIGINT')
        self.assertRequested(
            'POST', '/containers/web/restart?t=3&signal=SIGINT')

    def test_stop_without_end_bears_any_silence(self):
        waited = threading.Event()
        containers = self.serve(
            endpoint.Answer(status=204, before=lambda: waited.wait(0.3)),
            timeout_s=0.1)
        self.assertTrue(containers.stop('web', -1))

    def test_begin_wait(self):
        containers = self.serve(endpoint.Answer([b'{"StatusCode": 3}']))
        with containers.begin_wait('web', 'next-exit') as wait:
            self.assertEqual(3, wait.exit_code())
        self.assertRequested(
            'POST', '/containers/web/wait?condition=next-exit')

    def test_wait_that_fails(self):
        containers = self.serve(endpoint.Answer(
            [b'{"StatusCode": 125, "Error": {"Message": "lost"}}']))
        with containers.begin_wait('web') as wait:
            error = self.assertRaises(exceptions.Failed, wait.exit_code)
        self.assertEqual('lost', error.message)

    def test_wait_that_breaks_off(self):
        containers = self.serve(endpoint.Answer([]))
        with containers.begin_wait('web') as wait:
            self.assertRaises(exceptions.ProtocolFailed, wait.exit_code)

    def test_document(self):
        containers = self.serve(self.answer(_INSPECTED))
        self.assertEqual(_INSPECTED, containers.document('web', size=True))
        self.assertRequested('GET', '/containers/web/json?size=1')

    def test_documents(self):
        containers = self.serve(self.answer([{'Id': 'f00'}]))
        self.assertEqual(
            ({'Id': 'f00'},),
            containers.documents({'a': ['b']}, False, 2, True))
        self.assertRequested(
            'GET', '/containers/json?all=0&limit=2&size=1'
            '&filters=%7B%22a%22%3A+%5B%22b%22%5D%7D')

    def test_follow(self):
        containers = self.serve(endpoint.Answer(
            [b'\x01\0\0\0\0\0\0\x01a\x02\0\0', b'\0\0\0\0\x01b'],
            content_type='application/vnd.docker.multiplexed-stream'))
        with containers.follow('web', tail_lines=5, since='1.5', until='2',
                               timestamps=True) as pieces:
            self.assertEqual([(1, b'a'), (2, b'b')], list(pieces))
        self.assertRequested(
            'GET', '/containers/web/logs?stdout=1&stderr=1&follow=1&tail=5'
            '&since=1.5&until=2&timestamps=1')

    def test_follow_a_terminal(self):
        containers = self.serve(endpoint.Answer(
            [b'\x01\0'], content_type='application/vnd.docker.raw-stream'))
        with containers.follow('web', follow=False) as pieces:
            self.assertEqual([(1, b'\x01\0')], list(pieces))
