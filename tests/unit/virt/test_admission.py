from nova import exception
from oslotest import base

from novacontainer.client import images
from novacontainer.virt import admission
from tests import instances


class CheckTestCase(base.BaseTestCase):

    def test_nothing_special(self):
        admission.check(instances.instance(), None, [])

    def test_all_reasons_at_once(self):
        instance = instances.instance(config_drive='True')
        error = self.assertRaises(
            exception.BuildAbortException, admission.check, instance,
            {'ephemerals': [{}], 'block_device_mapping': [{}]},
            [('/etc/motd', 'hello')])
        for word in ('volumes', 'ephemeral', 'config drive', 'injected'):
            self.assertIn(word, str(error))

    def test_each_alone(self):
        for kind, word in (('block_device_mapping', 'volumes'),
                           ('ephemerals', 'ephemeral')):
            error = self.assertRaises(
                exception.BuildAbortException, admission.check,
                instances.instance(), {kind: [{}]}, [])
            self.assertIn(word, str(error))


class RequireCommandTestCase(base.BaseTestCase):

    def require(self, command=(), body=None):
        admission.require_command(
            instances.image_meta(),
            images.Image('sha256:1', (), command, 1), body or {})

    def test_from_either(self):
        self.require(command=('/init',))
        self.require(body={'Cmd': ['/init']})

    def test_none(self):
        error = self.assertRaises(
            exception.ImageUnacceptable, self.require)
        self.assertIn('names no command', str(error))
