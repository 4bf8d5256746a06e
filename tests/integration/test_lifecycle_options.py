"""What a create request asks for, as the container itself sees it."""

import io
import os
import pathlib

from oslotest import base

from novacontainer.runtime import exception
from tests import archives
from tests.integration import runtimes

MB = 1024 ** 2


class OptionsCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.runtime = self.useFixture(
            runtimes.Runtime(allow_host_userns=True))
        self.service = self.runtime.containers

    def said(self, script, host_config=None, **body):
        code, output = self.runtime.run(
            script, HostConfig=host_config or {}, **body)
        self.assertEqual(0, code, output)
        return output


class TestProcess(OptionsCase):

    def test_identity(self):
        said = self.said('id; pwd; echo $HOME $A; cat /etc/hostname; '
                         'hostname; cat /proc/self/uid_map',
                         User='www-data', WorkingDir='/new/dir',
                         Env=['A=b c'], Hostname='shop')
        self.assertEqual(
            ['uid=33(www-data) gid=33(www-data)', '/new/dir',
             '/var/www b c', 'shop', 'shop'], said.splitlines()[:5])
        self.assertEqual(['0', str(runtimes.USERNS_BASE), '65536'],
                         said.splitlines()[5].split())

    def test_names_and_resolvers(self):
        said = self.said(
            'cat /etc/hosts /etc/resolv.conf; echo "9.9.9.9 x" >> /etc/hosts',
            {'Dns': ['10.0.0.1'], 'DnsSearch': ['a.example'],
             'ExtraHosts': ['db:10.0.0.2']}, Domainname='a.example',
            Hostname='shop')
        for line in ('127.0.1.1\tshop.a.example shop', '10.0.0.2\tdb',
                     'nameserver 10.0.0.1', 'search a.example'):
            self.assertIn(line, said)

    def test_privileges(self):
        script = 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status'
        plain = self.said(script).split()
        self.assertEqual(['0', '2'], plain[3::2])
        changed = self.said(script, {
            'CapDrop': ['ALL'], 'CapAdd': ['CHOWN'],
            'SecurityOpt': ['no-new-privileges', 'seccomp=unconfined']})
        self.assertEqual(['0000000000000001', '1', '0'],
                         changed.split()[1::2])

    def test_terminal(self):
        self.assertIn('yes', self.said(
            'test -t 1 && echo yes $TERM', Tty=True))

    def test_sysctls_ulimits_and_oom(self):
        said = self.said(
            'cat /proc/sys/net/ipv4/ip_forward; ulimit -n; '
            'cat /proc/self/oom_score_adj; df -k /dev/shm | tail -1',
            {'Sysctls': {'net.ipv4.ip_forward': '1'}, 'OomScoreAdj': 500,
             'ShmSize': 8 * MB,
             'Ulimits': [{'Name': 'nofile', 'Soft': 99, 'Hard': 100}]})
        lines = said.splitlines()
        self.assertEqual(['1', '99', '500'], lines[:3])
        self.assertEqual('8192', lines[3].split()[1])


class TestLimits(OptionsCase):

    def test_cgroup(self):
        container_id = self.runtime.create('sleep', '100', HostConfig={
            'Memory': 32 * MB, 'PidsLimit': 17, 'NanoCpus': 500_000_000,
            'CpusetCpus': '0'})
        self.service.start(container_id)
        found = {}
        for path in pathlib.Path('/sys/fs/cgroup').glob(
                f'**/{container_id}/*'):
            if path.name in (
                    'memory.limit_in_bytes', 'memory.max', 'pids.max',
                    'cpu.cfs_quota_us', 'cpu.max', 'cpuset.cpus'):
                found[path.name] = path.read_text().split()[0]
        memory = found.get('memory.max',
                           found.get('memory.limit_in_bytes'))
        cpu = found.get('cpu.max', found.get('cpu.cfs_quota_us'))
        self.assertEqual(
            (str(32 * MB), '17', '50000', '0'),
            (memory, found['pids.max'], cpu, found['cpuset.cpus']))


