import datetime
import pathlib
from unittest import mock

from oslotest import base

from novacontainer.runtime import models
from novacontainer.runtime.service import sandboxes

CONTAINER = models.Container(
    id='ab' * 32, name='web', image_id='i', image_name='i', config={},
    host_config={}, id_map=models.IdMap(65536),
    created=datetime.datetime.now(datetime.UTC))
NETNS = pathlib.Path('/run/netns/nc-abababababab')
USERNS = pathlib.Path('/r/userns', CONTAINER.id)


class SandboxesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        patch = mock.patch.multiple(
            'novacontainer.runtime.host.namespaces',
            create_sandbox=mock.DEFAULT, remove_sandbox=mock.DEFAULT)
        self.host = patch.start()
        self.addCleanup(patch.stop)
        self.sandboxes = sandboxes.Sandboxes(pathlib.Path('/r'))

    def ensure(self, *mounted):
        with mock.patch('os.path.ismount',
                        side_effect=lambda path: path in mounted):
            return self.sandboxes.ensure(CONTAINER)

    def test_paths(self):
        self.assertEqual(models.SandboxPaths(NETNS, USERNS),
                         self.sandboxes.paths(CONTAINER))

    def test_made_once(self):
        self.assertTrue(self.ensure())
        self.host['create_sandbox'].assert_called_once_with(
            CONTAINER.id, CONTAINER.id_map, pathlib.Path('/r'))
        self.assertFalse(self.ensure(NETNS, USERNS))
        self.host['create_sandbox'].assert_called_once()

    def test_half_of_one_is_made_anew(self):
        self.assertTrue(self.ensure(NETNS))
        self.host['remove_sandbox'].assert_called_once_with(
            models.SandboxPaths(NETNS, USERNS))
        self.host['create_sandbox'].assert_called_once()

    def test_remove(self):
        self.sandboxes.remove(CONTAINER.id)
        self.host['remove_sandbox'].assert_called_once_with(
            models.SandboxPaths(NETNS, USERNS))
