"""What cannot be: the instance says why, and nothing is left."""

import io
import tarfile

from demo import images
from tests.cloud import cloudcase


class FailuresTest(cloudcase.CloudTestCase):

    def fault(self, server):
        """What the tenant reads of an instance in ERROR."""
        return self.compute.get_server(server.id).fault['message']

    def test_image_that_is_no_archive(self):
        server = self.boot(self.upload(b'no archive at all' * 100),
                           status='ERROR')
        self.assertIn('image', self.fault(server).lower())

    def test_command_that_ends_at_once(self):
        root = io.BytesIO()
        with tarfile.open(fileobj=root, mode='w') as tar:
            tar.addfile(tarfile.TarInfo('empty'))
        server = self.boot(
            self.upload(root.getvalue(), os_command_line='/missing'),
            status='ERROR')
        self.assertIn('/missing', self.fault(server))

    def test_deleted_while_it_is_built(self):
        server = self.tenant.boot('test-deleted-early', images.DEBIAN)
        self.delete(server)