class TestMounts(OptionsCase):

    def test_bind(self):
        source = self.runtime.root / 'source'
        source.mkdir()
        base_id = runtimes.USERNS_BASE
        os.chown(source, base_id, base_id)
        (source / 'file').write_text('from the host\n')
        self.assertEqual('from the host', self.said(
            'cat /a/file; echo x > /a/new; ! echo x > /b/new',
            {'Binds': [f'{source}:/a'], 'Mounts': [
                {'Type': 'bind', 'Source': str(source), 'Target': '/b',
                 'ReadOnly': True}]}).splitlines()[0])
        self.assertEqual(base_id, (source / 'new').stat().st_uid)

    def test_tmpfs(self):
        said = self.said('df -k /t | tail -1; grep " /t " /proc/mounts',
                         {'Tmpfs': {'/t': 'size=1m,exec'}})
        self.assertEqual('1024', said.split()[1])
        self.assertNotIn('noexec', said)

    def test_read_only_root(self):
        said = self.said('! touch /x; ! echo >> /etc/hosts; echo ok',
                         {'ReadonlyRootfs': True})
        self.assertIn('ok', said.splitlines())
        self.assertIn("can't create /etc/hosts", said)

    def test_host_user_namespace(self):
        said = self.said('cat /proc/self/uid_map',
                         {'UsernsMode': 'host'})
        self.assertEqual('4294967295', said.split()[2])


class TestCommit(OptionsCase):

    def test_an_image_of_what_was_changed(self):
        container_id = self.runtime.create(
            'echo new > /file; rm /etc/group; chown 33 /tmp; echo up; '
            'while :; do sleep 0.1; done',
            Labels={'org.openstack.nova.instance': 'x', 'keep': 'y'})
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')
        image = self.service.commit(
            container_id, repo='snap', tag='v1', author='me', message='m',
            pause=True, changes=['CMD ["cat", "/file"]'], config=None)
        self.assertEqual(2, len(image.layers))
        self.assertEqual({'keep': 'y'}, image.config['config']['Labels'])
        made, _ = self.service.create({'Image': 'snap:v1'}, 'again')
        self.runtime.ids.add(made)
        ended = self.service.exit_future(made, 'next-exit')
        self.service.start(made)
        self.assertEqual(0, ended.result(20))
        self.assertEqual('new', self.runtime.output(made))
        code, said = self.runtime.run(
            'ls /etc; stat -c %u /tmp', Image='snap:v1')
        self.assertEqual((0, False, '33'),
                         (code, 'group' in said, said.split()[-1]))
        # The container was let go on.
        self.service.stop(container_id, timeout_s=0, signal=None)

    def test_an_image_in_use_stays(self):
        container_id = self.runtime.create('true')
        self.assertRaises(
            exception.Conflict, self.runtime.images.remove, 'busybox:test',
            force=False, noprune=False)
        # By force it loses its name, but not what the container stands on.
        self.runtime.images.remove('busybox:test', force=True, noprune=False)
        self.runtime.restart()
        ended = self.runtime.containers.exit_future(
            container_id, 'next-exit')
        self.runtime.containers.start(container_id)
        self.assertEqual(0, ended.result(20))


class TestImages(OptionsCase):

    def test_image_without_a_command(self):
        self.runtime.images.load(io.BytesIO(
            archives.busybox_image('bare:1', cmd=None)))
        error = self.assertRaises(
            exception.InvalidRequest, self.service.create,
            {'Image': 'bare:1'}, None)
        self.assertEqual('container.no_command', error.code)

    def test_hostile_links_in_the_root(self):
        files = {'outside/x': b''}
        for number, links in enumerate((
                {'dev': '/var/tmp'}, {'proc': '/etc'},
                {'etc/hosts': '/var/tmp/nc-hostile'},
                {'etc/resolv.conf': '../../../var/tmp/nc-hostile'})):
            name = f'hostile:{number}'
            self.runtime.images.load(io.BytesIO(archives.docker_archive(
                {'bin/busybox': pathlib.Path('/bin/busybox').read_bytes(),
                 **files}, cmd=['/bin/busybox', 'true'], tag=name,
                symlinks=links)))
            made, _ = self.service.create({'Image': name}, None)
            self.runtime.ids.add(made)
            try:
                ended = self.service.exit_future(made, 'next-exit')
                self.service.start(made)
                self.assertEqual(0, ended.result(20))
            except exception.InvalidRequest as error:
                self.assertIn('image', error.message)
        self.assertFalse(pathlib.Path('/var/tmp/nc-hostile').exists())
        self.assertFalse(pathlib.Path('/var/tmp/null').exists())
