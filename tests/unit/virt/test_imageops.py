import errno
import io
import os
import threading
import time
from unittest import mock

from cryptography import exceptions as crypto_exceptions
import fixtures
from nova import exception
from nova import objects
from oslo_config import fixture as config_fixture
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.client import images
from novacontainer.virt import imageops
from tests import instances

_NAME = f'glance/{instances.image_meta().id}:' + 'c0ffee' * 5 + 'c0'


_KEPT = 'ab' * 16


class ReferenceTestCase(base.BaseTestCase):

    def test_id_and_checksum(self):
        self.assertEqual(
            _NAME, imageops.reference(instances.image_meta(), None))

    def test_no_checksum(self):
        for meta in (instances.image_meta(checksum=None),
                     objects.ImageMeta(id=instances.image_meta().id)):
            self.assertTrue(
                imageops.reference(meta, None).endswith(':unverified'))


    def test_verified_copies_have_names_of_their_own(self):
        conf = self.useFixture(config_fixture.Config(imageops.CONF))

        def name(*ids):
            return imageops.reference(
                instances.image_meta(),
                objects.TrustedCerts(ids=list(ids)) if ids else None)

        names = {_NAME, name('a'), name('b'), name('a', 'b')}
        self.assertEqual(4, len(names))
        self.assertEqual(name('a', 'b'), name('b', 'a'))
        self.assertTrue(all(one.startswith(_NAME) for one in names))
        # A tag has at most 128 characters.
        self.assertTrue(all(
            len(one.partition(':')[2]) <= 128 for one in names))
        conf.config(verify_glance_signatures=True, group='glance')
        self.assertNotIn(name(), names)
        conf.config(enable_certificate_validation=True,
                    default_trusted_certificate_ids=['a'], group='glance')
        self.assertEqual(name('a'), name())


class ImageOpsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.conf = self.useFixture(config_fixture.Config(imageops.CONF))
        self.client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        self.client.images = mock.create_autospec(
            images.Images, instance=True)
        self.loaded = {}
        self.client.images.get.side_effect = self._get
        self.client.images.load.side_effect = self._load
        self.glance = self.useFixture(fixtures.MockPatchObject(
            imageops, 'IMAGE_API', autospec=True)).mock
        self.glance.download.side_effect = lambda *args, **kwargs: iter(
            [b'one', b'two'])
        self.ops = imageops.ImageOps(self.client)
        self.instance = instances.instance()

    def _get(self, name):
        if name not in self.loaded:
            raise exceptions.NotFound('No such image', 'image.not_found')
        return images.Image('sha256:1', (name,), ('/init',), 1)

    def _load(self, chunks, reference, timeout_s):
        self.loaded[reference] = b''.join(chunks)

    def ensure(self, **fields):
        return self.ops.ensure(
            mock.sentinel.context, self.instance,
            instances.image_meta(**fields))

    def test_streams_it_in(self):
        self.assertEqual((_NAME,), self.ensure().references)
        self.assertEqual({_NAME: b'onetwo'}, self.loaded)
        self.glance.download.assert_called_once_with(
            mock.sentinel.context, self.instance.image_ref)

    def test_already_there(self):
        self.loaded[_NAME] = b''
        self.assertEqual((_NAME,), self.ensure().references)
        self.glance.download.assert_not_called()

    def test_many_at_once_load_it_once(self):
        def slow(chunks, reference, timeout_s):
            time.sleep(0.2)
            self._load(chunks, reference, timeout_s)

        self.client.images.load.side_effect = slow
        threads = [threading.Thread(target=self.ensure) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(1, self.client.images.load.call_count)

    def test_a_failed_load_leaves_the_next_one_its_turn(self):
        self.client.images.load.side_effect = exceptions.Failed('oops')
        self.assertRaises(exception.InstanceDeployFailure, self.ensure)
        self.client.images.load.side_effect = self._load
        self.ensure()

    def test_other_container_formats(self):
        for given, found in (('bare', 'bare'), (None, 'not set')):
            error = self.assertRaises(
                exception.ImageUnacceptable, self.ensure,
                container_format=given)
            self.assertIn(f'container format is {found}', str(error))
            self.assertIn('--container-format docker', str(error))
        self.client.images.get.assert_not_called()

    def test_for_other_hypervisors(self):
        self.ensure(properties={'hypervisor_type': 'docker'})
        error = self.assertRaises(
            exception.ImageUnacceptable, self.ensure,
            properties={'hypervisor_type': 'kvm'})
        self.assertIn('hypervisor_type is kvm', str(error))

    def test_before_any_instance(self):
        meta = instances.image_meta()
        self.enterContext(mock.patch.object(
            objects.ImageMeta, 'from_image_ref', return_value=meta))
        for loaded in (True, False):
            self.assertIs(loaded, self.ops.cache(
                mock.sentinel.context, meta.id))
        self.assertEqual({_NAME: b'onetwo'}, self.loaded)

    def test_no_image_at_all(self):
        """What booting from a volume looks like."""
        self.assertRaises(
            exception.ImageUnacceptable, self.ops.ensure,
            mock.sentinel.context, self.instance,
            objects.ImageMeta.from_dict({}))

    def test_glance_does_not_have_it(self):
        self.glance.download.side_effect = exception.ImageNotFound(
            image_id='x')
        self.assertRaises(exception.ImageNotFound, self.ensure)

    def test_glance_fails_in_the_middle(self):
        self.client.images.load.side_effect = exceptions.SourceFailed(
            str(OSError(errno.EPIPE, 'Corrupt image download.')))
        error = self.assertRaises(
            exception.GlanceConnectionFailed, self.ensure)
        self.assertIn('Corrupt image download.', str(error))

    def test_bad_image(self):
        self.client.images.load.side_effect = exceptions.InvalidRequest(
            'The manifest names a layer that is missing.')
        error = self.assertRaises(exception.ImageUnacceptable, self.ensure)
        self.assertIn('layer that is missing', str(error))

    def test_runtime_away(self):
        self.client.images.get.side_effect = exceptions.ConnectionFailed(
            'The socket is gone.')
        self.assertRaises(exception.HypervisorUnavailable, self.ensure)

    def test_signatures_are_verified_before_anything_is_loaded(self):
        instances_path = self.useFixture(fixtures.TempDir()).path
        self.conf.config(instances_path=instances_path)
        self.instance.trusted_certs = objects.TrustedCerts(ids=['c'])

        def download(context, image_id, dest_path, trusted_certs):
            with open(dest_path, 'wb') as file:
                file.write(b'x' * 100_000)

        self.glance.download.side_effect = download
        # A copy that nobody verified does not count.
        self.loaded[_NAME] = b''
        self.ensure()
        [name] = self.loaded.keys() - {_NAME}
        self.assertEqual(b'x' * 100_000, self.loaded[name])
        self.ensure()
        self.glance.download.assert_called_once()
        self.assertEqual(
            self.instance.trusted_certs,
            self.glance.download.call_args.kwargs['trusted_certs'])

    def test_default_certificates_count_too(self):
        self.conf.config(
            instances_path=self.useFixture(fixtures.TempDir()).path)
        self.conf.config(
            enable_certificate_validation=True,
            default_trusted_certificate_ids=['c'], group='glance')
        self.glance.download.side_effect = (
            lambda context, image_id, dest_path, trusted_certs:
            open(dest_path, 'wb').close())
        self.ensure()
        self.assertIsNone(
            self.glance.download.call_args.kwargs['trusted_certs'])

    def test_signature_does_not_match(self):
        self.conf.config(
            instances_path=self.useFixture(fixtures.TempDir()).path)
        self.conf.config(verify_glance_signatures=True, group='glance')
        for raised, seen in (
                (exception.CertificateValidationFailed(
                    cert_uuid='c', reason='no'),
                 exception.CertificateValidationFailed),
                (crypto_exceptions.InvalidSignature(),
                 exception.ImageUnacceptable)):
            self.glance.download.side_effect = raised
            self.assertRaises(seen, self.ensure)
        self.client.images.load.assert_not_called()
        self.assertEqual([], os.listdir(imageops.CONF.instances_path))


class SharedTestCase(ImageOpsTestCase):
    """All of the above, too, where files may be had but none is found."""

    def setUp(self):
        super().setUp()
        self.conf.config(shared_image_directories=['/images'],
                         group='novacontainer')
        self.glance.get.return_value = {
            'id': self.instance.image_ref, 'checksum': 'c0ffee' * 6,
            'locations': []}

    def share(self):
        self.glance.get.return_value['locations'] = [
            {'url': f'file:///images/{self.instance.image_ref}'}]
        self.client.images.load_file.side_effect = (
            lambda path, checksum, name, timeout_s:
            self.loaded.setdefault(name, path))

    def test_imported(self):
        self.share()
        self.ensure()
        path = f'/images/{self.instance.image_ref}'
        self.assertEqual({_NAME: path}, self.loaded)
        self.client.images.load_file.assert_called_once_with(
            path, 'md5:' + 'c0ffee' * 6, _NAME, timeout_s=600)
        self.glance.get.assert_called_once_with(
            mock.sentinel.context, self.instance.image_ref,
            include_locations=True)
        self.glance.download.assert_not_called()

    def test_streamed_where_that_fails(self):
        for kind in (exceptions.Forbidden, exceptions.NotFound,
                     exceptions.Conflict, exceptions.Failed):
            self.share()
            self.loaded.clear()
            self.client.images.load_file.side_effect = kind('no')
            self.ensure()
            self.assertEqual({_NAME: b'onetwo'}, self.loaded)

    def test_not_streamed_where_that_would_fail_too(self):
        for kind, seen in (
                (exceptions.InvalidRequest, exception.ImageUnacceptable),
                (exceptions.Unavailable, exception.HypervisorUnavailable)):
            self.share()
            self.client.images.load_file.side_effect = kind('no')
            self.assertRaises(seen, self.ensure)
        self.glance.download.assert_not_called()

    def test_streamed_where_signatures_are_verified(self):
        self.share()
        self.test_signatures_are_verified_before_anything_is_loaded()
        self.client.images.load_file.assert_not_called()

    def test_off_by_default(self):
        self.share()
        self.conf.config(shared_image_directories=[], group='novacontainer')
        self.ensure()
        self.glance.get.assert_not_called()
        self.client.images.load_file.assert_not_called()


class EmptyTestCase(ImageOpsTestCase):

    def test_image_without_data_is_passed_on(self):
        self.glance.download.side_effect = lambda *args: io.BytesIO()
        self.ensure()
        self.assertEqual({_NAME: b''}, self.loaded)


class DescribeTestCase(ImageOpsTestCase):
    """What an instance was made from, when only its record says so."""

    def setUp(self):
        super().setUp()
        self.instance.system_metadata = {
            'image_container_format': 'docker',
            'image_os_command_line': 'sleep 1'}

    def describe(self):
        return self.ops.describe(mock.sentinel.context, self.instance)

    def test_by_glance(self):
        self.glance.get.return_value = {
            'id': self.instance.image_ref, 'checksum': 'c0ffee' * 6,
            'container_format': 'docker', 'properties': {}}
        self.assertEqual(_NAME, imageops.reference(self.describe(), None))

    def test_gone_from_glance(self):
        self.glance.get.side_effect = exception.ImageNotFound(image_id='x')
        repository = f'glance/{self.instance.image_ref}'
        self.client.images.list.return_value = (images.Image(
            'sha256:1', ('other/name:1', f'{repository}:{_KEPT}'), (), 1),)
        described = self.describe()
        self.assertEqual(f'{repository}:{_KEPT}',
                         imageops.reference(described, None))
        trusted = objects.TrustedCerts(ids=['c'])
        name = imageops.reference(described, trusted)
        self.client.images.list.return_value = (images.Image(
            'sha256:1', (name,), (), 1),)
        self.assertEqual(
            name, imageops.reference(self.describe(), trusted))
        self.assertEqual('docker', described.container_format)
        self.assertEqual('sleep 1', described.properties.os_command_line)
        self.client.images.list.assert_called_with(
            {'reference': [repository]})

    def test_gone_from_everywhere(self):
        self.glance.get.side_effect = exception.ImageNotFound(image_id='x')
        self.client.images.list.return_value = ()
        self.assertRaises(exception.ImageNotFound, self.describe)

    def test_gone_and_the_runtime_is_away(self):
        self.glance.get.side_effect = exception.ImageNotFound(image_id='x')
        self.client.images.list.side_effect = exceptions.ConnectionFailed('')
        self.assertRaises(exception.HypervisorUnavailable, self.describe)
