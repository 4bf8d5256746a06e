"""The docker CLI in front of the daemon: what its tests share.

Used by: ``test_docker_cli*``.
"""

import os
import pathlib
import tempfile

from oslotest import base

from tests import archives
from tests.functional import daemon

TIMEOUT_S = 60
IMAGE = 'busybox:cli'


class DockerCliTestCase(base.BaseTestCase):
    """Has ``daemon`` with an image, the ``program``, and a ``folder``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = daemon.find_docker()
        cls.daemon = daemon.Daemon()
        cls.daemon.setUp()
        cls.addClassCleanup(cls.daemon.cleanUp)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.environment = {
            'PATH': os.environ['PATH'], 'DOCKER_HOST': cls.daemon.url,
            'TERM': 'xterm',
            # The CLI reads a configuration of the user who runs the tests.
            'DOCKER_CONFIG': folder.name}
        cls.daemon.load(archives.busybox_image(IMAGE))
