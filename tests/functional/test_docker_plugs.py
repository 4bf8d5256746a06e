"""Block devices that come and go: a loop device in a real container."""

import pathlib
import time

import fixtures

from novacontainer.runtime.host import loopdevices
from tests.functional import sdk


class PlugsTest(sdk.SdkTestCase):

    options = {'containers': {'pluggable_devices': '/dev/loop*'}}

    def setUp(self):
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.image = directory / 'disk.img'
        self.image.write_bytes(b'hello' + bytes((1 << 20) - 5))
        device = loopdevices.attached(self.image)
        self.path = device.__enter__()
        self.addCleanup(device.__exit__, None, None, None)

    def plug(self, container, **given):
        return self.daemon.request(
            'POST', f'/containers/{container.id}/devices',
            {'PathOnHost': self.path, 'PathInContainer': '/dev/vdb', **given})

    def unplug(self, container):
        return self.daemon.request(
            'DELETE', f'/containers/{container.id}/devices?path=/dev/vdb')

    def read(self, container):
        return container.exec_run(['head', '-c', '5', '/dev/vdb'])

    def until(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_what_runs(self):
        container = self.run_container()
        status, body = self.plug(container)
        self.assertEqual(204, status, body)
        self.assertEqual((0, b'hello'), tuple(self.read(container)))
        code, output = container.exec_run([
            'sh', '-c', 'echo -n HELLO | dd of=/dev/vdb conv=notrunc,fsync '
            '&& stat -c %u:%g:%a /dev/vdb'])
        self.assertEqual(0, code, output)
        self.assertIn(b'0:0:660', output)
        self.assertEqual(409, self.plug(container)[0])
        container.restart(timeout=0)
        self.assertEqual((0, b'HELLO'), tuple(self.read(container)))
        container.exec_run(
            ['sh', '-c', 'exec 3</dev/vdb; echo $$ >/open; exec sleep 60'],
            detach=True)
        self.until(lambda: not container.exec_run(
            ['test', '-s', '/open']).exit_code)
        status, body = self.unplug(container)
        self.assertEqual(409, status, body)
        self.assertIn(b'/dev/vdb is in use', body)
        self.assertIn(b'sleep', body)
        self.assertEqual((0, b'HELLO'), tuple(self.read(container)))
        container.exec_run(['sh', '-c', 'kill $(cat /open)'])
        self.until(lambda: self.unplug(container)[0] == 204)
        self.assertNotEqual(0, self.read(container).exit_code)
        self.assertEqual(404, self.unplug(container)[0])
        self.assertEqual(
            b'', container.exec_run('find /dev -name vdb').output)
        # Whatever is in /dev stays, and no link is followed.
        container.exec_run('ln -s /etc/passwd /dev/vdb')
        self.assertEqual(409, self.plug(container)[0])

    def test_what_does_not_run(self):
        container = self.create_container()
        status, body = self.plug(container, CgroupPermissions='r')
        self.assertEqual(204, status, body)
        self.assertEqual([{
            'PathOnHost': self.path, 'PathInContainer': '/dev/vdb',
            'CgroupPermissions': 'r', 'Plugged': True,
        }], self.docker.api.inspect_container(
            container.id)['HostConfig']['Devices'])
        container.start()
        self.assertEqual((0, b'hello'), tuple(self.read(container)))
        code, output = container.exec_run(
            ['sh', '-c', 'echo x >/dev/vdb'])
        self.assertNotEqual(0, code, output)
        container.stop(timeout=0)
        self.assertEqual(204, self.unplug(container)[0])
        container.start()
        self.assertNotEqual(0, self.read(container).exit_code)

    def test_what_is_not_allowed(self):
        status, body = self.plug(
            self.create_container(), PathOnHost='/dev/sda')
        self.assertEqual(403, status)
        self.assertIn(b'pluggable_devices', body)
