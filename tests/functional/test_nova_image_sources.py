"""Images that come from files, and images that are signed."""

import base64
import datetime
import hashlib
import pathlib
import shutil
import tempfile
from unittest import mock

from castellan.common.objects import x_509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography import x509
from cryptography.x509.oid import NameOID
from cursive import signature_utils
import fixtures
from nova import context as nova_context
from nova import exception
from nova.image import glance
from oslo_utils import uuidutils

from tests.functional import computehost
from tests.functional import novaservers

CONTEXT = nova_context.get_admin_context()

#: Where Glance has the directory, on a host of its own.
GLANCE_DIRECTORY = '/var/lib/glance/images'


class SharedDirectoryTestCase(novaservers.ServersTestCase):

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix='nc-images'))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.daemon_options = {'images': {
            'import_directories': str(cls.directory / 'images')}}
        (cls.directory / 'images').mkdir()
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.flags(group='novacontainer', shared_image_directories=[
            f'{GLANCE_DIRECTORY}:{self.directory}/images'])

    def shared(self, text='from a file', name=None):
        """Add an image that is in a file, too; returns id and path."""
        archive = computehost.image(
            ['sh', '-c', f'echo {text}; sleep 1000'])
        image_id = self.image(archive=archive)
        path = self.directory / 'images' / (name or image_id)
        path.write_bytes(archive)
        self.addCleanup(path.unlink, missing_ok=True)
        self.glance.images[image_id].update(
            os_hash_algo='sha512',
            os_hash_value=hashlib.sha512(archive).hexdigest(),
            locations=[{'url': f'file://{GLANCE_DIRECTORY}/{path.name}',
                        'metadata': {}}])
        return image_id, path

    def cached(self, image_id):
        """Load it as for an aggregate; returns whether it was streamed."""
        del self.glance.downloads[:]
        self.assertTrue(self.compute.driver.cache_image(
            CONTEXT, image_id))
        return bool(self.glance.downloads)

    def test_imported(self):
        image_id, _ = self.shared()
        self.assertFalse(self.cached(image_id))
        self.console(self.boot(image=image_id), 'from a file')
        self.assertEqual([], self.glance.downloads)

    def test_locations_that_are_not_to_be_trusted(self):
        image_id, _ = self.shared('mine')
        other, _ = self.shared('of somebody else')
        for url in (self.glance.images[other]['locations'][0]['url'],
                    f'file:///etc/{image_id}',
                    f'file://{GLANCE_DIRECTORY}/../{image_id}'):
            image_id, _ = self.shared()
            self.glance.images[image_id]['locations'][0]['url'] = url
            self.assertTrue(self.cached(image_id))

    def test_files_that_are_not_to_be_trusted(self):
        image_id, path = self.shared()
        path.write_bytes(computehost.image(['echo', 'hostile']))
        self.assertTrue(self.cached(image_id))
        self.assertIn('is not the image that was meant', self.log())
        image_id, path = self.shared()
        path.rename(self.directory / 'outside')
        path.symlink_to(self.directory / 'outside')
        self.assertTrue(self.cached(image_id))
        self.assertIn('reached through a link', self.log())
        image_id, path = self.shared()
        path.unlink()
        self.assertTrue(self.cached(image_id))
        self.assertIn('is the directory mounted?', self.log())
        image_id, path = self.shared()
        path.write_bytes(b'This is no tar. ' * 100)
        self.glance.images[image_id].update(
            os_hash_value=hashlib.sha512(path.read_bytes()).hexdigest())
        self.assertRaises(
            exception.ImageUnacceptable, self.cached, image_id)
        self.assertEqual([], self.glance.downloads)

    def test_a_directory_that_the_runtime_does_not_allow(self):
        self.flags(group='novacontainer', shared_image_directories=[
            f'{GLANCE_DIRECTORY}:{self.directory}'])
        image_id, _ = self.shared()
        self.assertTrue(self.cached(image_id))
        self.assertIn('import_directories', self.log())

    def log(self):
        return self.stdlog.logger.output


