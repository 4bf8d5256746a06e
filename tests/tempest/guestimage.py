"""The guest of Tempest's tests: the demo's Debian, and what they run in it.

Called by ``tests.tempest.__main__``.
"""

import hashlib
import pathlib

from demo import catalog
from demo import commands
from demo import debianimage
from demo import debs
from demo import directory as directories
from demo import ports

#: Two images of the same content: tests rebuild from one to the other.
NAMES = ('tempest', 'tempest-alt')
#: Lets root in while a guest has no key and no other password.
PASSWORD = 'tempest'

_ROOTFS = pathlib.Path(__file__).with_name('rootfs')
_MORE = ('curl', 'e2fsprogs', 'mount', 'netcat-openbsd', 'procps', 'sudo')


def provide(directory: directories.Directory) -> list[str]:
    """Have both images in Glance, and return their ids.

    :raises DemoError: packages cannot be fetched, or the upload failed.
    """
    path = directory.cache / 'tempest.tar'
    packages = debs.fetch(directory, (*debianimage.PACKAGES, *_MORE))
    debianimage.build(path, packages, _ROOTFS, passwords=True)
    return [_upload(directory, name, path) for name in NAMES]


def _upload(directory: directories.Directory, name: str,
            path: pathlib.Path) -> str:
    api = catalog.connect(directory, 'admin').image
    with path.open('rb') as file:
        checksum = hashlib.file_digest(file, 'md5').hexdigest()
    for image in list(api.images(name=name)):
        if image.checksum == checksum:
            return image.id
        api.delete_image(image)
    environment = commands.inherited_environment(
        OS_AUTH_URL=f'http://127.0.0.1:{ports.KEYSTONE}/v3',
        OS_USERNAME='admin', OS_PROJECT_NAME='admin',
        OS_PASSWORD=directory.password(), OS_USER_DOMAIN_ID='default',
        OS_PROJECT_DOMAIN_ID='default', OS_IDENTITY_API_VERSION='3',
        OS_REGION_NAME='RegionOne')
    commands.run(
        [directory.tool('openstack'), 'image', 'create', '--public',
         '--container-format', 'docker', '--disk-format', 'raw',
         '--file', str(path), name],
        directory.log / 'tempest-images.log', environment=environment)
    return api.find_image(name).id
