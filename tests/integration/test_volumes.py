"""Volumes in real containers: crashes, full disks, enemies and races."""

import io
import os
import tarfile
import threading
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.store import volumefiles
from tests import archives
from tests.integration import runtimes

FOREVER = 'echo up; while :; do sleep 0.05; done'


class Died(BaseException):
    """The daemon is killed at this point: no clean-up of its own runs."""


class Slow:
    """An upload that stops in the middle until it is let go on.

    ``begun`` is set when it has been asked for more than its first half.
    """

    def __init__(self, data):
        middle = len(data) // 2
        self._parts = [data[:middle], data[middle:]]
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def read(self, size):
        if len(self._parts) == 1:
            self.begun.set()
            if not self.go_on.wait(60):
                raise AssertionError('nobody let the upload go on')
        if not self._parts:
            return b''
        part = self._parts[0][:size]
        self._parts[0] = self._parts[0][size:]
        if not self._parts[0]:
            del self._parts[0]
        return part


def tar(**files):
    return archives.tar([(archives.member(name), data)
                         for name, data in files.items()])


class VolumesCase(base.BaseTestCase):

    oci_runtime = 'auto'

    def setUp(self):
        super().setUp()
        self.runtime = self.useFixture(runtimes.Runtime(
            allow_host_userns=True, oci_runtime=self.oci_runtime))

    @property
    def service(self):
        return self.runtime.containers

    def data(self, name='data'):
        return self.runtime.volumes.path(name)

    def names(self):
        return [one.name for one in self.runtime.volumes.list({})]

    def running(self, script=FOREVER, **body):
        container_id = self.runtime.create(script, **body)
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')
        return container_id

    def image(self, *members):
        """Load an image that has these members."""
        layer = archives.tar(members)
        packed = archives.pack(
            [layer], archives.config([archives.digest(layer)], cmd=['true']),
            tags=['own:test'])
        self.runtime.images.load(io.BytesIO(packed))


class MountsTest(VolumesCase):

    def check_mounts(self):
        script = ('grep " /d " /proc/mounts; stat -c %u:%g /d /d/file; '
                  'id -u; touch /d/new || echo refused')
        (_, said), (_, other) = (
            self.runtime.run(script, HostConfig={
                'Binds': ['data:/d' + mode]}) for mode in ('', ':ro'))
        self.assertIn('\n0:0\n33:44\n0', said)
        self.assertIn('nodev', said)
        self.assertNotIn('refused', said)
        self.assertIn('refused', other)
        self.assertEqual(0, (self.data() / 'new').stat().st_uid)
        self.assertEqual([], list(
            (self.runtime.run_root / 'staging').iterdir()))

    def test_ids_and_modes(self):
        self.runtime.volumes.create({'Name': 'data'}, True)
        (self.data() / 'file').touch()
        os.chown(self.data() / 'file', 33, 44)
        self.check_mounts()

    def test_without_a_user_namespace(self):
        code, said = self.runtime.run(
            'echo x > /d/file; stat -c %u /d/file; cat /proc/self/uid_map',
            HostConfig={'Binds': ['data:/d'], 'UsernsMode': 'host'})
        self.assertEqual((0, '0'), (code, said.splitlines()[0]))
        self.assertEqual(0, (self.data() / 'file').stat().st_uid)


class RuncMountsTest(MountsTest):
    """runc passes over the option ``idmap`` of crun in silence."""

    oci_runtime = 'runc'