class _Glance(glance.GlanceImageServiceV2):
    """Nova's client over the fixture's images: it verifies for real."""

    def __init__(self, store):
        super().__init__(client=mock.Mock())
        self._store = store
        self._client.call.side_effect = self._data

    def _data(self, context, version, method, args):
        return mock.MagicMock(__iter__=lambda _: self._store.chunks(*args))

    def show(self, context, image_id, **kwargs):
        """What the fixture has."""
        return self._store.show(context, image_id)


class SignatureTestCase(novaservers.ServersTestCase):
    """With certificates in a key manager, and signatures of an RSA key."""

    def setUp(self):
        super().setUp()
        self.flags(instances_path=self.useFixture(fixtures.TempDir()).path)
        self.keys = {}
        self.ca = self.certificate('ca')
        self.signer = self.certificate('signer', self.ca)
        self.enterContext(mock.patch.object(
            signature_utils.key_manager, 'API', return_value=self))
        verifying = _Glance(self.glance)
        self.glance.download = verifying.download

    def get(self, context, ident):
        """Be the key manager."""
        der = self.keys[ident][0].public_bytes(serialization.Encoding.DER)
        return x_509.X509(der)

    def certificate(self, name, issuer=None):
        """Make a certificate; returns its id."""
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        parent, parent_key = self.keys[issuer] if issuer else (None, key)
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        made = x509.CertificateBuilder(
            issuer_name=parent.subject if parent else subject,
            subject_name=subject, public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - day, not_valid_after=now + day,
        ).add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=None), True,
        ).add_extension(x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=False,
            content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False), True,
        ).sign(parent_key, hashes.SHA256())
        ident = uuidutils.generate_uuid()
        self.keys[ident] = made, key
        return ident

    def signed(self, signer, archive=None, signed=None):
        """Add an image with a signature; returns its id."""
        archive = archive or computehost.image(
            ['sh', '-c', 'echo signed; sleep 1000'])
        signature = self.keys[signer][1].sign(
            signed or archive, padding.PSS(
                padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH),
            hashes.SHA256())
        return self.image(archive=archive, properties={
            'img_signature': base64.b64encode(signature).decode(),
            'img_signature_hash_method': 'SHA-256',
            'img_signature_key_type': 'RSA-PSS',
            'img_signature_certificate_uuid': signer})

    def boot_trusting(self, image, *certificates, **kwargs):
        return self.boot(
            image=image, trusted_image_certificates=list(certificates),
            **kwargs)

    def fault_trusting(self, image, *certificates):
        server = self.boot_trusting(
            image, *certificates, expected_state='ERROR')
        return server['fault']['message']

    def test_tenants_who_ask_for_it(self):
        image = self.signed(self.signer)
        self._delete_server(
            self.boot_trusting(image, self.ca, self.signer))
        # The copy will do for who trusts the same, but for nobody else.
        server = self.boot_trusting(image, self.signer, self.ca)
        self.console(server, 'signed')
        self._delete_server(server)
        self.assertEqual([image], self.glance.downloads)
        self.assertIn('Image signature certificate validation failed',
                      self.fault_trusting(image, self.certificate('other')))

    def test_data_that_were_not_signed(self):
        image = self.signed(self.signer, signed=b'something else')
        # Who asks for nothing gets it; that copy is nobody else's.
        self.compute.driver.cache_image(CONTEXT, image)
        self.assertIn('not what its signature',
                      self.fault_trusting(image, self.ca, self.signer))
        self.assertEqual(
            1, len([name for name in self.host.images() if image in name]))
        unsigned = self.image(['sleep', '1000'])
        self.assertIn('Signature verification for the image failed',
                      self.fault_trusting(unsigned, self.ca))

    def test_an_operator_who_demands_it(self):
        cache = self.compute.driver.cache_image
        self.flags(verify_glance_signatures=True, group='glance')
        good, bad = (self.signed(self.signer, signed=signed)
                     for signed in (None, b'something else'))
        self.assertTrue(cache(CONTEXT, good))
        self.assertRaises(
            exception.ImageUnacceptable, cache, CONTEXT, bad)
        self.flags(enable_certificate_validation=True,
                   default_trusted_certificate_ids=[self.ca, self.signer],
                   group='glance')
        self.assertTrue(cache(CONTEXT, good))
        stranger = self.signed(self.certificate('stranger'))
        self.assertRaises(exception.CertificateValidationFailed, cache,
                          CONTEXT, stranger)
