"""Names and limits that change, through the Docker SDK and command line."""

import os
import pathlib
import subprocess

import docker

from tests.functional import sdk

MIB = 1 << 20


class UpdateTest(sdk.SdkTestCase):

    def cli(self, *words):
        return subprocess.run(
            ['docker', '-H', self.daemon.url, *words], check=True,
            capture_output=True, text=True).stdout.strip()

    def limit(self, container, controller, name):
        """Return a limit as the kernel has it, of cgroup v1 or v2."""
        for top in (pathlib.Path('/sys/fs/cgroup') / controller,
                    pathlib.Path('/sys/fs/cgroup')):
            path = (top / self.daemon.cgroup_parent / container.id / name)
            if path.exists():
                return path.read_text().strip()
        return None

    def memory(self, container):
        return (self.limit(container, 'memory', 'memory.limit_in_bytes')
                or self.limit(container, '', 'memory.max'))

    def test_bounds_for_a_block_device(self):
        # Any block device does; nothing is read from it.
        path = next(str(path) for path in sorted(
            pathlib.Path('/dev').glob('loop[0-9]*')) if path.is_block_device())
        status = pathlib.Path(path).stat()
        numbers = f'{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}'
        container = self.run_container(
            device_read_bps=[{'Path': path, 'Rate': MIB}],
            device_write_iops=[{'Path': path, 'Rate': 50}])
        found = self.limit(container, '', 'io.max')
        if found is None:
            found = ' '.join(
                f'{word}={self.limit(container, "blkio", name)}'
                for word, name in (
                    ('rbps', 'blkio.throttle.read_bps_device'),
                    ('wiops', 'blkio.throttle.write_iops_device')))
            self.assertEqual(f'rbps={numbers} {MIB} wiops={numbers} 50',
                             found)
        else:
            self.assertEqual(
                f'{numbers} rbps={MIB} wbps=max riops=max wiops=50', found)
        error = self.assertRaises(
            docker.errors.APIError, self.create_container,
            device_read_bps=[{'Path': '/dev/null', 'Rate': MIB}])
        self.assertIn('/dev/null is not a block device', error.explanation)

    def test_rename(self):
        container = self.create_container(name='first')
        other = self.create_container(name='second')
        container.rename('third')
        container.reload()
        self.assertEqual('third', container.name)
        error = self.assertRaises(
            docker.errors.APIError, container.rename, 'second')
        self.assertEqual(409, error.status_code)
        self.assertIn('is already in use by container', error.explanation)
        self.cli('rename', 'second', 'first')
        other.reload()
        self.assertEqual('first', other.name)
        self.assertRaises(docker.errors.NotFound,
                          self.docker.containers.get, 'second')

    def test_update_of_what_runs(self):
        container = self.run_container(
            mem_limit='64m', memswap_limit='128m', pids_limit=50)
        container.update(mem_limit='128m', memswap_limit='256m')
        self.assertEqual(str(128 * MIB), self.memory(container))
        self.cli('update', '--memory', '32m', '--memory-swap', '64m',
                 '--cpus', '0.5', '--pids-limit', '-1', container.id)
        self.assertEqual(str(32 * MIB), self.memory(container))
        self.assertNotEqual('50', self.limit(container, 'pids', 'pids.max'))
        container.restart(timeout=0)
        self.assertEqual(str(32 * MIB), self.memory(container))
        container.reload()
        self.assertEqual(5 * 10**8,
                         container.attrs['HostConfig']['NanoCpus'])

    def test_refused_updates_change_nothing(self):
        container = self.run_container(mem_limit='64m',
                                       memswap_limit='128m')
        for given in ({'mem_limit': '1m'}, {'cpuset_cpus': '4000'},
                      {'mem_limit': '1g'}):
            error = self.assertRaises(
                docker.errors.APIError, container.update, **given)
            self.assertEqual(400, error.status_code, error.explanation)
        self.assertEqual(str(64 * MIB), self.memory(container))
