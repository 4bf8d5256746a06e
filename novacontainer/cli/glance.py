"""Glance, reached with the credentials of the environment.

Called by ``cli.uploads``; calls keystoneauth1 and python-glanceclient, which
are imported only here and only when needed.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import os
import typing

from novacontainer.cli import failure
from novacontainer.cli import pieces
from novacontainer.cli import progress

_REFUSED = 'Load your openrc, or see "openstack --help" about OS_ variables.'


def connect(environ: Mapping[str, str]) -> typing.Any:
    """Make a Glance client from ``OS_…`` variables; asks nobody yet.

    Every authentication plugin of keystoneauth works, by ``OS_AUTH_TYPE``.

    :raises CommandFailed: when a variable is missing or makes no sense.
    """
    import glanceclient
    from keystoneauth1 import exceptions
    from keystoneauth1 import loading

    kind = environ.get('OS_AUTH_TYPE', 'password')
    try:
        loader: typing.Any = loading.get_plugin_loader(kind)
        auth = loader.load_from_options(
            **_options(loader.get_options(), environ))
    except (exceptions.NoMatchingPlugin, exceptions.OptionError) as error:
        raise failure.CommandFailed(
            f'{str(error).rstrip(".")}. {_REFUSED}') from error
    verify: bool | str = environ.get('OS_CACERT') or True
    if environ.get('OS_INSECURE', '').lower() in ('1', 'true', 'yes'):
        verify = False
    session = loading.session.Session().load_from_options(
        auth=auth, insecure=verify is False,
        cacert=verify if isinstance(verify, str) else None)
    return glanceclient.Client(
        '2', session=session, region_name=environ.get('OS_REGION_NAME'),
        interface=environ.get('OS_INTERFACE', 'public'),
        endpoint_override=environ.get('OS_IMAGE_ENDPOINT_OVERRIDE'))


def _options(options: typing.Any,
             environ: Mapping[str, str]) -> dict[str, str]:
    """Collect what the environment says of a plugin's options."""
    found = {}
    for option in options:
        for known in (option, *option.deprecated):
            name = 'OS_' + known.name.replace('-', '_').upper()
            if environ.get(name):
                found[option.dest] = environ[name]
                break
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """An image in Glance.

    :param name: '' when it has none.
    """

    id: str
    name: str
    size_bytes: int


@contextlib.contextmanager
def _translated(refusal: str, breakage: str) -> Iterator[None]:
    """Turn what the cloud's clients raise into plain sentences.

    :param refusal: begins the sentence when Glance refuses.
    :param breakage: begins it when the connection breaks.
    """
    import glanceclient.exc
    from keystoneauth1 import exceptions

    try:
        yield
    except exceptions.ClientException as error:
        raise failure.CommandFailed(
            f'The cloud refused: {error}') from error
    except (glanceclient.exc.ClientException,
            glanceclient.exc.BaseException) as error:
        raise failure.CommandFailed(f'{refusal}: {error}') from error
    except OSError as error:
        # A file that cannot be read, or what requests raises when something
        # else than Glance answers.
        raise failure.CommandFailed(f'{breakage}: {error}') from error


def find(client: typing.Any, name: str) -> Found:
    """Find an image by its id, or by its name if only one has it.

    :raises CommandFailed: when there is none, or several, or it is no image
        of a container, or the cloud refuses.
    """
    import glanceclient.exc

    with _translated('Glance refused', 'Glance cannot be asked'):
        try:
            found = [client.images.get(name)]
        except (glanceclient.exc.HTTPNotFound,
                glanceclient.exc.HTTPBadRequest):
            found = list(client.images.list(filters={'name': name}))
    if not found:
        raise failure.CommandFailed(f'Glance has no image {name}.')
    if len(found) > 1:
        raise failure.CommandFailed(
            f'Glance has several images {name}: name one by its id, '
            + ' or '.join(str(one['id']) for one in found) + '.')
    image = found[0]
    if image.get('status') != 'active':
        raise failure.CommandFailed(
            f'The image {name} cannot be used now: it is '
            f'{image.get("status")}.')
    if image.get('container_format') != 'docker':
        raise failure.CommandFailed(
            f'The image {name} is not one of a container: its '
            f'container_format is {image.get("container_format")}, not '
            'docker.')
    return Found(str(image['id']), str(image.get('name') or ''),
                 int(image.get('size') or 0))


def download(client: typing.Any, image: Found) -> pieces.Pieces:
    """Begin to read an image's bytes, which are held against its checksum.

    :returns: reads them, and raises OSError when they are others.
    :raises CommandFailed: when the cloud refuses.
    """
    with _translated('Glance refused the image', 'The download broke off'):
        body = client.images.data(image.id)
    return pieces.Pieces(_chunks(body))


def _chunks(body: typing.Any) -> Iterator[bytes]:
    try:
        yield from body
    except OSError as error:
        if error.strerror:
            raise
        # requests puts Python's words for its parts into these.
        raise OSError('the connection to Glance broke') from error


def upload(client: typing.Any, source: progress.Progress,
           members: Mapping[str, object]) -> str:
    """Make an image in Glance and send its bytes; all or nothing.

    :param members: name, visibility, formats, properties.
    :returns: the image's id.
    :raises CommandFailed: when Keystone or Glance refuse, or the archive
        cannot be read.
    """
    with _translated('Glance refused the image', 'The upload broke off'), \
            contextlib.ExitStack() as undo:
        image = client.images.create(**members)
        undo.callback(_forget, client, image.id)
        client.images.upload(image.id, source)
        undo.pop_all()
        return str(image.id)


def _forget(client: typing.Any, image_id: str) -> None:
    """Remove the record of an upload that failed or was interrupted."""
    import glanceclient.exc
    from keystoneauth1 import exceptions

    with contextlib.suppress(glanceclient.exc.ClientException,
                             glanceclient.exc.BaseException,
                             exceptions.ClientException, OSError):
        client.images.delete(image_id)


def environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ
