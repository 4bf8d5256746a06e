"""Containers of the runtime: ``/containers`` of the Docker Engine API.

Called by the driver and the CLI through :class:`novacontainer.client.Client`;
calls transport, framing and exceptions.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import typing

from novacontainer.client import exceptions
from novacontainer.client import framing
from novacontainer.client import hijack
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


class Wait:
    """A wait that the runtime has begun; close it, or use it in a ``with``.

    :param download: the answer, whose body comes when the wait is over.
    """

    def __init__(self, download: transport.Download) -> None:
        self._download = download

    def exit_code(self) -> int:
        """Block until the wait is over.

        :raises Failed: when the runtime cannot tell the exit code.
        """
        for answer in self._download.objects():
            error = answer.get('Error') or {}
            if error:
                raise exceptions.Failed(str(error.get('Message') or error))
            return int(answer['StatusCode'])
        raise exceptions.ProtocolFailed(
            'The container runtime ended a wait without an exit code.')

    def __enter__(self) -> 'Wait':
        return self

    def __exit__(self, *error: object) -> None:
        self._download.close()


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

    def create(self, name: str | None, body: transport.Json) -> str:
        """Make a container; nothing of it runs yet.

        :param name: None lets the runtime think of one.
        :param body: create body of the Docker Engine API (Config, with
            HostConfig inside).
        :returns: the container's id.
        :raises Conflict: when the name is taken.
        :raises NotFound: when the image is not there.
        """
        return str(self.create_warned(name, body)['Id'])

    def create_warned(self, name: str | None,
                      body: transport.Json) -> transport.Json:
        """As :meth:`create`, with what the runtime warns of.

        :returns: ``Id`` and ``Warnings``, a list of sentences.
        """
        answer: transport.Json = self._transport.json(
            'POST', '/containers/create', params={'name': name}, body=body)
        return answer

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

    def stop(self, name: str, timeout_s: int | None = None,
             signal: str | None = None) -> bool:
        """Ask the process to end, and kill it when it does not.

        :param timeout_s: how long to wait before the kill; None leaves it
            to the container, and a negative number never kills.
        :param signal: sent instead of the container's own stop signal.
        :returns: False when it was not running.
        """
        return self._post(name, 'stop', {'t': timeout_s, 'signal': signal},
                          self._patience_s(timeout_s))

    def restart(self, name: str, timeout_s: int | None = None,
                signal: str | None = None) -> None:
        """Stop, as :meth:`stop` does, and start again."""
        self._post(name, 'restart', {'t': timeout_s, 'signal': signal},
                   self._patience_s(timeout_s))

    def _patience_s(self, timeout_s: int | None) -> float | None:
        """How long a stop that is given so long may be silent."""
        if timeout_s is None:
            return None
        if timeout_s < 0:
            return transport.FOREVER_S
        return self._transport.timeout_s + timeout_s

    def kill(self, name: str, signal: str = 'SIGKILL') -> None:
        """Send a signal to the process.

        :raises Conflict: when it is not running.
        """
        self._post(name, 'kill', {'signal': signal})

    def attach(self, name: str, *, stdin: bool,
               detach_keys: str | None = None) -> hijack.Connection:
        """Join the streams of the process, from its start on.

        Without a process the output begins when there is one.

        :param stdin: send input as well.
        :param detach_keys: such as ``ctrl-p,ctrl-q``, where the container
            has a terminal; None leaves them to the runtime.
        """
        return self._transport.take_over(
            f'/containers/{name}/attach',
            params={'stream': True, 'stdin': stdin, 'stdout': True,
                    'stderr': True, 'detachKeys': detach_keys})

    def resize(self, name: str, rows: int, columns: int) -> None:
        """Set the size of the container's terminal, in characters."""
        self._transport.call('POST', f'/containers/{name}/resize',
                             params={'h': rows, 'w': columns})

    def rename(self, name: str, new_name: str) -> None:
        """Give a container another name.

        :raises Conflict: when the name is taken.
        """
        self._post(name, 'rename', {'name': new_name})

    def update(self, name: str, body: transport.Json,
               timeout_s: float | None = None) -> transport.Json:
        """Change limits and the restart policy; of what runs, at once.

        :param body: ``Memory``, ``NanoCpus``, ``RestartPolicy``…
            (ContainerUpdate).
        :returns: ``Warnings``, a list of sentences.
        """
        answer: transport.Json = self._transport.json(
            'POST', f'/containers/{name}/update', body=body,
            timeout_s=timeout_s)
        return answer

    def pause(self, name: str, reclaim: bool = False) -> None:
        """Freeze every process of the container.

        :param reclaim: give back what memory the kernel can take from it;
            an extension of this runtime.
        """
        self._post(name, 'pause', {'reclaim': True} if reclaim else None)

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

    def begin_wait(self, name: str,
                   condition: str = 'not-running') -> Wait:
        """Have the runtime begin to wait, and return at once.

        What happens after this returns is not missed, so that a container
        can be started then.

        :param condition: as in :meth:`wait`.
        """
        return Wait(self._transport.stream(
            'POST', f'/containers/{name}/wait',
            params={'condition': condition},
            timeout_s=transport.FOREVER_S))

    def document(self, name: str, size: bool = False) -> transport.Json:
        """Look one container up and return all that the runtime says.

        :param size: count the bytes of its files as well.
        """
        document: transport.Json = self._transport.json(
            'GET', f'/containers/{name}/json', params={'size': size})
        return document

    def documents(self, filters: Mapping[str, Sequence[str]] | None = None,
                  everything: bool = True, limit: int | None = None,
                  size: bool = False) -> tuple[transport.Json, ...]:
        """As :meth:`list`, with all that the runtime says of each.

        :param everything: also those that do not run.
        :param limit: only so many, the youngest.
        :param size: count the bytes of their files as well.
        """
        return tuple(self._transport.json(
            'GET', '/containers/json',
            params={'all': everything, 'limit': limit, 'size': size,
                    **transport.filter_params(filters)}))

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

    def remove(self, name: str, force: bool = False,
               volumes: bool = True) -> None:
        """Remove a container and all that belongs to it.

        :param force: kill it first when it runs.
        :param volumes: its nameless volumes as well.
        """
        self._transport.call('DELETE', f'/containers/{name}',
                             params={'force': force, 'v': volumes})

    @contextlib.contextmanager
    def follow(self, name: str, *, follow: bool = True,
               tail_lines: int | None = None, since: str | None = None,
               until: str | None = None, timestamps: bool = False,
               ) -> Iterator[Iterator[tuple[int, bytes]]]:
        """The log, with its streams told apart, and what is added to it.

        :param follow: go on until the container ends; else only what there
            is now.
        :param since: nothing older; seconds since the epoch, with a
            fraction if need be.
        :param until: nothing younger, in the same form.
        :param timestamps: put RFC 3339 times before the lines.
        :returns: a context manager that gives pairs of stream number
            (``framing.STDOUT``, ``framing.STDERR``) and bytes; a terminal
            has stdout only.
        """
        with self._transport.stream(
                'GET', f'/containers/{name}/logs',
                params={'stdout': True, 'stderr': True, 'follow': follow,
                        'tail': 'all' if tail_lines is None else tail_lines,
                        'since': since, 'until': until,
                        'timestamps': timestamps},
                timeout_s=transport.FOREVER_S) as download:
            if download.content_type == framing.MULTIPLEXED:
                yield framing.frames(download)
            else:
                yield ((framing.STDOUT, chunk) for chunk in download)

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
               pause: bool = True, timeout_s: float | None = None, *,
               author: str | None = None, message: str | None = None,
               changes: Sequence[str] = ()) -> str:
        """Make an image of the container as it is now.

        :param pause: freeze it meanwhile, so that the files agree.
        :param changes: Dockerfile instructions, such as ``CMD ["/sh"]``.
        :returns: the new image's id.
        """
        answer: dict[str, typing.Any] = self._transport.json(
            'POST', '/commit',
            params={'container': name, 'repo': repository, 'tag': tag,
                    'pause': pause, 'author': author, 'comment': message,
                    'changes': '\n'.join(changes) or None},
            timeout_s=timeout_s)
        return str(answer['Id'])
