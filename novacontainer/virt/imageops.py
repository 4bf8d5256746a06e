"""Glance images in the runtime: streamed there once, whatever starts.

Called by ``virt.containerops`` and ``virt.driver``; calls
``nova.image.glance``, ``virt.sharedimages`` and the client.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import hashlib
import os
import tempfile

from cryptography import exceptions as crypto_exceptions
from nova import context as nova_context
from nova import exception
from nova.image import glance
from nova.objects import fields
from nova.objects import image_meta as image_objects
from nova.objects import instance as instance_objects
from nova.objects import trusted_certs as cert_objects
from oslo_concurrency import lockutils
from oslo_log import log as logging

from novacontainer import client as runtime
from novacontainer.client import exceptions
from novacontainer.client import images
from novacontainer.virt import conf
from novacontainer.virt import errors
from novacontainer.virt import sharedimages

CONF = conf.CONF
LOG = logging.getLogger(__name__)

IMAGE_API = glance.API()

_CONTAINER_FORMAT = 'docker'
_TAG_CHARACTERS = 32
_MARK_DIGITS = 32
_SIGNED = '-signed'
_CHUNK_BYTES = 64 * 1024


def reference(
    image_meta: image_objects.ImageMeta,
    trusted_certs: cert_objects.TrustedCerts | None,
) -> str:
    """The image's name in the runtime: Glance's id and checksum.

    Never the image's own name: two tenants may both have an ``nginx``.  An
    image whose signature is verified has a name for each choice of
    certificates, so that a copy which nobody verified, or for somebody who
    trusts others, does not count.

    :param trusted_certs: the instance's.
    """
    checksum = None
    if image_meta.obj_attr_is_set('checksum'):
        checksum = image_meta.checksum
    tag = (checksum or 'unverified')[:_TAG_CHARACTERS]
    return (f'glance/{image_meta.id}:{tag}'
            f'{_signature_mark(_certificates(trusted_certs))}')


def _certificates(
        trusted_certs: cert_objects.TrustedCerts | None) -> list[str]:
    """The ids of the certificates that count, as Nova's client has it."""
    if trusted_certs:
        return sorted(trusted_certs.ids)
    if CONF.glance.enable_certificate_validation:
        return sorted(CONF.glance.default_trusted_certificate_ids)
    return []


def _is_verified(trusted_certs: cert_objects.TrustedCerts | None) -> bool:
    """Whether Nova's client verifies the signature of an image."""
    return bool(_certificates(trusted_certs)
                or CONF.glance.verify_glance_signatures)


def _signature_mark(certificates: list[str]) -> str:
    if certificates:
        names = ' '.join(certificates).encode()
        digits = hashlib.sha256(names).hexdigest()[:_MARK_DIGITS]
        return f'{_SIGNED}-{digits}'
    return _SIGNED if CONF.glance.verify_glance_signatures else ''


