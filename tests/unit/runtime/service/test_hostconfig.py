from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import isolation

POLICY = hostconfig.Policy(frozenset({0, 1}), 'crun')

#: What the docker CLI sends when nobody asks for anything.
CLI = {
    'Binds': None, 'ContainerIDFile': '', 'LogConfig': {
        'Type': '', 'Config': {}}, 'NetworkMode': 'default',
    'PortBindings': {}, 'RestartPolicy': {
        'Name': 'no', 'MaximumRetryCount': 0}, 'AutoRemove': False,
    'VolumeDriver': '', 'VolumesFrom': None, 'ConsoleSize': [24, 80],
    'CapAdd': None, 'CapDrop': None, 'CgroupnsMode': '', 'Dns': [],
    'DnsOptions': [], 'DnsSearch': [], 'ExtraHosts': None, 'GroupAdd': None,
    'IpcMode': '', 'Cgroup': '', 'Links': None, 'OomScoreAdj': 0,
    'PidMode': '', 'Privileged': False, 'PublishAllPorts': False,
    'ReadonlyRootfs': False, 'SecurityOpt': None, 'UTSMode': '',
    'UsernsMode': '', 'ShmSize': 0, 'Isolation': '', 'CpuShares': 0,
    'Memory': 0, 'NanoCpus': 0, 'CgroupParent': '', 'BlkioWeight': 0,
    'BlkioWeightDevice': [], 'CpuPeriod': 0, 'CpuQuota': 0,
    'CpusetCpus': '', 'Devices': [], 'DeviceRequests': None,
    'MemorySwappiness': -1, 'OomKillDisable': False, 'PidsLimit': 0,
    'Ulimits': [], 'MaskedPaths': None, 'ReadonlyPaths': None}


def normalise(given=None, **policy):
    return hostconfig.normalise(
        {'HostConfig': given},
        hostconfig.Policy(POLICY.cpus, POLICY.runtime, **policy))


class NormaliseTest(base.BaseTestCase):

    def test_defaults(self):
        for given in (None, {}, CLI):
            found = normalise(given)
            self.assertEqual(
                (64 * 1024 ** 2, 'crun', 'json-file'),
                (found['ShmSize'], found['Runtime'],
                 found['LogConfig']['Type']))

    def test_what_is_asked_is_kept(self):
        given = {'Memory': 2 ** 26, 'CapAdd': ['net_admin'],
                 'Dns': ['10.0.0.1', 'fd00::1'], 'DnsSearch': ['a.example'],
                 'DnsOptions': ['ndots:2'], 'ShmSize': 4096,
                 'Sysctls': {'net.core.somaxconn': '9'},
                 'ExtraHosts': ['db:10.0.0.2'],
                 'SecurityOpt': ['no-new-privileges']}
        found = normalise(given)
        for key, value in given.items():
            self.assertEqual(value, found[key])
        self.assertEqual(2 ** 27, found['MemorySwap'])

    def test_the_body_is_not_changed(self):
        given = {'Memory': 2 ** 26}
        normalise(given)
        self.assertEqual({'Memory': 2 ** 26}, given)

    def test_not_supported_is_named(self):
        for field, value in (
                ('PidMode', 'container:x'), ('IpcMode', 'container:x'),
                ('CgroupParent', '/x'), ('CpuRealtimePeriod', 10),
                ('SecurityOpt', ['apparmor=x']),
                ('Unheard', 'of'),
                ('LogConfig', {'Config': {'labels': 'x'}})):
            error = self.assertRaises(
                exception.NotSupported, normalise, {field: value})
            self.assertEqual('container.field_not_supported', error.code)
            self.assertIn(field, error.message)

    def test_why_some_stay_refused(self):
        for field, word in (('KernelMemory', 'set Memory'),
                            ('CgroupParent', 'cgroup_parent')):
            error = self.assertRaises(
                exception.NotSupported, normalise, {field: '9'})
            self.assertIn(word, error.message)

    def test_neutral_values_pass(self):
        for field, value in (
                ('Runtime', 'crun'), ('Runtime', ''),
                ('IpcMode', 'private'), ('NetworkMode', 'bridge'),
                ('RestartPolicy', {}), ('MaskedPaths', None),
                ('SecurityOpt', ['label=disable', 'seccomp=builtin']),
                ('LogConfig', {'Type': 'json-file', 'Config': {
                    'max-size': '10m', 'max-file': '3'}})):
            normalise({field: value})

    def test_what_a_user_namespace_takes_away(self):
        files = [{'Name': 'nofile', 'Soft': 5, 'Hard': 9}]
        endless = [{'Name': 'nofile', 'Soft': -1, 'Hard': -1}]
        normalise({'Ulimits': files}, ulimits={'nofile': 9})
        normalise({'Ulimits': endless}, ulimits={'nofile': -1})
        for given, top in (({'OomScoreAdj': -1}, 9), ({'Ulimits': files}, 8),
                           ({'Ulimits': endless}, 9)):
            error = self.assertRaises(
                exception.InvalidRequest, normalise, given,
                ulimits={'nofile': top})
            self.assertEqual('container.invalid_host_config', error.code)
            normalise({**given, 'UsernsMode': 'host'}, allow_host_userns=True,
                      ulimits={'nofile': top})

    def test_swap_stays_a_number_of_the_kernel(self):
        found = normalise({'Memory': 2**63 - 1})
        self.assertEqual(2**63 - 1, found['MemorySwap'])

    def test_host_userns_is_a_matter_of_policy(self):
        error = self.assertRaises(exception.Forbidden, normalise,
                                  {'UsernsMode': 'host'})
        self.assertIn('allow_host_userns', error.message)
        normalise({'UsernsMode': 'host'}, allow_host_userns=True)
        normalise({'UsernsMode': 'private'})

    def test_privileged_has_the_users_of_the_host(self):
        allowed = isolation.Policy(privileged=True)
        self.assertEqual('host', normalise(
            {'Privileged': True}, reach=allowed)['UsernsMode'])
        self.assertRaises(
            exception.InvalidRequest, normalise,
            {'Privileged': True, 'UsernsMode': 'private'}, reach=allowed)

    def test_what_only_the_first_control_groups_have(self):
        for given in ({'MemorySwappiness': 10}, {'OomKillDisable': True}):
            normalise(given)
            self.assertRaises(exception.NotSupported, normalise, given,
                              cgroup_version=2)
        self.assertRaises(exception.InvalidRequest, normalise,
                          {'MemorySwappiness': 101})

    def test_bad_values(self):
        for given in (
                {'UsernsMode': 'x'}, {'CapAdd': ['NOSUCH']},
                {'CapDrop': ['NOSUCH']}, {'Dns': ['nowhere']},
                {'Dns': ['1.2.3.4\nnameserver 5.6.7.8']},
                {'DnsSearch': ['a b']}, {'DnsOptions': ['a b']},
                {'ExtraHosts': ['x']}, {'ExtraHosts': ['x:y']},
                {'ExtraHosts': ['a b:1.2.3.4']}, {'Memory': 1},
                {'Binds': ['x']}, {'Sysctls': {'kernel.hostname': 'x'}},
                {'Sysctls': {'vm.swappiness': '1'}},
                {'Sysctls': {'net.../kernel.x': '1'}},
                {'Sysctls': {'net.core.somaxconn': '1\n2'}},
                {'RestartPolicy': {'MaximumRetryCount': 3}},
                {'ConsoleSize': [24]}, {'ConsoleSize': [24, 65536]},
                {'LogConfig': {'Config': {'max-size': 'much'}}}):
            self.assertRaises(exception.InvalidRequest, normalise, given)

    def test_security_options(self):
        for option in ('no-new-privileges', 'no-new-privileges:true',
                       'no-new-privileges=true'):
            self.assertTrue(hostconfig.no_new_privileges(
                {'SecurityOpt': [option]}))
        for options in (None, [], ['no-new-privileges:false']):
            self.assertFalse(hostconfig.no_new_privileges(
                {'SecurityOpt': options}))
        self.assertTrue(hostconfig.seccomp_unconfined(
            {'SecurityOpt': ['seccomp=unconfined']}))
        self.assertFalse(hostconfig.seccomp_unconfined({}))

    def test_extra_hosts(self):
        self.assertEqual(
            [('10.0.0.1', 'db'), ('fd00::1', 'six'), ('fd00::2', 'old')],
            hostconfig.extra_hosts({'ExtraHosts': [
                'db:10.0.0.1', 'six=[fd00::1]', 'old:fd00::2']}))


