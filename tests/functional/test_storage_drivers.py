"""The same work against a daemon on each storage driver."""

import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

from oslotest import base

from novacontainer.runtime.host import mounts
from novacontainer.runtime import models
from novacontainer.runtime.storage import btrfs
from novacontainer.runtime.storage import overlay
from novacontainer.runtime.storage import vfs
from tests import archives
from tests import filesystems
from tests.functional import daemon
from tests.functional import sdk

_SCRIPT = """
set -e
echo new > /srv_new
chown 33:44 /srv_new
echo more >> /etc/passwd
rm /bin/vi
mkdir /made
echo in > /made/file
ln /made/file /made/link
trap 'exit 0' TERM
while :; do sleep 0.1; done
"""


class DriverSession:
    """What people do, on one driver; its data root is ``data_root``."""

    driver = None
    make = None

    @classmethod
    def setUpClass(cls):
        place = pathlib.Path(tempfile.mkdtemp(prefix='nc-', dir='/var/tmp'))
        place.chmod(0o711)
        cls.addClassCleanup(shutil.rmtree, place)
        cls.data_root = cls.make_root(place)
        cls.options = {'DEFAULT': {'data_root': cls.data_root},
                       'storage': {'driver': cls.driver}}
        super().setUpClass()

    @classmethod
    def make_root(cls, place):
        """Return the data root, on what the driver needs."""
        return place / 'data'

    def homes(self):
        """Return what the driver keeps of containers."""
        return os.listdir(self.data_root / self.driver)

    def changed(self):
        """Start a container that changes files, and wait for that."""
        container = self.run_container('sh', '-c', _SCRIPT)
        deadline = time.monotonic() + 60
        while container.exec_run(['test', '-e', '/made/link']).exit_code:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        return container

    def output(self, image, command):
        """Run a command in a container of its own."""
        return self.docker.containers.run(
            image, ['sh', '-c', command], remove=True).decode()

    def test_info_says_which_and_why(self):
        info = self.docker.info()
        self.assertEqual(self.driver, info['Driver'])
        told = dict(info['DriverStatus'])
        self.assertEqual('it is configured in [storage]',
                         told['Used Because'])
        self.assertTrue(told['Root Disk Limit'])
        self.assertTrue(told['Backing Filesystem'])

    def test_changes_commit_and_run(self):
        container = self.changed()
        expected = {
            ('/bin', 0), ('/bin/vi', 2), ('/etc/passwd', 0), ('/made', 1),
            ('/made/file', 1), ('/made/link', 1), ('/srv_new', 1)}
        self.assertEqual(expected, {
            (one['Path'], one['Kind']) for one in container.diff()
        } - {('/etc', 0)})
        sizes, = self.docker.api.containers(
            size=True, filters={'id': container.id})
        self.assertGreater(sizes['SizeRw'], 0)
        container.stop()
        image = container.commit('changed')
        self.addCleanup(self.docker.images.remove, image.id, force=True)
        command = ('cat /srv_new /made/file; tail -n1 /etc/passwd; '
                   'stat -c "%u %g" /srv_new; stat -c %h /made/link; '
                   'test -e /bin/vi || echo gone')
        expected = 'new\nin\nmore\n33 44\n2\ngone\n'
        self.assertEqual(expected, self.output(image.id, command))
        # The layer says so too, wherever the image goes.
        again = b''.join(self.docker.images.get('changed').save(named=True))
        self.docker.images.remove('changed', force=True)
        self.load(again)
        self.assertEqual(expected, self.output('changed', command))
        # What was changed is still there.
        stream, _ = container.get_archive('/srv_new')
        with tarfile.open(fileobj=io.BytesIO(b''.join(stream))) as archive:
            self.assertEqual(b'new\n',
                             archive.extractfile('srv_new').read())

    def test_copy_and_export(self):
        container = self.changed()
        data = archives.tar([(archives.member('put', uid=7), b'abc')])
        self.assertTrue(container.put_archive('/made', data))
        self.assertEqual(b'7\nabc', container.exec_run(
            ['sh', '-c', 'stat -c %u /made/put; cat /made/put']).output)
        container.stop()
        self.assertTrue(container.put_archive('/made', archives.tar(
            [(archives.member('later'), b'x')])))
        stream, _ = container.get_archive('/made')
        with tarfile.open(fileobj=io.BytesIO(b''.join(stream))) as archive:
            self.assertEqual(
                {'made', 'made/file', 'made/link', 'made/put',
                 'made/later'}, set(archive.getnames()))
        with tarfile.open(fileobj=io.BytesIO(
                b''.join(container.export()))) as archive:
            names = set(archive.getnames())
            self.assertIn('srv_new', names)
            self.assertNotIn('bin/vi', names)
            self.assertEqual((33, 44), (archive.getmember('srv_new').uid,
                                        archive.getmember('srv_new').gid))

    def test_the_limit_is_met(self):
        container = self.run_container(
            'sh', '-c', 'dd if=/dev/zero of=/big bs=64k',
            storage_opt={'size': '32M'})
        self.assertEqual(1, container.wait()['StatusCode'])
        said = container.logs().decode()
        self.assertTrue('No space left on device' in said
                        or 'quota exceeded' in said.lower(), said)
        image = container.commit('full')
        self.addCleanup(self.docker.images.remove, image.id, force=True)
        self.assertEqual('yes\n', self.output(
            image.id, 'test -s /big && echo yes'))

    def test_nothing_is_left(self):
        container = self.create_container('true')
        limited = self.create_container('true',
                                        storage_opt={'size': '32M'})
        for one in (container, limited):
            one.start()
            one.wait()
            self.assertIn(one.id, self.homes())
            one.remove()
            self.assertNotIn(one.id, self.homes())
        self.assertEqual([], [
            point for point in mounts.mount_points(self.data_root)
            if container.id in point or limited.id in point])

    def test_what_a_crash_left_is_collected(self):
        kept = self.create_container('sh', '-c', 'echo kept')
        orphan = 'f' * 64
        layer, *_ = (self.data_root / 'layers').iterdir()
        self.daemon.stop()
        driver = self.make(self.data_root)
        (self.data_root / 'containers' / orphan).mkdir()
        driver.prepare(orphan, [layer], models.IdMap(65536), 32 << 20)
        driver.mount(orphan, [layer], models.IdMap(65536))
        self.daemon.start()
        self.assertEqual([], mounts.mount_points(self.data_root))
        self.assertEqual([kept.id], self.homes())
        kept.start()
        kept.wait()
        self.assertEqual(b'kept\n', kept.logs())

    def test_another_driver_is_refused(self):
        self.create_container('true')
        self.daemon.stop()
        other = 'vfs' if self.driver != 'vfs' else 'overlay'
        told = subprocess.run(
            [sys.executable, '-m', 'novacontainer.cmd.daemon',
             '--config-file', str(self.with_driver(other))],
            cwd=daemon.ROOT, capture_output=True, text=True, check=False)
        self.daemon.start()
        self.assertEqual(78, told.returncode)
        self.assertIn(f'was made with the storage driver {self.driver}',
                      told.stderr)

    def with_driver(self, name):
        """Return a configuration like ours, with another driver."""
        path = self.daemon.config_path.with_name('other')
        path.write_text(self.daemon.config_path.read_text().replace(
            f'driver = {self.driver}', f'driver = {name}'))
        return path


