"""The runtime-spec document, from the model."""

import dataclasses
import json
import pathlib

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime import models
from novacontainer.runtime.oci import seccomp
from novacontainer.runtime.oci import spec

SPEC = models.ContainerSpec(
    id='c1', rootfs=pathlib.Path('/merged'), args=('/bin/sh', '-c', 'true'),
    env=('A=1',), cwd='/srv', user=models.User(), hostname='box',
    sandbox=models.SandboxPaths(pathlib.Path('/run/netns/nc-c1'),
                                pathlib.Path('/run/x/userns/c1')),
    id_map=models.IdMap(100000), cgroup_path='/novacontainer/c1')


def build(version=1, filters=None, **changes):
    return spec.build(dataclasses.replace(SPEC, **changes),
                      cgroup_version=version, seccomp=filters)


class TestBuild(base.BaseTestCase):
    def test_is_json(self):
        document = build(filters=seccomp.for_container(SPEC))
        self.assertEqual(document, json.loads(json.dumps(document)))

    def test_process(self):
        process = build()['process']
        self.assertEqual(['/bin/sh', '-c', 'true'], process['args'])
        self.assertEqual('/srv', process['cwd'])
        self.assertIn('A=1', process['env'])
        self.assertFalse(process['terminal'])
        self.assertFalse(process['noNewPrivileges'])
        self.assertNotIn('rlimits', process)
        self.assertNotIn('oomScoreAdj', process)
        self.assertEqual('/', build(cwd='')['process']['cwd'])

    def test_size_of_the_terminal(self):
        process = build(terminal=True, console_size=(24, 80))['process']
        self.assertEqual({'height': 24, 'width': 80}, process['consoleSize'])
        for given in ({'terminal': True}, {'console_size': (24, 80)}):
            self.assertNotIn('consoleSize', build(**given)['process'])

    def test_root_and_names(self):
        document = build(readonly_rootfs=True, domainname='example.org')
        self.assertEqual({'path': '/merged', 'readonly': True},
                         document['root'])
        self.assertEqual('box', document['hostname'])
        self.assertEqual('example.org', document['domainname'])
        self.assertNotIn('domainname', build())

    def test_namespaces(self):
        linux = build()['linux']
        found = {entry['type']: entry.get('path')
                 for entry in linux['namespaces']}
        self.assertEqual(
            {'pid': None, 'ipc': None, 'uts': None, 'mount': None,
             'cgroup': None, 'network': '/run/netns/nc-c1',
             'user': '/run/x/userns/c1'}, found)
        mapping = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
        self.assertEqual(mapping, linux['uidMappings'])
        self.assertEqual(mapping, linux['gidMappings'])

    def test_network_of_someone_else(self):
        host = models.SandboxPaths(None, SPEC.sandbox.userns, shared=True)
        document = build(sandbox=host)
        self.assertNotIn('network', {
            entry['type'] for entry in document['linux']['namespaces']})
        self.assertEqual({}, document['linux']['sysctl'])
        found = {mount['destination']: mount['type']
                 for mount in document['mounts']}
        self.assertEqual('bind', found['/sys'])
        self.assertNotIn('rw', found)
        other = models.SandboxPaths(pathlib.Path('/n'), None, shared=True)
        document = build(sandbox=other, id_map=None)
        self.assertIn({'type': 'network', 'path': '/n'},
                      document['linux']['namespaces'])
        found = {mount['destination']: mount['type']
                 for mount in document['mounts']}
        self.assertEqual('sysfs', found['/sys'])

    def test_without_user_namespace(self):
        linux = build(id_map=None, sandbox=models.SandboxPaths(
            pathlib.Path('/run/netns/nc-c1'), None))['linux']
        self.assertNotIn('user', {entry['type']
                                  for entry in linux['namespaces']})
        self.assertNotIn('uidMappings', linux)

    def test_user(self):
        process = build(user=models.User(5, 6, (7,)))['process']
        self.assertEqual({'uid': 5, 'gid': 6, 'additionalGids': [7]},
                         process['user'])
        capabilities = process['capabilities']
        self.assertEqual(14, len(capabilities['bounding']))
        for kind in ('effective', 'permitted', 'inheritable', 'ambient'):
            self.assertEqual([], capabilities[kind])
        self.assertEqual(
            14, len(build()['process']['capabilities']['effective']))

    def test_ids_outside_the_user_namespace(self):
        for user in (models.User(65536), models.User(0, 65536),
                     models.User(0, 0, (65536,))):
            fault = self.assertRaises(
                exception.InvalidRequest, build, user=user)
            self.assertEqual('container.id_range', fault.code)
        build(user=models.User(65536), id_map=None)

    def test_resources(self):
        limits = limit_models.Resources(
            memory_bytes=1, memory_swap_bytes=2, memory_reservation_bytes=3,
            cpu_shares=4, cpu_quota_us=5, cpu_period_us=6, cpuset_cpus='0',
            cpuset_mems='1', pids=7)
        for version in (1, 2):
            resources = build(version, resources=limits)['linux']['resources']
            self.assertEqual({'limit': 1, 'swap': 2, 'reservation': 3},
                             resources['memory'])
            self.assertEqual({'shares': 4, 'quota': 5, 'period': 6,
                              'cpus': '0', 'mems': '1'}, resources['cpu'])
            self.assertEqual({'limit': 7}, resources['pids'])

    def test_block_devices(self):
        limits = limit_models.Resources(block_io=limit_models.BlockIO(
            300, (limit_models.DeviceLimit('weightDevice', 8, 0, 500),),
            (limit_models.DeviceLimit('throttleReadBpsDevice', 8, 0, 1024),
             limit_models.DeviceLimit('throttleReadBpsDevice', 8, 16, 0))))
        self.assertEqual(
            {'weight': 300,
             'weightDevice': [{'major': 8, 'minor': 0, 'weight': 500}],
             'throttleReadBpsDevice': [
                 {'major': 8, 'minor': 0, 'rate': 1024},
                 {'major': 8, 'minor': 16, 'rate': 0}]},
            build(resources=limits)['linux']['resources']['blockIO'])

    def test_no_limits(self):
        self.assertEqual({'devices': [{'allow': False, 'access': 'rwm'}]},
                         build()['linux']['resources'])

    def test_own_mounts_come_last_and_replace(self):
        own = (models.Mount('bind', '/a', '/data', ('rbind',)),
               models.Mount('tmpfs', 'tmpfs', '/dev/shm', ('size=1',)))
        found = build(mounts=own)['mounts']
        self.assertEqual(['/data', '/dev/shm'],
                         [mount['destination'] for mount in found[-2:]])
        self.assertEqual(1, sum(mount['destination'] == '/dev/shm'
                                for mount in found))
        self.assertEqual(['size=1'], found[-1]['options'])

    def test_limits_of_the_process(self):
        process = build(ulimits=(limit_models.Ulimit('nofile', 1, 2),),
                        oom_score_adj=500)['process']
        self.assertEqual([{'type': 'RLIMIT_NOFILE', 'soft': 1, 'hard': 2}],
                         process['rlimits'])
        self.assertEqual(500, process['oomScoreAdj'])

    def test_sysctls(self):
        sysctl = build(sysctls={'net.core.somaxconn': '1'})['linux']['sysctl']
        self.assertEqual('1', sysctl['net.core.somaxconn'])
        self.assertEqual('0', sysctl['net.ipv4.ip_unprivileged_port_start'])

    def test_hidden_and_protected_paths(self):
        linux = build()['linux']
        self.assertIn('/proc/kcore', linux['maskedPaths'])
        self.assertIn('/proc/sys', linux['readonlyPaths'])

    def test_what_is_shared_with_the_host(self):
        document = build(host_namespaces=frozenset(('uts', 'ipc')))
        self.assertNotIn('hostname', document)
        kinds = {entry['type'] for entry in document['linux']['namespaces']}
        self.assertEqual(
            {'pid', 'mount', 'cgroup', 'network', 'user'}, kinds)

    def test_devices_and_paths(self):
        rule = {'allow': True, 'type': 'c', 'access': 'r'}
        linux = build(devices=({'path': '/dev/x'},), device_rules=(rule,),
                      masked_paths=(), readonly_paths=('/x',))['linux']
        self.assertEqual([{'path': '/dev/x'}], linux['devices'])
        self.assertEqual(rule, linux['resources']['devices'][-1])
        self.assertEqual(([], ['/x']), (
            linux['maskedPaths'], linux['readonlyPaths']))

    def test_no_shared_memory(self):
        self.assertNotIn('/dev/shm', [
            mount['destination']
            for mount in build(shm_size_bytes=0)['mounts']])

    def test_memory_of_the_first_control_groups(self):
        memory = spec.limits(limit_models.Resources(
            swappiness=0, oom_kill_disabled=True))['memory']
        self.assertEqual({'swappiness': 0, 'disableOOMKiller': True}, memory)

    def test_privileged(self):
        document = build(privileged=True)
        self.assertNotIn('maskedPaths', document['linux'])
        self.assertNotIn('readonlyPaths', document['linux'])
        self.assertTrue(
            document['linux']['resources']['devices'][0]['allow'])

    def test_filter(self):
        filters = seccomp.for_container(SPEC)
        self.assertIs(filters.document,
                      build(filters=filters)['linux']['seccomp'])
        self.assertNotIn('seccomp', build()['linux'])
