"""Well-typed requests that the kernel refuses: the client's fault, named."""

import docker

from tests.functional import sdk


class RefusalsTest(sdk.SdkTestCase):

    def refused(self, **options):
        container = self.create_container('true', **options)
        return self.assertRaises(docker.errors.APIError, container.start)

    def test_sysctls(self):
        for name, value in (('net.nope', '1'),
                            ('net.ipv4.ip_forward', 'abc'),
                            ('net.core.rmem_max', '1')):
            error = self.refused(sysctls={name: value})
            self.assertEqual(400, error.status_code)
            self.assertIn(name, error.explanation)

    def test_limits_of_processes(self):
        for name in ('nofile', 'nproc'):
            error = self.refused(ulimits=[
                docker.types.Ulimit(name=name, soft=1, hard=1)])
            self.assertEqual(400, error.status_code)
            self.assertIn(f'ulimit {name}', error.explanation)

    def test_limits_of_control_groups(self):
        for options in ({'pids_limit': 2 ** 62}, {'cpu_quota': 2 ** 62}):
            self.assertEqual(400, self.refused(**options).status_code)

    def test_mounts(self):
        for options in ({'tmpfs': {'/x': 'nr_inodes=99999999999999999999'}},
                        {'volumes': ['/tmp:/dev/null']}):
            self.assertEqual(400, self.refused(**options).status_code)

    def test_what_is_refused_at_once(self):
        for options in (
                {'ulimits': [docker.types.Ulimit(name='cpu', soft=0,
                                                 hard=0)]},
                {'log_config': docker.types.LogConfig(
                    type='json-file', config={'max-size': '9' * 30})}):
            error = self.assertRaises(
                docker.errors.APIError, self.create_container, **options)
            self.assertEqual(400, error.status_code)