class SettledTest(base.BaseTestCase):

    def test_where_nothing_was_asked(self):
        for given in ({}, {'IpcMode': '', 'CgroupnsMode': '', 'PidsLimit': 0,
                           'MemorySwappiness': -1}):
            settled = hostconfig.normalise({'HostConfig': given}, POLICY)
            self.assertEqual(
                ['private', 'private', None, None],
                [settled[field] for field in (
                    'IpcMode', 'CgroupnsMode', 'PidsLimit',
                    'MemorySwappiness')])
            self.assertIn('/proc/kcore', settled['MaskedPaths'])
            self.assertIn('/proc/sys', settled['ReadonlyPaths'])

    def test_what_was_asked(self):
        given = {'IpcMode': 'none', 'PidsLimit': 7}
        settled = hostconfig.normalise({'HostConfig': given}, POLICY)
        self.assertEqual(given, {
            field: settled[field] for field in given})


class RuntimeTest(base.BaseTestCase):

    def test_names(self):
        for body, expected in (
                ({'HostConfig': {'Runtime': 'runc'}}, 'runc'),
                ({'Runtime': 'runc'}, 'runc'),
                ({'HostConfig': {'Runtime': POLICY.runtime}}, POLICY.runtime),
                ({}, POLICY.runtime)):
            self.assertEqual(
                expected, hostconfig.normalise(body, POLICY)['Runtime'])

    def test_unknown(self):
        error = self.assertRaises(
            exception.InvalidRequest, hostconfig.normalise,
            {'HostConfig': {'Runtime': 'kata'}}, POLICY)
        self.assertIn('unknown or invalid runtime name: kata', error.message)


class SeccompProfileTest(base.BaseTestCase):

    def test_the_last_one_counts(self):
        one, two = '{"defaultAction": "SCMP_ACT_ALLOW"}', (
            '{"defaultAction": "SCMP_ACT_LOG"}')
        found = hostconfig.normalise({'HostConfig': {'SecurityOpt': [
            f'seccomp={one}', f'seccomp:{two}']}}, POLICY)
        self.assertEqual(two, hostconfig.seccomp_profile(found))
        self.assertEqual('', hostconfig.seccomp_profile({}))

    def test_refused(self):
        error = self.assertRaises(
            exception.InvalidRequest, hostconfig.normalise,
            {'HostConfig': {'SecurityOpt': ['seccomp={}']}}, POLICY)
        self.assertIn('defaultAction', error.message)
