from nova import exception
from oslotest import base

from novacontainer.client import images
from novacontainer.virt import admission
from tests import instances


class CheckTestCase(base.BaseTestCase):

    def test_nothing_special(self):
        admission.check(instances.instance(), None)

    def test_ephemeral_disk(self):
        admission.check(instances.instance(), {'ephemerals': [{'size': 1}]})

    def test_volumes(self):
        admission.check(instances.instance(), {'block_device_mapping': [
            {'boot_index': None}, {'boot_index': -1}, {}]})

    def test_volume_to_boot_from(self):
        error = self.assertRaises(
            exception.BuildAbortException, admission.check,
            instances.instance(),
            {'block_device_mapping': [{}, {'boot_index': 0}]})
        self.assertIn('boot from an image', str(error))

    def test_bandwidth_that_makes_no_sense(self):
        self.assertRaises(
            exception.InvalidInput, admission.check, instances.instance(
                extra_specs={'quota:vif_inbound_average': 'x'}), None)


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


class RequireDiskTestCase(base.BaseTestCase):

    def require(self, size_bytes, root_gb):
        instance = instances.instance()
        instance.flavor.root_gb = root_gb
        admission.require_disk(
            instance, images.Image('sha256:1', (), (), size_bytes))

    def test_fits(self):
        self.require(1 << 30, 1)

    def test_no_limit(self):
        self.require(1 << 40, 0)

    def test_too_large(self):
        error = self.assertRaises(
            exception.FlavorDiskSmallerThanImage, self.require,
            (1 << 30) + 1, 1)
        self.assertIn('1073741825', str(error))
