"""What an exec runs: the request, and the process as the OCI runtime wants it.

Called by ``service.execs``.  Calls ``service.runspec`` and ``oci.spec``, so
that a further process gets user, environment and privileges in the way in
which the container's own got them.
"""

import dataclasses
import json
import os
import pathlib

from novacontainer.runtime import exception
from novacontainer.runtime.host import diskfaults
from novacontainer.runtime import models
from novacontainer.runtime.oci import spec as oci_spec
from novacontainer.runtime.service import config as container_config
from novacontainer.runtime.service import detachkeys
from novacontainer.runtime.service import directories
from novacontainer.runtime.service import hostconfig
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import runspec
from novacontainer.runtime.service import sandboxes

_STREAMS = {'stdin': 'AttachStdin', 'stdout': 'AttachStdout',
            'stderr': 'AttachStderr'}


class ExecSpecs:
    """Knows where what belongs to a container is found.

    :param reach: what the operator lets containers have of the host.
    """

    def __init__(self, *, settings: preparation.Settings,
                 places: directories.Directories,
                 sandbox: sandboxes.Sandboxes,
                 reach: isolation.Policy) -> None:
        self._reach = reach
        self._settings = settings
        self._places = places
        self._sandboxes = sandbox

    def requested(self, container: models.Container,
                  body: models.Json) -> models.Exec:
        """Return the record of what a create body asks for.

        :raises InvalidRequest: a value makes no sense; names the field.
        :raises Forbidden: the operator does not allow it.
        """
        args = tuple(body.get('Cmd') or ())
        if not args:
            raise exception.InvalidRequest(
                'No exec command specified', 'exec.no_command')
        privileged = bool(body.get('Privileged'))
        if privileged:
            isolation.check_privileged(self._reach)
        working_dir = body.get('WorkingDir') or ''
        if working_dir and not working_dir.startswith('/'):
            raise exception.InvalidRequest(
                f'the working directory {working_dir!r} is invalid, it '
                'needs to be an absolute path', 'exec.invalid_working_dir')
        detach_keys = body.get('DetachKeys') or ''
        detachkeys.parse(detach_keys)
        env = tuple(body.get('Env') or ())
        container_config.merge_env(env, ())
        return models.Exec(
            id=os.urandom(32).hex(), container_id=container.id, args=args,
            env=env, user=body.get('User') or '', working_dir=working_dir,
            terminal=bool(body.get('Tty')), privileged=privileged,
            console_size=hostconfig.console_size(body),
            streams=frozenset(name for name, field in _STREAMS.items()
                              if body.get(field)),
            detach_keys=detach_keys)

    def process(self, container: models.Container,
                record: models.Exec) -> models.Json:
        """Return the runtime-spec's ``process`` of an exec.

        :raises InvalidRequest: there is no such user in the container.
        :raises Conflict: the container has just ended.
        """
        own = container.config
        config = {
            **own, 'Entrypoint': None, 'Cmd': list(record.args),
            'User': record.user or own.get('User'),
            'WorkingDir': record.working_dir or own.get('WorkingDir'),
            'Env': container_config.merge_env(
                record.env, own.get('Env') or ()),
            'Tty': record.terminal}
        as_asked = dataclasses.replace(
            container, config=config, host_config={
                **container.host_config, 'Init': False,
                'Privileged': (record.privileged or bool(
                    container.host_config.get('Privileged'))),
                'ConsoleSize': record.console_size})
        return oci_spec.process(runspec.describe(
            as_asked, self._rootfs(container),
            self._sandboxes.paths(container),
            self._settings.cgroup_path(container.id), ()))

    def _rootfs(self, container: models.Container) -> pathlib.Path:
        """Return where the container's root is mounted on the host."""
        bundle = self._places.bundle(container.id) / 'config.json'
        with diskfaults.translated('Cannot read the bundle'):
            try:
                text = bundle.read_text()
            except FileNotFoundError as error:
                raise exception.Conflict(
                    f'Container {container.id} is not running',
                    'container.not_running') from error
        return pathlib.Path(json.loads(text)['root']['path'])
