"""The processes of a container, as ps of the host lists them.

Called by ``api.routes.stats``.  Calls ``engine.cgroups``, the registry, and
ps(1) (package procps), as Docker does: people give it options of their own.
"""

from collections.abc import Sequence
import shlex
import shutil
import subprocess

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime import exception
from novacontainer.runtime.service import preparation
from novacontainer.runtime.service import registry
from novacontainer.runtime.service import state

_TIMEOUT_S = 10
_DEFAULT = '-ef'
#: One argument of a program has at most 128 KiB (execve(2)).
_PIDS_MAX = 10_000


class Top:
    """Lists what runs in a container."""

    def __init__(self, settings: preparation.Settings,
                 registry: registry.Registry) -> None:
        self._settings = settings
        self._registry = registry

    def list(self, name: str,
             ps_args: str = '') -> tuple['list[str]', 'list[list[str]]']:
        """Return the titles of the columns, and a row for each process.

        Pids are those of the host, as in Docker.

        :param ps_args: options of ps(1); its columns must include PID.
        :raises NotFound: there is no such container.
        :raises Conflict: it does not run.
        :raises InvalidRequest: ps refuses the options; says how.
        :raises NotSupported: ps is not installed.
        """
        container = self._registry.get(name)
        if not state.is_live(container):
            raise exception.Conflict(
                f'Container {container.id} is not running',
                'container.not_running')
        pids = cgroups.members(self._settings.cgroup_path(container.id))
        return _of(_ps(ps_args or _DEFAULT, pids), pids)


def _ps(text: str, pids: set[int]) -> str:
    """Ask ps, by options that may say which columns or which processes."""
    if shutil.which('ps') is None:
        raise exception.NotSupported(
            'There is no ps on this host; install procps', 'host.no_ps')
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _invalid(f'{text!r}: {error}') from error
    if 0 < len(pids) <= _PIDS_MAX:
        # "-o pid,args" alone would list those of the daemon's terminal.
        done = _run([*words, '-q', ','.join(map(str, sorted(pids)))])
        if not done.returncode:
            return done.stdout
    # Options such as "f" cannot stand beside -q.
    done = _run(words)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ['it fails']
        raise _invalid(f'ps: {said[0]}')
    return done.stdout


def _run(words: Sequence[str]) -> 'subprocess.CompletedProcess[str]':
    try:
        return subprocess.run(
            ['ps', *words], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors='replace', timeout=_TIMEOUT_S, check=False)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise _invalid(f'ps: {error}') from error


def _of(listed: str, pids: set[int],
        ) -> tuple['list[str]', 'list[list[str]]']:
    lines = listed.splitlines() or ['']
    titles = lines[0].split()
    if 'PID' not in titles:
        raise _invalid("Couldn't find PID field in ps output")
    column = titles.index('PID')
    rows = []
    for line in lines[1:]:
        # The last column is a command, with spaces in it.
        fields = line.split(None, len(titles) - 1)
        if (len(fields) > column and fields[column].isdigit()
                and int(fields[column]) in pids):
            rows.append(fields)
    return titles, rows


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_ps_args')
