"""One daemon and one Docker SDK client for the tests of a class.

Used by: ``test_docker_sdk_*``.
"""

import io

import docker
from oslotest import base

from tests import archives
from tests.functional import daemon

IMAGE = 'busybox:test'


class SdkTestCase(base.BaseTestCase):
    """Has ``daemon``, ``docker`` and the image ``busybox:test``.

    ``options`` are those of the daemon's configuration file.
    """

    options = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = cls.make_daemon()
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        cls.daemon.load(archives.busybox_image(IMAGE))
        cls.docker = docker.DockerClient(base_url=cls.daemon.url)
        cls.addClassCleanup(cls.docker.close)

    @classmethod
    def make_daemon(cls):
        """Return the daemon, not started yet."""
        return daemon.Daemon(cls.options)

    def load(self, archive):
        """Load an archive through the SDK."""
        return self.docker.images.load(io.BytesIO(archive))

    def run_container(self, *command, **options):
        """Start a container that the test's end removes."""
        container = self.docker.containers.run(
            IMAGE, list(command) or ['sleep', '1000'], detach=True,
            **options)
        self.addCleanup(self.remove, container)
        return container

    def create_container(self, *command, **options):
        """Create a container that the test's end removes."""
        container = self.docker.containers.create(
            IMAGE, list(command) or ['sleep', '1000'], **options)
        self.addCleanup(self.remove, container)
        return container

    @staticmethod
    def remove(container):
        """Remove a container that may be gone already."""
        try:
            container.remove(force=True)
        except docker.errors.NotFound:
            pass
