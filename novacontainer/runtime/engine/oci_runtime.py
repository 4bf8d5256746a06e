"""The command line of crun and runc: the one place that runs them.

Called by ``engine.supervised``; ``engine.conmon`` takes the arguments from
here, since conmon is what runs ``create``.  Calls the binary.

Both speak the OCI command line (runtime-spec, runtime.md) and write errors
to ``--log`` as lines of JSON with ``--log-format=json``.
"""

from collections.abc import Collection, Sequence
import json
import pathlib
import re
import subprocess

from novacontainer.runtime import exception

_TIMEOUT_S = 60
_ENVIRONMENT = {
    'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}

_NO_SUCH_CONTAINER = re.compile(
    r'does not exist|error opening file .*status', re.IGNORECASE)
_COMMAND = r'[`"\'](?P<command>[^`"\']+)[`"\']'
#: How the runtimes say what is wrong with the image's command.
_COMMAND_FAULTS = (
    (re.compile(rf'executable file {_COMMAND} not found'), 'not_found'),
    (re.compile(rf'exec: {_COMMAND}: executable file not found'),
     'not_found'),
    (re.compile(rf'exec: {_COMMAND}:.*no such file'), 'not_found'),
    (re.compile(rf'exec: {_COMMAND}:.*(permission denied|is a directory)'),
     'not_executable'),
    (re.compile(r'open executable: (No such file|Not a directory)'),
     'not_found'),
    (re.compile(r'open executable|the path .* (is a directory|is not exec)'),
     'not_executable'),
)


#: How they say that the kernel refused what the request asked for.
_REQUEST_FAULTS = (
    (re.compile(r'/proc/sys/(?P<what>\S+?): (?P<why>invalid argument|'
                r'no such file or directory|permission denied|'
                r'operation not permitted|read-only file system)',
                re.IGNORECASE), 'sysctl'),
    (re.compile(r'writing file [`"](?P<what>[^`"]+)[`"]: (?P<why>'
                r'invalid argument|numerical result out of range)',
                re.IGNORECASE), 'limit'),
    (re.compile(r'write /sys/fs/cgroup/(?:\S+/)?(?P<what>\S+): (?P<why>'
                r'invalid argument|numerical result out of range)',
                re.IGNORECASE), 'limit'),
    (re.compile(r'mount [`"]tmpfs[`"] to [`"](?P<what>[^`"]+)[`"]: '
                r'(?P<why>invalid argument)', re.IGNORECASE), 'mount'),
    (re.compile(r'mount [`"][^`"]+[`"] to [`"](?P<what>[^`"]+)[`"]: '
                r'(?P<why>not a directory)', re.IGNORECASE), 'mount'),
)
#: What a process cannot do under its own limit, by the limit's name.
_STARVED = (
    (re.compile(r'cannot fork|resource temporarily unavailable',
                re.IGNORECASE), frozenset(('nproc',))),
    (re.compile(r'too many open files', re.IGNORECASE),
     frozenset(('nofile',))),
    (re.compile(r'read from the init process|init process', re.IGNORECASE),
     frozenset(('as', 'cpu', 'data', 'fsize', 'stack'))),
)


class OciRuntime:
    """One OCI runtime binary, with a state directory of its own.

    :param binary: path of crun, runc or another that speaks as they do.
    :param root: where it keeps its state (``--root``).
    """

    def __init__(self, binary: pathlib.Path, root: pathlib.Path) -> None:
        self.binary = binary
        self.name = binary.name
        self.root = root

    def version(self) -> str:
        """Return the version, as the first line of ``--version`` has it.

        :raises Internal: it does not run.
        """
        words = self._call([str(self.binary), '--version']).stdout.split()
        return words[2] if len(words) > 2 else 'unknown'

    def global_arguments(self, log: pathlib.Path) -> list[str]:
        """Return the arguments that stand before the command."""
        return ['--root', str(self.root), '--log', str(log),
                '--log-format', 'json']

    def start(self, container_id: str, log: pathlib.Path) -> None:
        """Let the process of a created container run.

        :raises NotFound: there is no such container.
        :raises Internal: anything else, in the runtime's words.
        """
        self._command(['start', container_id], log)

    def delete(self, container_id: str, log: pathlib.Path,
               force: bool = False) -> None:
        """Delete a stopped container, or any with ``force``.

        :raises NotFound: there is no such container.
        :raises Internal: anything else, in the runtime's words.
        """
        words = ['delete', '--force'] if force else ['delete']
        self._command([*words, container_id], log)

    def update(self, container_id: str, resources: pathlib.Path,
               log: pathlib.Path) -> None:
        """Change limits of a container.

        :param resources: file with ``linux.resources`` of the runtime-spec.
        :raises NotFound: there is no such container.
        :raises Internal: anything else, in the runtime's words.
        """
        self._command(
            ['update', '--resources', str(resources), container_id], log)

    def state(self, container_id: str, log: pathlib.Path) -> str:
        """Return ``status`` of runtime-spec, runtime.md, "State".

        :raises NotFound: there is no such container.
        :raises Internal: anything else, in the runtime's words.
        """
        answer = self._command(['state', container_id], log)
        return str(json.loads(answer)['status'])

    def _command(self, words: Sequence[str], log: pathlib.Path) -> str:
        log.unlink(missing_ok=True)
        result = self._call(
            [str(self.binary), *self.global_arguments(log), *words])
        if result.returncode == 0:
            return result.stdout
        text = said(log) or result.stderr.strip()
        if _NO_SUCH_CONTAINER.search(text):
            raise exception.NotFound(
                f'No such container: {words[-1]}', 'container.not_found')
        raise exception.Internal(
            f'{self.name} {words[0]} failed: {text}', 'engine.failed')

    def _call(self, words: Sequence[str],
              ) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, errors='replace', timeout=_TIMEOUT_S, check=False,
                cwd='/', env=_ENVIRONMENT)
        except subprocess.TimeoutExpired as error:
            raise exception.Internal(
                f'{self.name} did not answer within {_TIMEOUT_S} s: '
                f'{" ".join(words)}', 'engine.timeout') from error
        except OSError as error:
            raise exception.Internal(
                f'Cannot run {self.binary}: {error}',
                'engine.failed') from error


