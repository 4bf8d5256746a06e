"""Root filesystems that become images, through the SDK and the CLI."""

import gzip
import json
import subprocess

import docker

from tests import archives
from tests.functional import sdk


class ImportTest(sdk.SdkTestCase):

    def forget(self, name):
        self.addCleanup(self.docker.images.remove, name)

    def test_export_and_import(self):
        container = self.create_container('true')
        container.put_archive('/', archives.tar(
            [(archives.member('mark'), b'here')]))
        exported = subprocess.run(
            ['docker', '-H', self.daemon.url, 'export', container.id],
            check=True, capture_output=True, timeout=60).stdout
        made = subprocess.run(
            ['docker', '-H', self.daemon.url, 'import', '-c',
             'CMD ["cat", "/mark"]', '-m', 'why', '-', 'trip:1'],
            input=exported, check=True, capture_output=True, text=False,
            timeout=60).stdout.decode().strip()
        self.forget('trip:1')
        image = self.docker.images.get('trip:1')
        self.assertEqual(made, image.id)
        self.assertEqual('why', image.attrs['Comment'])
        run = self.docker.containers.run('trip:1', detach=True)
        self.addCleanup(self.remove, run)
        run.wait()
        self.assertEqual(b'here', run.logs())
        run.remove()

    def test_compressed(self):
        data = gzip.compress(archives.tar(
            [(archives.member('manifest.json'), b'not of an image')]))
        answer = json.loads(self.docker.api.import_image_from_data(
            data, repository='plain', tag='2',
            changes=['USER nobody', 'ENV A=b']))
        self.forget('plain:2')
        image = self.docker.images.get('plain:2')
        self.assertEqual(answer['status'], image.id)
        self.assertEqual(('nobody', ['A=b']), (
            image.attrs['Config']['User'], image.attrs['Config']['Env']))

    def test_refusals(self):
        before = len(self.docker.images.list())
        for data, changes in ((b'nonsense', []),
                              (archives.tar([]), ['RUN make'])):
            error = self.assertRaises(
                docker.errors.APIError,
                self.docker.api.import_image_from_data, data,
                repository='bad', changes=changes)
            self.assertEqual(400, error.status_code, error.explanation)
        self.assertEqual(before, len(self.docker.images.list()))
