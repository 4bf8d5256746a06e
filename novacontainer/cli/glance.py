"""Glance, reached with the credentials of the environment.

Called by ``cli.uploads``; calls keystoneauth1 and python-glanceclient, which
are imported only here and only when needed.
"""

from collections.abc import Mapping
import contextlib
import os
import typing

from novacontainer.cli import failure
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


def upload(client: typing.Any, source: progress.Progress,
           members: Mapping[str, object]) -> str:
    """Make an image in Glance and send its bytes; all or nothing.

    :param members: name, visibility, properties.
    :returns: the image's id.
    :raises CommandFailed: when Keystone or Glance refuse, or the archive
        cannot be read.
    """
    import glanceclient.exc
    from keystoneauth1 import exceptions

    try:
        with contextlib.ExitStack() as undo:
            image = client.images.create(
                container_format='docker', disk_format='raw', **members)
            undo.callback(_forget, client, image.id)
            client.images.upload(image.id, source)
            undo.pop_all()
            return str(image.id)
    except exceptions.ClientException as error:
        raise failure.CommandFailed(
            f'The cloud refused: {error}') from error
    except (glanceclient.exc.ClientException,
            glanceclient.exc.BaseException) as error:
        raise failure.CommandFailed(
            f'Glance refused the image: {error}') from error
    except OSError as error:
        # A file that cannot be read, or what requests raises when something
        # else than Glance answers.
        raise failure.CommandFailed(
            f'The upload broke off: {error}') from error


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