class OverlayTest(DriverSession, sdk.SdkTestCase):
    driver = 'overlay'
    make = overlay.Overlay


class VfsTest(DriverSession, sdk.SdkTestCase):
    driver = 'vfs'
    make = vfs.Vfs


class BtrfsTest(DriverSession, sdk.SdkTestCase):
    driver = 'btrfs'
    make = btrfs.Btrfs

    @classmethod
    def make_root(cls, place):
        return filesystems.btrfs(place, cls.addClassCleanup)

    def test_chains_go_with_images(self):
        chains = self.data_root / 'chains'
        before = set(os.listdir(chains))
        self.load(archives.docker_archive(
            {'etc/motd': b'hello'}, cmd=['sh'], tag='short:lived'))
        container = self.docker.containers.create('short:lived', 'sh')
        self.assertEqual(1, len(set(os.listdir(chains)) - before))
        container.remove()
        self.docker.images.remove('short:lived')
        deadline = time.monotonic() + 60
        while set(os.listdir(chains)) - before:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


class AutoTest(base.BaseTestCase):
    """What a host gets that asks for nothing."""

    def test_overlay(self):
        running = self.useFixture(daemon.Daemon())
        info = running.json('GET', '/info')
        self.assertEqual('overlay', info['Driver'])
        self.assertIn(['Used Because', 'overlayfs works here'],
                      info['DriverStatus'])