def said(log: pathlib.Path) -> str:
    """Return the last error in a runtime's JSON log, '' when none."""
    try:
        lines = log.read_text(errors='replace').splitlines()
    except FileNotFoundError:
        return ''
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get('level') == 'error':
            return str(entry.get('msg', ''))
    return ''


def create_fault(text: str, command: str, limits: Collection[str] = (),
                 ) -> exception.RuntimeFault:
    """Return the fault for what a runtime said when ``create`` failed.

    :param text: its words.
    :param command: first word of the container's process.
    :param limits: names of the ulimits that the process was to have.
    """
    for pattern, reason in _COMMAND_FAULTS:
        if pattern.search(text):
            # The docker CLI takes its exit codes, 127 and 126, from the
            # words "executable file not found" and "is a directory".
            what = ('was not found in the image: executable file not found '
                    'in $PATH' if reason == 'not_found'
                    else 'cannot be executed: it is a directory or lacks '
                         'the permission')
            return exception.InvalidRequest(
                f'The command {command!r} {what}.',
                f'container.command_{reason}')
    return (_request_fault(text) or _starved(text, limits)
            or exception.Internal(
                f'The container cannot be made: {text}', 'engine.failed'))


def _request_fault(text: str) -> exception.RuntimeFault | None:
    """Return the fault of a request that the kernel refused."""
    for pattern, kind in _REQUEST_FAULTS:
        found = pattern.search(text)
        if found is None:
            continue
        what, why = found['what'], found['why'].lower()
        if kind == 'sysctl':
            what = f"sysctl '{what.replace('/', '.')}'"
        elif kind == 'mount':
            what = f"mount at '/{what.lstrip('/')}'"
        else:
            what = f"value for the control group's {what}"
        return exception.InvalidRequest(
            f'The kernel refuses the {what}: {why}.',
            f'container.invalid_{kind}')
    return None


def _starved(text: str, limits: Collection[str],
             ) -> exception.RuntimeFault | None:
    """Return the fault of limits under which nothing can begin."""
    for pattern, names in _STARVED:
        guilty = names.intersection(limits)
        if guilty and pattern.search(text):
            return exception.InvalidRequest(
                f'The container cannot be made under its own ulimit '
                f'{" or ".join(sorted(guilty))}; raise it ({text}).',
                'container.invalid_limit')
    return None


def exec_fault(text: str, command: str) -> exception.RuntimeFault:
    """Return the fault for what a runtime said when ``exec`` failed.

    :param command: first word of the process.
    """
    fault = create_fault(text, command)
    if isinstance(fault, exception.InvalidRequest):
        return fault
    return exception.Internal(
        f'The process cannot be started: {text}', 'engine.failed')