class CrashTest(VolumesCase):

    def test_killed_while_mounts_are_staged(self):
        container_id = self.runtime.create(
            FOREVER, HostConfig={'Binds': ['data:/d']})
        with (fixtures.MonkeyPatch(
                  'novacontainer.runtime.service.preparation._attempt',
                  lambda step: None),
              fixtures.MockPatchObject(self.service._staging, '_unstage'),
              fixtures.MockPatchObject(
                  self.runtime.engine, 'create', side_effect=Died)):
            self.assertRaises(Died, self.service.start, container_id)
        staging = self.runtime.run_root / 'staging'
        self.assertEqual(2, len(mounts.mount_points(staging)))
        self.runtime.restart()
        self.assertEqual([], mounts.mount_points(staging))
        self.assertEqual([], list(staging.iterdir()))
        self.service.start(container_id)
        self.runtime.wait_output(container_id, 'up')

    def dies_filling(self, name):
        """Be killed when some of an image's files are in a volume."""
        def create():
            self.runtime.create('true', HostConfig={
                'Binds': [f'{name}:/etc']})

        copyup = self.service._creation._copyup
        volumes = self.runtime.volumes

        def copy(root, target, volume):
            (self.data(name) / 'half').touch()
            raise Died

        with (fixtures.MockPatchObject(copyup, '_copy', copy),
              fixtures.MockPatchObject(volumefiles, 'empty'),
              fixtures.MockPatchObject(volumes._files, 'finish'),
              fixtures.MockPatchObject(volumes, 'discard_files'),
              fixtures.MockPatchObject(self.runtime.storage, 'unmount'),
              fixtures.MockPatchObject(self.runtime.storage, 'remove'),
              fixtures.MockPatchObject(
                  self.service._places, 'remove_home')):
            self.assertRaises(Died, create)
        self.assertEqual(['half'], os.listdir(self.data(name)))
        self.runtime.restart()
        self.assertEqual([], list(self.runtime.storage.mounted()))

    def test_killed_while_a_new_volume_is_filled(self):
        self.dies_filling('new')
        self.assertEqual([], self.names())
        self.assertEqual([], list(
            (self.runtime.data_root / 'volumes').iterdir()))

    def test_killed_while_an_empty_volume_is_filled(self):
        self.runtime.volumes.create({'Name': 'old'}, True)
        self.dies_filling('old')
        self.assertEqual([], os.listdir(self.data('old')))
        self.runtime.create('true', HostConfig={'Binds': ['old:/etc']})
        self.assertIn('passwd', os.listdir(self.data('old')))

    def test_what_is_in_memory_outlives_the_daemon(self):
        self.runtime.volumes.create({'Name': 'data', 'DriverOpts': {
            'type': 'tmpfs', 'device': 'tmpfs'}}, True)
        binds = {'HostConfig': {'Binds': ['data:/d']}}
        first = self.running('echo kept > /d/file; ' + FOREVER, **binds)
        self.runtime.restart()
        second = self.running('cat /d/file; ' + FOREVER, **binds)
        self.assertIn('kept', self.runtime.output(second))
        self.service.remove(first, force=True, volumes=False)
        self.assertTrue(os.path.ismount(self.data()))
        self.runtime.restart()
        self.service.remove(second, force=True, volumes=False)
        self.assertFalse(os.path.ismount(self.data()))
        # And when all that had it ended while no daemon was there.
        third = self.running(**binds)
        found = self.service.get(third)
        self.runtime.abandon()
        os.kill(found.pid, 9)
        self.runtime.open()
        self.runtime.wait_status(third, models.Status.EXITED)
        self.assertFalse(os.path.ismount(self.data()))


