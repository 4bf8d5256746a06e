import json

from oslotest import base

from novacontainer.runtime.api.schemas import containers
from novacontainer.runtime import exception

#: The body that the docker CLI 28 sends for "docker run -d".
CLI = {
    'Hostname': '', 'Domainname': '', 'User': '', 'AttachStdin': False,
    'AttachStdout': False, 'AttachStderr': False, 'Tty': False,
    'OpenStdin': False, 'StdinOnce': False, 'Env': None, 'Cmd': ['true'],
    'Image': 'busybox', 'Volumes': {}, 'WorkingDir': '', 'Entrypoint': None,
    'OnBuild': None, 'Labels': {},
    'HostConfig': {
        'Binds': None, 'ContainerIDFile': '',
        'LogConfig': {'Type': '', 'Config': {}}, 'NetworkMode': 'default',
        'PortBindings': {}, 'RestartPolicy': {
            'Name': 'no', 'MaximumRetryCount': 0},
        'AutoRemove': False, 'VolumeDriver': '', 'VolumesFrom': None,
        'ConsoleSize': [24, 80], 'CapAdd': None, 'CapDrop': None,
        'CgroupnsMode': '', 'Dns': [], 'DnsOptions': [], 'DnsSearch': [],
        'ExtraHosts': None, 'GroupAdd': None, 'IpcMode': '', 'Cgroup': '',
        'Links': None, 'OomScoreAdj': 0, 'PidMode': '', 'Privileged': False,
        'PublishAllPorts': False, 'ReadonlyRootfs': False,
        'SecurityOpt': None, 'UTSMode': '', 'UsernsMode': '', 'ShmSize': 0,
        'Isolation': '', 'CpuShares': 0, 'Memory': 0, 'NanoCpus': 0,
        'CgroupParent': '', 'BlkioWeight': 0, 'BlkioWeightDevice': [],
        'Devices': [], 'DeviceCgroupRules': None, 'DeviceRequests': None,
        'MemorySwappiness': -1, 'OomKillDisable': False, 'PidsLimit': 0,
        'Ulimits': [], 'MaskedPaths': None, 'ReadonlyPaths': None},
    'NetworkingConfig': {'EndpointsConfig': {'default': {
        'IPAMConfig': None, 'Links': None}}},
}


class CreateTest(base.BaseTestCase):

    def test_what_the_cli_sends(self):
        made = containers.create(json.dumps(CLI).encode())
        self.assertEqual(['true'], made['Cmd'])
        self.assertNotIn('Entrypoint', made)

    def test_commands_become_lists(self):
        made = containers.create(b'{"Cmd": "a b", "Entrypoint": ""}')
        self.assertEqual((['a b'], ['']), (made['Cmd'], made['Entrypoint']))

    def test_every_known_field_has_a_type(self):
        for name, value in CLI['HostConfig'].items():
            if value is None:
                continue
            wrong = 'x' if not isinstance(value, str) else 1
            self.assertRaises(
                exception.InvalidRequest, containers.create,
                json.dumps({'HostConfig': {name: wrong}}).encode())


    def test_members_of_a_host_config_beside_it(self):
        made = containers.create(json.dumps({
            'Image': 'x', 'name': 'web', 'Dns': ['8.8.8.8'], 'VolumesFrom': [],
            'Memory': 5, 'HostConfig': {'Memory': 6}}).encode())
        self.assertEqual(
            {'Image': 'x', 'HostConfig': {'Dns': ['8.8.8.8'], 'Memory': 6}},
            made)
        self.assertRaises(exception.InvalidRequest, containers.create,
                          b'{"Dns": 1}')


    def test_members_in_another_case(self):
        made = containers.create(json.dumps({
            'image': 'x', 'Hostconfig': {'TmpFs': {'/t': ''}}}).encode())
        self.assertEqual(
            {'Image': 'x', 'HostConfig': {'Tmpfs': {'/t': ''}}}, made)
        for raw in (b'{"image": 1}', b'{"hostconfig": 1}',
                    b'{"HostConfig": {"tmpfs": 1}}'):
            self.assertRaises(
                exception.InvalidRequest, containers.create, raw)

    def test_nobody_says_that_a_device_was_plugged_in(self):
        given = {'PathOnHost': '/dev/null'}
        self.assertEqual(
            {'HostConfig': {'Devices': [given]}},
            containers.create(json.dumps({'HostConfig': {
                'Devices': [{**given, 'Plugged': True}]}}).encode()))


class CommitTest(base.BaseTestCase):

    def test_nothing_said(self):
        for raw in (b'', b' ', b'null', b'{}', b'{"Cmd": null}'):
            self.assertIsNone(containers.commit(raw))

    def test_config(self):
        self.assertEqual({'Cmd': ['x']}, containers.commit(b'{"Cmd": "x"}'))
        self.assertRaises(exception.InvalidRequest, containers.commit,
                          b'{"Cmd": 1}')
