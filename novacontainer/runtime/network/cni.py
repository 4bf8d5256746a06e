"""Running CNI plugins: JSON in, JSON out.

Called by ``network.bridges``.  Calls the plugins that the distribution
ships.

CNI specification 1.0.0, https://www.cni.dev/docs/spec/: a plugin gets its
configuration on standard input and the rest in ``CNI_*`` variables, and
says what it did, or what went wrong, on standard output.  DEL may be
repeated, and does not mind what is gone already.
"""

from collections.abc import Sequence
import dataclasses
import json
import os
import pathlib
import subprocess

from novacontainer.runtime import exception
from novacontainer.runtime import models

VERSION = '1.0.0'

#: Plugins that are used.
NEEDED = ('bridge', 'portmap', 'static')

_TIMEOUT_S = 120
_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """Which interface of which container a plugin is to work on.

    :param netns: pin of the container's network namespace.
    """

    container_id: str
    netns: pathlib.Path
    interface: str


class Plugins:
    """The plugins of one directory.

    :param directory: where they are, ``/usr/lib/cni`` on Debian.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory

    def missing(self) -> Sequence[str]:
        """Return the paths of the needed plugins that are not there."""
        return [str(self._directory / name) for name in NEEDED
                if not os.access(self._directory / name, os.X_OK)]

    def add(self, config: models.Json, to: Attachment) -> models.Json:
        """Do what the configuration says; return the plugin's result.

        :raises Internal: the plugin refused or could not be run.
        """
        said = self._run('ADD', config, to)
        try:
            result: models.Json = json.loads(said)
        except ValueError as error:
            raise exception.Internal(
                f'The network plugin {config["type"]} answered what is no '
                'JSON.', 'network.plugin') from error
        return result

    def delete(self, config: models.Json, of: Attachment) -> None:
        """Undo :meth:`add`; fine when that was never done, or in part.

        :raises Internal: the plugin refused or could not be run.
        """
        self._run('DEL', config, of)

    def _run(self, command: str, config: models.Json,
             on: Attachment) -> str:
        name = config['type']
        try:
            ended = subprocess.run(
                [self._directory / name],
                input=json.dumps({'cniVersion': VERSION, **config}),
                capture_output=True, text=True, errors='replace',
                timeout=_TIMEOUT_S, check=False, cwd='/', env={
                    'CNI_COMMAND': command,
                    'CNI_CONTAINERID': on.container_id,
                    'CNI_NETNS': str(on.netns),
                    'CNI_IFNAME': on.interface,
                    'CNI_PATH': str(self._directory),
                    'PATH': _PATH})
        except (OSError, subprocess.TimeoutExpired) as error:
            raise exception.Internal(
                f'The network plugin {name} could not be run: {error}',
                'network.plugin') from error
        if ended.returncode:
            raise exception.Internal(
                f'The network plugin {name} failed: '
                f'{_why(ended.stdout) or ended.stderr.strip()}',
                'network.plugin')
        return ended.stdout


def _why(said: str) -> str:
    """Return what an error result says (specification, section 5)."""
    try:
        error = json.loads(said)
        return ': '.join(filter(None, (
            str(error['msg']), str(error.get('details') or ''))))
    except (ValueError, KeyError, TypeError, AttributeError):
        return said.strip()
