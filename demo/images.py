"""The demo's two images: built once, uploaded with the real command.

Called by ``cloud``.
"""

import hashlib
import pathlib

from demo import archive
from demo import catalog
from demo import commands
from demo import debianimage
from demo import debs
from demo import directory as directories
from demo import ports
from demo import webimage

WEB = 'web'
DEBIAN = 'debian'

_BUILDERS = {WEB: webimage, DEBIAN: debianimage}


def build(directory: directories.Directory) -> None:
    """Build the images that are not there yet, or were built otherwise.

    :raises DemoError: packages cannot be fetched or read.
    """
    waiting = [name for name in _BUILDERS if not _stands(directory, name)]
    if not waiting:
        return
    # busybox-static, the one package of the web image, is among these.
    packages = debs.fetch(directory, debianimage.PACKAGES)
    for name in waiting:
        _BUILDERS[name].build(_path(directory, name), packages)
        _stamp(directory, name).write_text(_recipe(name))


def upload(directory: directories.Directory) -> None:
    """Upload the images that Glance does not have with these very bytes.

    :raises DemoError: the command failed.
    """
    for name in _BUILDERS:
        publish(directory, name, _path(directory, name))


def publish(directory: directories.Directory, name: str,
            path: pathlib.Path) -> str:
    """Have Glance hold an archive for everybody, and return its image's id.

    :raises DemoError: the command failed.
    """
    image_api = catalog.connect(directory, 'admin').image
    with path.open('rb') as file:
        checksum = hashlib.file_digest(file, 'md5').hexdigest()
    same = None
    for image in list(image_api.images(name=name, visibility='public')):
        if image.checksum == checksum:
            same = image.id
        else:
            image_api.delete_image(image)
    if same:
        return same
    environment = commands.inherited_environment(
        OS_AUTH_URL=f'http://127.0.0.1:{ports.KEYSTONE}/v3',
        OS_USERNAME='admin', OS_PROJECT_NAME='admin',
        OS_PASSWORD=directory.password(),
        OS_USER_DOMAIN_ID='default', OS_PROJECT_DOMAIN_ID='default',
        OS_IDENTITY_API_VERSION='3', OS_REGION_NAME='RegionOne')
    made = commands.output(
        [directory.tool('openstack'), 'image', 'create',
         '--container-format', 'docker', '--disk-format', 'raw',
         '--public', '--file', str(path), '--format', 'value',
         '--column', 'id', name], environment=environment)
    return made.strip()


def _path(directory: directories.Directory, name: str) -> pathlib.Path:
    return directory.cache / f'{name}.tar'


def _stamp(directory: directories.Directory, name: str) -> pathlib.Path:
    return directory.cache / f'{name}.recipe'


def _stands(directory: directories.Directory, name: str) -> bool:
    stamp = _stamp(directory, name)
    return (_path(directory, name).exists() and stamp.exists()
            and stamp.read_text() == _recipe(name))


def _recipe(name: str) -> str:
    """A name for how the image is built: the sources that build it."""
    builder = _BUILDERS[name]
    state = hashlib.sha256()
    sources = [pathlib.Path(module.__file__)
               for module in (archive, debs, builder)]
    sources += sorted(path for path in builder.ROOTFS.rglob('*')
                      if path.is_file())
    for path in sources:
        state.update(path.name.encode() + b'\0' + path.read_bytes())
    return state.hexdigest()