class FillingTest(VolumesCase):

    def test_a_full_disk(self):
        self.image((archives.member('data/big'), bytes(24 << 20)))
        self.runtime.volumes.create(
            {'Name': 'small', 'DriverOpts': {'size': '16M'}}, True)
        error = self.assertRaises(
            exception.Unavailable, self.service.create,
            {'Image': 'own:test',
             'HostConfig': {'Binds': ['small:/data', 'new:/new']}}, None)
        self.assertIn('disk of volume small is full', error.message)
        self.assertEqual(['small'], self.names())
        for name in ('containers', 'overlay'):
            self.assertEqual(
                [], list((self.runtime.data_root / name).iterdir()))
        # It is empty again, and so has room for something else.
        code, said = self.runtime.run(
            'ls /d; dd if=/dev/zero of=/d/x bs=1M count=8 && echo fits',
            HostConfig={'Binds': ['small:/d']})
        self.assertEqual('fits', said.splitlines()[-1])
        self.assertEqual(0, code)

    def test_what_an_enemy_has_in_an_image(self):
        secret = self.runtime.root / 'secret'
        secret.mkdir()
        (secret / 'file').touch()
        out = archives.member('out', tarfile.SYMTYPE)
        out.linkname = str(secret)
        up = archives.member('data/up', tarfile.SYMTYPE)
        up.linkname = '../../../../../../etc'
        fifo = archives.member('data/fifo', tarfile.FIFOTYPE)
        self.image((archives.member('data/file'), b'x'), (out, b''),
                   (up, b''), (fifo, b''))
        # The link leads to a place within the image, which is not there.
        for target in ('/out', '/out/file'):
            self.runtime.ids.add(self.service.create({
                'Image': 'own:test',
                'HostConfig': {'Binds': [f'out:{target}']}}, None)[0])
        self.assertEqual([], os.listdir(self.data('out')))
        self.runtime.ids.add(self.service.create({
            'Image': 'own:test',
            'HostConfig': {'Binds': ['data:/data/../data']}}, None)[0])
        self.assertEqual({'file', 'up', 'fifo'},
                         set(os.listdir(self.data())))
        self.assertEqual('../../../../../../etc',
                         os.readlink(self.data() / 'up'))


class CopyTest(VolumesCase):

    def upload(self, container_id, source, path='/v'):
        self.service.archives.write(
            container_id, path, source, keep_kinds=False, keep_owners=False)

    def upper(self, container_id):
        return self.runtime.data_root / 'overlay' / container_id / 'upper'

    def test_no_copy_gets_below_a_volume(self):
        """Two at once, and a start and an end in between."""
        container_id = self.runtime.create(
            FOREVER, HostConfig={'Binds': ['data:/v']})
        slow = Slow(tar(slow=b'x' * 300000))
        thread = threading.Thread(
            target=self.upload, args=(container_id, slow))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(slow.go_on.set)
        self.assertTrue(slow.begun.wait(60))
        for name in ('one', 'two'):
            self.upload(container_id, io.BytesIO(tar(**{name: b'y'})))
        self.assertTrue(list(self.runtime.storage.mounted()))
        self.service.start(container_id)
        self.upload(container_id, io.BytesIO(tar(running=b'y')))
        self.service.kill(container_id, 'KILL')
        self.runtime.wait_status(container_id, models.Status.EXITED)
        self.upload(container_id, io.BytesIO(tar(after=b'y')))
        slow.go_on.set()
        thread.join()
        self.assertEqual(
            {'slow', 'one', 'two', 'running', 'after'},
            set(os.listdir(self.data())))
        self.assertEqual(b'x' * 300000, (self.data() / 'slow').read_bytes())
        self.assertEqual([], os.listdir(self.upper(container_id) / 'v'))
        self.assertEqual([], list(self.runtime.storage.mounted()))

    def test_read_only_ones(self):
        container_id = self.runtime.create(
            'true', Volumes={'/w': {}}, HostConfig={
                'Binds': ['data:/v:ro'], 'ReadonlyRootfs': True})
        for path, words in (('/v', 'volume is marked read-only'),
                            ('/tmp', 'rootfs is marked read-only')):
            error = self.assertRaises(
                exception.Forbidden, self.upload, container_id,
                io.BytesIO(tar(file=b'x')), path)
            self.assertIn(words, error.message)
        self.upload(container_id, io.BytesIO(tar(file=b'x')), '/w')
        self.assertEqual(
            'file', self.service.archives.stat(
                container_id, '/w/file').name)

    def test_nothing_stays_open(self):
        container_id = self.runtime.create(
            'true', HostConfig={'Binds': ['data:/v']})
        before = len(os.listdir('/proc/self/fd'))
        self.assertRaises(exception.NotFound, self.service.archives.stat,
                          container_id, '/v/none')
        with mock.patch(
                'novacontainer.runtime.host.mountviews.opened',
                side_effect=OSError(5, 'I/O')):
            self.assertRaises(
                exception.Internal, self.service.archives.stat,
                container_id, '/v')
        self.assertEqual(before, len(os.listdir('/proc/self/fd')))
        self.assertEqual([], list(self.runtime.storage.mounted()))