class ImageOps:
    """Operations on images.

    :param client: the runtime.
    """

    def __init__(self, client: runtime.Client) -> None:
        self._client = client

    def ensure(self, context: nova_context.RequestContext,
               instance: instance_objects.Instance,
               image_meta: image_objects.ImageMeta) -> images.Image:
        """Have the image in the runtime, loading it if it is not there.

        However many instances start at once, it is loaded once; those that
        come later wait for the first.

        :raises: exception.ImageUnacceptable for an image that is none, and
            for one of another container format
        :raises: exception.ImageNotFound, ImageNotAuthorized and others that
            Nova's Glance client raises
        :raises: exception.GlanceConnectionFailed when Glance fails
        :raises: exception.HypervisorUnavailable when the runtime is away
        """
        return self._ensure(context, image_meta, instance.trusted_certs)[0]

    def cache(self, context: nova_context.RequestContext,
              image_id: str) -> bool:
        """Have an image in the runtime before any instance needs it.

        :returns: whether it had to be loaded.
        :raises: as :meth:`ensure`
        """
        image_meta = image_objects.ImageMeta.from_image_ref(
            context, IMAGE_API, image_id)
        return self._ensure(context, image_meta, None)[1]

    def _ensure(
        self,
        context: nova_context.RequestContext,
        image_meta: image_objects.ImageMeta,
        trusted_certs: cert_objects.TrustedCerts | None,
    ) -> tuple[images.Image, bool]:
        """Returns the image, and whether it had to be loaded."""
        _check_format(image_meta)
        name = reference(image_meta, trusted_certs)
        with errors.image_translated(image_meta.id):
            image = self._lookup(name)
            if image is not None:
                return image, False
            with lockutils.lock(name, lock_file_prefix='novacontainer'):
                image = self._lookup(name)
                if image is not None:
                    return image, False
                self._load(context, image_meta, name, trusted_certs)
                return self._client.images.get(name), True

    def describe(
        self,
        context: nova_context.RequestContext,
        instance: instance_objects.Instance,
    ) -> image_objects.ImageMeta:
        """What Glance says of the image that an instance was made from.

        Where Glance no longer has the image, the runtime may have it still.

        :raises: exception.ImageNotFound when neither has it
        """
        try:
            return image_objects.ImageMeta.from_image_ref(
                context, IMAGE_API, instance.image_ref)
        except exception.ImageNotFound:
            tag = self._kept_tag(instance)
            if tag is None:
                raise
        LOG.warning('Image %s is gone from Glance; the copy in the container '
                    'runtime does.', instance.image_ref, instance=instance)
        kept = image_objects.ImageMeta.from_instance(instance)
        kept.checksum = tag
        return kept

    def _kept_tag(self, instance: instance_objects.Instance) -> str | None:
        repository = f'glance/{instance.image_ref}'
        with errors.host_translated():
            found = self._client.images.list({'reference': [repository]})
        return next(
            (name.removeprefix(f'{repository}:').partition(_SIGNED)[0]
             for image in found for name in image.references
             if name.startswith(f'{repository}:')), None)

    def _lookup(self, name: str) -> images.Image | None:
        try:
            return self._client.images.get(name)
        except exceptions.NotFound:
            return None

    def _load(
        self,
        context: nova_context.RequestContext,
        image_meta: image_objects.ImageMeta,
        name: str,
        trusted_certs: cert_objects.TrustedCerts | None,
    ) -> None:
        LOG.info('Loading image %s into the container runtime.',
                 image_meta.id)
        if (CONF.novacontainer.shared_image_directories
                and not _is_verified(trusted_certs)
                and self._import(context, image_meta.id, name)):
            return
        with _data(context, image_meta.id, trusted_certs) as chunks:
            self._client.images.load(
                chunks, reference=name,
                timeout_s=CONF.novacontainer.image_timeout)


    def _import(self, context: nova_context.RequestContext, image_id: str,
                name: str) -> bool:
        """Have the runtime read the image's file, where it can.

        :returns: whether it did; it can still be streamed then.
        """
        found = sharedimages.find(
            IMAGE_API.get(context, image_id, include_locations=True),
            CONF.novacontainer.shared_image_directories)
        if found is None:
            return False
        try:
            self._client.images.load_file(
                found.path, found.checksum, name,
                timeout_s=CONF.novacontainer.image_timeout)
        except (exceptions.Forbidden, exceptions.NotFound,
                exceptions.Conflict, exceptions.Failed) as error:
            LOG.warning('Image %s is streamed from Glance, since its file '
                        'cannot be imported: %s', image_id, error)
            return False
        return True


def _check_format(image_meta: image_objects.ImageMeta) -> None:
    kind = image_meta.properties.get('img_hv_type')
    if kind and kind != fields.HVType.DOCKER:
        raise exception.ImageUnacceptable(
            image_id=image_meta.id,
            reason=f'its property hypervisor_type is {kind}, and this host '
                   f'has {fields.HVType.DOCKER}.')
    found = None
    if image_meta.obj_attr_is_set('container_format'):
        found = image_meta.container_format
    if found == _CONTAINER_FORMAT:
        return
    image_id = image_meta.id if image_meta.obj_attr_is_set('id') else 'none'
    raise exception.ImageUnacceptable(
        image_id=image_id,
        reason=f'its container format is {found or "not set"}, not docker. '
               'Upload it with --container-format docker --disk-format raw.')


@contextlib.contextmanager
def _data(context: nova_context.RequestContext, image_id: str,
          trusted_certs: cert_objects.TrustedCerts | None,
          ) -> Iterator[Iterable[bytes]]:
    """The image's bytes as they arrive from Glance.

    Where signatures are verified they come from a file instead: Nova's
    Glance client verifies a stream by reading it to its end, and then hands
    the exhausted stream back.
    """
    if not _is_verified(trusted_certs):
        chunks = IMAGE_API.download(context, image_id)
        yield chunks
        return
    with tempfile.TemporaryDirectory(
            dir=CONF.instances_path, prefix='novacontainer-') as directory:
        path = os.path.join(directory, 'image')
        try:
            IMAGE_API.download(context, image_id, dest_path=path,
                               trusted_certs=trusted_certs)
        except crypto_exceptions.InvalidSignature as error:
            raise exception.ImageUnacceptable(
                image_id=image_id,
                reason='its data are not what its signature '
                       '(img_signature) was made for. Upload it again with '
                       'a signature of what is uploaded.') from error
        with open(path, 'rb') as file:
            yield iter(lambda: file.read(_CHUNK_BYTES), b'')
