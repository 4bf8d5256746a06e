import datetime
import os
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import limits as limit_models
from novacontainer.runtime import models
from novacontainer.runtime.service import resources
from novacontainer.runtime.service import runspec

SANDBOX = models.SandboxPaths(pathlib.Path('/n'), pathlib.Path('/u'))


class RunSpecTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        (self.root / 'etc').mkdir()
        (self.root / 'etc/passwd').write_text(
            'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/var/www:/bin/sh\n')
        (self.root / 'etc/group').write_text('adm:x:4:web\n')

    def describe(self, config=None, host_config=None, mounts=()):
        container = models.Container(
            id='c1', name='web', image_id='i', image_name='i',
            config={'Hostname': 'web', 'Cmd': ['b'], **(config or {})},
            host_config=host_config or {}, id_map=models.IdMap(65536),
            created=datetime.datetime.now(datetime.UTC))
        return runspec.describe(
            container, self.root, SANDBOX, '/nc/c1', mounts)

    def test_plain(self):
        spec = self.describe()
        self.assertEqual(
            (('b',), ('HOME=/root',), '/', models.User(), 'web',
             resources.SHM_BYTES, False),
            (spec.args, spec.env, spec.cwd, spec.user, spec.hostname,
             spec.shm_size_bytes, spec.terminal))

    def test_everything(self):
        mount = models.Mount('tmpfs', 'tmpfs', '/t')
        spec = self.describe(
            {'Entrypoint': ['a'], 'User': 'web', 'Env': ['A=1'],
             'WorkingDir': '/w', 'Domainname': 'd', 'Tty': True},
            {'ReadonlyRootfs': True, 'CapAdd': ['X'], 'CapDrop': ['Y'],
             'SecurityOpt': ['no-new-privileges', 'seccomp=unconfined'],
             'Sysctls': {'net.a': '1'}, 'ShmSize': 4096, 'PidsLimit': 7,
             'OomScoreAdj': 5,
             'Ulimits': [{'Name': 'core', 'Soft': 0, 'Hard': 0}]},
            (mount,))
        self.assertEqual(models.ContainerSpec(
            id='c1', rootfs=self.root, args=('a', 'b'),
            env=('A=1', 'HOME=/var/www'), cwd='/w',
            user=models.User(33, 34, (4,)), hostname='web', domainname='d',
            sandbox=SANDBOX, id_map=models.IdMap(65536),
            cgroup_path='/nc/c1', terminal=True, readonly_rootfs=True,
            no_new_privileges=True, seccomp_unconfined=True,
            cap_add=('X',), cap_drop=('Y',),
            resources=limit_models.Resources(pids=7), mounts=(mount,),
            ulimits=(limit_models.Ulimit('core', 0, 0),),
            sysctls={'net.a': '1'}, shm_size_bytes=4096,
            oom_score_adj=5), spec)

    def test_own_home(self):
        self.assertEqual(('HOME=/x',),
                         self.describe({'Env': ['GONE', 'HOME=/x']}).env)

    def test_an_image_without_accounts(self):
        for name in ('passwd', 'group'):
            (self.root / 'etc' / name).unlink()
        self.assertEqual(('HOME=/',), self.describe().env)
        self.assertEqual(models.User(7, 8),
                         self.describe({'User': '7:8'}).user)
        self.assertRaises(exception.InvalidRequest, self.describe,
                          {'User': 'web'})

    def test_hostile_accounts(self):
        passwd = self.root / 'etc/passwd'
        passwd.unlink()
        os.mkfifo(passwd)
        self.assertRaises(exception.InvalidRequest, self.describe)
        passwd.unlink()
        passwd.symlink_to('/etc/hostname-of-the-host')
        self.assertEqual(models.User(), self.describe().user)
        passwd.unlink()
        with passwd.open('wb') as file:
            file.truncate(runspec.ACCOUNTS_MAX_BYTES + 1)
        self.assertRaises(exception.InvalidRequest, self.describe)

    def test_document(self):
        document = runspec.document(self.describe(), 2)
        self.assertEqual(['b'], document['process']['args'])
        self.assertIn('seccomp', document['linux'])
