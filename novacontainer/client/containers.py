"""Containers of the runtime: ``/containers`` of the Docker Engine API.

Called by the driver and the CLI through :class:`novacontainer.client.Client`;
calls transport and framing.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import typing

from novacontainer.client import framing
from novacontainer.client import transport

_NOT_MODIFIED = 304


@dataclasses.dataclass(frozen=True, slots=True)
class Container:
    """A container.

    :param name: without the slash that Docker puts before it.
    :param status: ``created``, ``running``, ``paused``, ``restarting``,
        ``removing``, ``exited`` or ``dead``.
    :param netns_path: file that the network namespace is pinned onto; ''
        as long as there is none, and in a list.
    :param exit_code: of the last run; in a list always 0.
    :param error: why the last start failed; in a list always ''.
    """

    id: str
    name: str
    status: str
    image: str
    labels: Mapping[str, str]
    netns_path: str = ''
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ''


def _inspected(document: transport.Json) -> Container:
    config = document.get('Config') or {}
    state = document.get('State') or {}
    network = document.get('NetworkSettings') or {}
    return Container(
        id=document['Id'],
        name=document['Name'].removeprefix('/'),
        status=state.get('Status') or '',
        image=config.get('Image') or document.get('Image') or '',
        labels=config.get('Labels') or {},
        netns_path=network.get('SandboxKey') or '',
        exit_code=state.get('ExitCode') or 0,
        oom_killed=bool(state.get('OOMKilled')),
        error=state.get('Error') or '')


def _listed(document: transport.Json) -> Container:
    names = document.get('Names') or ['']
    return Container(
        id=document['Id'],
        name=names[0].removeprefix('/'),
        status=document.get('State') or '',
        image=document.get('Image') or '',
        labels=document.get('Labels') or {})


class Containers:
    """The containers of one runtime.

    ``name`` is a container's name or id throughout.  Every method raises
    :class:`~novacontainer.client.exceptions.ClientError` subclasses by
    status: ``NotFound`` where there is no such container, ``Conflict`` where
    its state does not allow the step.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def _post(self, name: str, verb: str,
              params: transport.Params | None = None,
              timeout_s: float | None = None) -> bool:
        """Ask for a step; False when it was not needed (status 304)."""
        answer = self._transport.call(
            'POST', f'/containers/{name}/{verb}', params=params,
            timeout_s=timeout_s)
        return answer.status != _NOT_MODIFIED

    def create(self, name: str, body: transport.Json) -> str:
        """Make a container; nothing of it runs yet.

        :param body: create body of the Docker Engine API (Config, with
            HostConfig inside).
        :returns: the container's id.
        :raises Conflict: when the name is taken.
        :raises NotFound: when the image is not there.
        """
        answer = self._transport.json(
            'POST', '/containers/create', params={'name': name}, body=body)
        return str(answer['Id'])

    def init(self, name: str) -> None:
        """Make namespaces, cgroup and rootfs, and hold the process.

        An extension of this runtime (DESIGN: the network is complete before
        the first instruction runs).
        """
        self._post(name, 'init')

    def start(self, name: str) -> bool:
        """Run the process, initialising the container first if need be.

        :returns: False when it was running already.
        """
        return self._post(name, 'start')

    def stop(self, name: str, timeout_s: int | None = None) -> bool:
        """Ask the process to end, and kill it when it does not.

        :param timeout_s: how long to wait before the kill; None leaves it
            to the container.
        :returns: False when it was not running.
        """
        patience_s = None
        if timeout_s is not None:
            patience_s = self._transport.timeout_s + timeout_s
        return self._post(name, 'stop', {'t': timeout_s}, patience_s)

    def kill(self, name: str, signal: str = 'SIGKILL') -> None:
        """Send a signal to the process.

        :raises Conflict: when it is not running.
        """
        self._post(name, 'kill', {'signal': signal})

    def pause(self, name: str) -> None:
        """Freeze every process of the container."""
        self._post(name, 'pause')

    def unpause(self, name: str) -> None:
        """Thaw what pause froze."""
        self._post(name, 'unpause')

    def wait(self, name: str, condition: str = 'not-running',
             timeout_s: float | None = None) -> int:
        """Wait until the container is as asked.

        :param condition: ``not-running``, ``next-exit`` or ``removed``.
        :returns: the exit code.
        :raises TimedOut: when it is not so after ``timeout_s``.
        """
        answer = self._transport.json(
            'POST', f'/containers/{name}/wait',
            params={'condition': condition}, timeout_s=timeout_s)
        return int(answer['StatusCode'])

    def inspect(self, name: str) -> Container:
        """Look one container up."""
        return _inspected(
            self._transport.json('GET', f'/containers/{name}/json'))

    def list(self, filters: Mapping[str, Sequence[str]] | None = None,
             ) -> tuple[Container, ...]:
        """All containers, running or not, that the filters let through."""
        documents = self._transport.json(
            'GET', '/containers/json',
            params={'all': True, **transport.filter_params(filters)})
        return tuple(map(_listed, documents))

    def remove(self, name: str, force: bool = False) -> None:
        """Remove a container and all that belongs to it.

        :param force: kill it first when it runs.
        """
        self._transport.call('DELETE', f'/containers/{name}',
                             params={'force': force, 'v': True})

    @contextlib.contextmanager
    def logs(self, name: str, tail_lines: int | None = None,
             ) -> Iterator[Iterator[bytes]]:
        """What the process has written so far, stdout and stderr.

        :param tail_lines: only so many lines from the end.
        :returns: a context manager that gives the pieces, oldest first.
        """
        with self._transport.stream(
                'GET', f'/containers/{name}/logs',
                params={'stdout': True, 'stderr': True,
                        'tail': 'all' if tail_lines is None else tail_lines},
                ) as download:
            if download.content_type == framing.MULTIPLEXED:
                yield (payload for _, payload in framing.frames(download))
            else:
                yield iter(download)

    def commit(self, name: str, repository: str, tag: str,
               pause: bool = True, timeout_s: float | None = None) -> str:
        """Make an image of the container as it is now.

        :param pause: freeze it meanwhile, so that the files agree.
        :returns: the new image's id.
        """
        answer: dict[str, typing.Any] = self._transport.json(
            'POST', '/commit',
            params={'container': name, 'repo': repository, 'tag': tag,
                    'pause': pause},
            timeout_s=timeout_s)
        return str(answer['Id'])
