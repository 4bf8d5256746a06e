import json

from oslotest import base

from novacontainer.web import usage
from novacontainer.web import views

DOCUMENT = {
    'Id': 'f00',
    'Name': '/web',
    'Image': 'sha256:1',
    'Created': '2026-01-01T00:00:00Z',
    'RestartCount': 2,
    'State': {'Status': 'exited', 'ExitCode': 137, 'OOMKilled': True,
              'Pid': 0, 'StartedAt': '2026-01-01T00:00:01Z',
              'FinishedAt': '0001-01-01T00:00:00Z',
              'Health': {'Status': 'unhealthy'}},
    'Config': {'Image': 'busybox', 'Entrypoint': ['sh'], 'Cmd': ['-c', 'x'],
               'Env': ['PASSWORD=hunter2', 'B=c'], 'Labels': {'k': 'v'}},
    'HostConfig': {'Memory': 1 << 20, 'NanoCpus': 500_000_000,
                   'PidsLimit': 7, 'NetworkMode': 'bridge',
                   'StorageOpt': {'size': '1G'},
                   'RestartPolicy': {'Name': 'always'}},
    'NetworkSettings': {
        'SandboxKey': '/run/netns/nc-f00',
        'Ports': {'80/tcp': [{'HostIp': '::1', 'HostPort': '8080'}],
                  '53/udp': None},
        'Networks': {'bridge': {'IPAddress': '10.88.0.2',
                                'GlobalIPv6Address': ''}}},
    'Mounts': [
        {'Type': 'volume', 'Name': 'data', 'Source': '/var/x',
         'Destination': '/data', 'RW': False},
        {'Type': 'bind', 'Source': '/srv', 'Destination': '/srv',
         'RW': True}],
}


class ViewsTestCase(base.BaseTestCase):

    def test_container(self):
        shown = views.container(DOCUMENT)
        self.assertEqual('web', shown['name'])
        self.assertEqual(['sh', '-c', 'x'], shown['command'])
        self.assertEqual(('exited', 'unhealthy', 137, True), (
            shown['state'], shown['health'], shown['exit_code'],
            shown['oom_killed']))
        self.assertEqual('2026-01-01T00:00:01Z', shown['started'])
        self.assertIsNone(shown['finished'])
        self.assertEqual({'k': 'v'}, shown['labels'])
        self.assertEqual({
            'mode': 'bridge', 'namespace': '/run/netns/nc-f00',
            'addresses': {'bridge': ['10.88.0.2']},
            'ports': ['53/udp', '[::1]:8080 → 80/tcp']}, shown['network'])
        self.assertEqual([('data', True), ('/srv', False)], [
            (one['source'], one['read_only']) for one in shown['mounts']])

    def test_environment_is_counted_and_not_shown(self):
        shown = views.container(DOCUMENT)
        self.assertEqual(2, shown['variables'])
        self.assertNotIn('hunter2', json.dumps(shown))
        self.assertNotIn('PASSWORD', json.dumps(shown))

    def test_container_of_which_little_is_known(self):
        shown = views.container({'Id': 'a', 'Name': '/b'})
        self.assertEqual(([], {}, [], None), (
            shown['command'], shown['labels'], shown['mounts'],
            shown['health']))

    def test_limits(self):
        self.assertEqual(
            {'memory_bytes': 1 << 20, 'cpus': 0.5, 'processes': 7,
             'disk': '1G', 'cpuset': None}, views.limits(DOCUMENT))

    def test_limits_that_are_none(self):
        self.assertEqual(
            {None}, set(views.limits({'HostConfig': {
                'Memory': 0, 'PidsLimit': -1, 'CpuQuota': -1}}).values()))

    def test_cpus_as_a_quota(self):
        self.assertEqual(0.25, views.limits({'HostConfig': {
            'CpuQuota': 50_000, 'CpuPeriod': 200_000}})['cpus'])
        self.assertEqual(1.5, views.limits({'HostConfig': {
            'CpuQuota': 150_000}})['cpus'])

    def test_summary(self):
        point = usage.Point(1.0, None, 2, 3, 4)
        shown = views.summary(
            {'Id': 'f00', 'Names': ['/web'], 'Image': 'busybox',
             'State': 'running', 'Status': 'Up', 'Created': 5, 'Ports': [
                 {'PrivatePort': 80, 'Type': 'tcp'},
                 {'PrivatePort': 80, 'Type': 'tcp', 'PublicPort': 81,
                  'IP': '0.0.0.0'}]}, {'cpus': 1}, [point])
        self.assertEqual(('web', {'cpus': 1}), (
            shown['name'], shown['limits']))
        self.assertEqual(['80/tcp', '0.0.0.0:81 → 80/tcp'], shown['ports'])
        self.assertEqual(
            {'time_s': 1.0, 'cpus': None, 'memory_bytes': 2,
             'memory_limit_bytes': 3, 'processes': 4}, shown['usage'])
        self.assertIsNone(
            views.summary({'Id': 'x'}, {}, ())['usage'])

    def test_host(self):
        shown = views.host({'Name': 'h', 'NCPU': 2, 'Warnings': ['w']}, 2.0)
        self.assertEqual(('h', 2, ['w'], 2.0), (
            shown['name'], shown['cpus'], shown['warnings'],
            shown['period_s']))

    def test_image(self):
        shown = views.image({'Id': 'sha256:1', 'RepoTags': None,
                             'Created': 3, 'Size': 4}, {'sha256:1': 2})
        self.assertEqual(
            {'id': 'sha256:1', 'names': [], 'created_s': 3, 'size_bytes': 4,
             'containers': 2}, shown)

    def test_event(self):
        shown = views.event({
            'Type': 'container', 'Action': 'die', 'timeNano': 1_500_000_001,
            'Actor': {'ID': 'f00', 'Attributes': {
                'name': 'web', 'image': 'busybox', 'exitCode': '3',
                'org.label': 'secret'}}})
        self.assertEqual(
            {'time_ns': '1500000001', 'time_s': 1.500000001,
             'type': 'container', 'action': 'die', 'id': 'f00',
             'name': 'web', 'image': 'busybox',
             'details': {'exitCode': '3'}}, shown)
