"""Containers with a root disk of a limited size, from their first start on."""

import contextlib
import os
import pathlib
import time

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.integration import runtimes

FILL = 'dd if=/dev/zero of=/big bs=64k 2>&1; '
FOREVER = 'echo up; while :; do sleep 0.05; done'
LIMITED = {'StorageOpt': {'size': '32M'}}


class DiskLimitTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.runtime = self.useFixture(runtimes.Runtime())
        self.addCleanup(self.check_no_devices)
        self.service = self.runtime.containers

    def devices(self):
        found = []
        for entry in pathlib.Path('/sys/block').glob(
                'loop*/loop/backing_file'):
            with contextlib.suppress(OSError):
                if entry.read_text().startswith(str(self.runtime.root)):
                    found.append(entry)
        return found

    def settle(self, count):
        """Wait until so many devices are there.

        Others stay while a process has a copy of their mounts, as each
        OCI runtime that starts a container on this host.
        """
        deadline = time.monotonic() + 60
        while len(self.devices()) != count:
            self.assertLess(time.monotonic(), deadline, self.devices())
            time.sleep(0.05)

    def check_no_devices(self):
        for container_id in self.runtime.ids:
            try:
                self.runtime.containers.remove(
                    container_id, force=True, volumes=False)
            except exception.NotFound:
                continue
        self.settle(0)

    def create(self, script, **body):
        return self.runtime.create(script, HostConfig=LIMITED, **body)

    def running(self, script=FOREVER):
        container_id = self.create(script)
        self.runtime.containers.start(container_id)
        self.runtime.wait_output(container_id, 'up')
        return container_id

    def test_the_container_sees_its_limit(self):
        code, said = self.runtime.run(
            FILL + 'df -k / | tail -n 1; rm /big; echo x > /y && cat /y',
            HostConfig=LIMITED)
        self.assertEqual(0, code, said)
        self.assertIn('No space left on device', said)
        *_, columns, written = said.splitlines()
        size_kb, _, free_kb = map(int, columns.split()[1:4])
        self.assertTrue(24 << 10 < size_kb <= 32 << 10, said)
        self.assertLess(free_kb, 64)
        self.assertEqual('x', written)

    def test_programs_on_the_limited_disk_run(self):
        """Those with setuid too, though the mount below has no such thing."""
        script = ('cp /bin/busybox /busybox && chmod {} /busybox; '
                  'start-stop-daemon -S -c nobody -x /busybox -- su -h 2>&1; '
                  'true')
        refusal = 'must be suid'
        for mode, refused in (('0755', True), ('4755', False)):
            code, said = self.runtime.run(
                script.format(mode), HostConfig=LIMITED)
            self.assertEqual(0, code, said)
            self.assertEqual(refused, refusal in said, said)
            self.assertIn('su', said)

    def test_nothing_stays_attached_when_it_does_not_run(self):
        container_id = self.create('cp /bin/busybox /copy')
        self.settle(0)
        self.service.start(container_id)
        self.runtime.wait_status(container_id, models.Status.EXITED)
        self.settle(0)
        found = self.service.get(container_id)
        self.assertLess(64 << 10, self.service.size_bytes(found))
        self.settle(0)
        self.assertEqual({'size': '32M'}, self.service.get(
            container_id).host_config['StorageOpt'])

    def test_a_full_disk_starts_again(self):
        container_id = self.create('test -f /big && rm /big; ' + FILL)
        for _ in range(3):
            ended = self.service.exit_future(container_id, 'next-exit')
            self.service.start(container_id)
            ended.result(30)
            self.assertIn('No space', self.runtime.output(container_id))

    def test_commit_of_a_stopped_and_of_a_running_one(self):
        stopped = self.create('echo kept > /kept')
        ended = self.service.exit_future(stopped, 'next-exit')
        self.service.start(stopped)
        ended.result(30)
        running = self.running('echo kept > /kept; ' + FOREVER)
        for number, container_id in enumerate((stopped, running)):
            self.service.commit(
                container_id, repo='snap', tag=f'v{number}', author='',
                message='', pause=True, changes=(), config=None)
            code, said = self.runtime.run(
                'cat /kept', Image=f'snap:v{number}', HostConfig=LIMITED)
            self.assertEqual((0, 'kept'), (code, said))
        self.settle(1)

    def test_a_daemon_that_was_killed(self):
        container_id = self.running()
        self.runtime.restart()
        self.service = self.runtime.containers
        self.settle(1)
        self.service.stop(container_id, timeout_s=0, signal=None)
        self.settle(0)

    def test_the_host_was_restarted(self):
        container_id = self.running('echo kept >> /kept; ' + FOREVER)
        self.runtime.reboot_host(container_id)
        self.settle(0)
        self.runtime.open()
        self.runtime.containers.start(container_id)
        with self.runtime.storage.delta(container_id, [], None) as delta:
            self.assertEqual('kept\n',
                             (delta.tree / 'kept').read_text()[:5])

    def test_a_start_that_was_cut_short_is_undone(self):
        container_id = self.create('true')
        home = self.runtime.data_root / 'overlay' / container_id
        self.assertTrue((home / 'disk.img').exists())
        self.runtime.storage.mount(
            container_id, self.runtime.images.layer_paths(
                self.runtime.image), None)
        self.runtime.restart()
        self.settle(0)
        self.assertEqual(1, self.runtime.report.undone)

    def test_an_orphan_is_collected(self):
        orphan = 'f' * 64
        self.runtime.storage.prepare(orphan, [], None, 32 << 20)
        self.runtime.storage.mount(orphan, self.runtime.images.layer_paths(
            self.runtime.image), None)
        self.runtime.restart()
        self.assertEqual(1, self.runtime.report.orphans)
        self.assertFalse(
            (self.runtime.data_root / 'overlay' / orphan).exists())

    def test_a_size_that_cannot_be(self):
        for size in ('1k', '99999999P'):
            fault = self.assertRaises(
                exception.InvalidRequest, self.runtime.create, 'true',
                HostConfig={'StorageOpt': {'size': size}})
            self.assertEqual('storage.size_range', fault.code)
        self.assertEqual([], os.listdir(self.runtime.data_root / 'overlay'))
