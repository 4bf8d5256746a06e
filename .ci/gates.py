"""Run tox gates one after the other and say plainly how it went.

Called by ``make test`` as ``gates.py GATE...``; calls tox.  Each gate's output
is passed through as it comes.  The last line is ``N passed, N failed, N
skipped``, summed from what stestr reports.  Exits 1 when a gate failed or no
test ran.

Where a few tests of real containers fail, these are run once more.  One that
passes then is named at the end: it is unsteady, and to be mended.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: For the environments of checkouts that only root can reach.
CACHE = pathlib.Path('/var/cache/novacontainer-tox')
#: Kinds of gates that run tests, and those of them that make containers:
#: namespaces, mounts and cgroups need root.  ``functional-oldest`` is of the
#: kind ``functional``.
TEST_KINDS = {'unit', 'functional', 'integration'}
ROOT_KINDS = TEST_KINDS - {'unit'}
#: Lines of the summary at the end of ``stestr run`` and their meaning here.
OUTCOMES = {
    'Passed': 'passed',
    'Expected Fail': 'passed',
    'Skipped': 'skipped',
    'Unexpected Success': 'failed',
    'Failed': 'failed',
}
FAILED_LINE = re.compile(r'^\{\d+\} (\S+) .*\.\.\. FAILED$')
SUMMARY_LINE = re.compile(r'^ - ({}): (\d+)$'.format('|'.join(OUTCOMES)))
#: More failures than this are no accident.
MOST_AGAIN = 5


@dataclasses.dataclass
class Gate:
    """One gate's outcome.  Counts stay None for a gate without tests."""

    name: str
    ok: bool = False
    seconds: float = 0.0
    why: str = ''
    counts: dict[str, int] | None = None
    failed: list[str] = dataclasses.field(default_factory=list)
    unsteady: list[str] = dataclasses.field(default_factory=list)

    @property
    def kind(self) -> str:
        """Name without what it is run against."""
        return self.name.partition('-')[0]


def environment() -> dict[str, str]:
    """Return the environment for tox.

    pbr takes the version and the list of files from git, which refuses a
    checkout that belongs to somebody else (git-config(1), safe.directory).
    """
    env = dict(os.environ)
    count = int(env.get('GIT_CONFIG_COUNT', '0'))
    env[f'GIT_CONFIG_KEY_{count}'] = 'safe.directory'
    env[f'GIT_CONFIG_VALUE_{count}'] = str(ROOT)
    env['GIT_CONFIG_COUNT'] = str(count + 1)
    env['PIP_DISABLE_PIP_VERSION_CHECK'] = '1'
    return env


def work_dir() -> pathlib.Path:
    """Return where tox makes its environments.

    Tests run what is installed there as an unprivileged user as well, who
    may not get into the checkout (below /root, or made by mktemp).
    """
    if os.geteuid() != 0 or all(
            path.stat().st_mode & 0o001 for path in (ROOT, *ROOT.parents)):
        return ROOT / '.tox'
    name = hashlib.sha256(bytes(ROOT)).hexdigest()[:12]
    path = CACHE / name
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    return path


def count(line: str, gate: Gate) -> None:
    """Add one line of stestr's output to what is known of the gate."""
    found = SUMMARY_LINE.match(line.rstrip())
    if found:
        gate.counts = gate.counts or dict.fromkeys(OUTCOMES.values(), 0)
        gate.counts[OUTCOMES[found[1]]] += int(found[2])
    failed = FAILED_LINE.match(line.rstrip())
    if failed:
        gate.failed.append(failed[1])


def run(name: str) -> Gate:
    """Run one gate, what failed of it perhaps twice; return its outcome."""
    gate = Gate(name)
    if gate.kind in ROOT_KINDS and os.geteuid() != 0:
        gate.why = 'needs root: run make test as root'
        return gate
    gate = once(name)
    if gate.kind in ROOT_KINDS and gate.counts and (
            1 <= gate.counts['failed'] <= MOST_AGAIN):
        combine(gate, once(name, '--', '--failing'))
    return gate


def once(name: str, *arguments: str) -> Gate:
    """Run a gate's tox, its output passed through; return the outcome."""
    gate = Gate(name)
    print('\n===', name, *arguments, '===', flush=True)
    began = time.monotonic()
    tox = subprocess.Popen(
        [sys.executable, '-m', 'tox', 'run', '--workdir', str(work_dir()),
         '-e', name, *arguments],
        cwd=ROOT, env=environment(), text=True, errors='replace',
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    with tox:
        for line in tox.stdout:
            print(line, end='', flush=True)
            count(line, gate)
    gate.seconds = time.monotonic() - began
    judge(gate, tox.returncode)
    return gate


def judge(gate: Gate, code: int) -> None:
    """Decide whether the gate passed; a test gate must have run tests."""
    if code != 0:
        gate.why = f'tox ended with {code}'
    elif gate.kind in TEST_KINDS and not (
            gate.counts and gate.counts['passed']):
        gate.why = 'no test passed'
    else:
        gate.ok = True


def combine(gate: Gate, again: Gate) -> None:
    """Add the second run of what failed to the first run.

    The gate passes when each test that failed has passed now.
    """
    gate.seconds += again.seconds
    if not again.counts or again.counts['passed'] + again.counts[
            'failed'] != gate.counts['failed']:
        return
    gate.counts['passed'] += again.counts['passed']
    gate.counts['failed'] = again.counts['failed']
    gate.unsteady = [test for test in gate.failed
                     if test not in again.failed]
    if again.ok:
        gate.ok, gate.why = True, ''


def table(gates: list[Gate]) -> str:
    """Return the gates, their results and seconds as lines of text."""
    lines = ['', f'{"gate":<19} {"result":<7} {"seconds":>7}  tests']
    for gate in gates:
        tests = gate.why
        if gate.counts:
            tests = ', '.join(f'{n} {what}'
                              for what, n in gate.counts.items()
                              ) + (f'; {gate.why}' if gate.why else '')
        lines.append(f'{gate.name:<19} {"ok" if gate.ok else "FAILED":<7} '
                     f'{gate.seconds:>7.0f}  {tests}'.rstrip())
    return '\n'.join(lines)


def main(names: list[str]) -> int:
    """Run the named gates; return the exit status."""
    gates = [run(name) for name in names]
    total = {what: sum(gate.counts[what] for gate in gates if gate.counts)
             for what in ('passed', 'failed', 'skipped')}
    print(table(gates))
    for gate in gates:
        for test in gate.unsteady:
            print(f'Unsteady, passed at the second run only: {test}')
    bad = [gate.name for gate in gates if not gate.ok]
    if bad:
        print(f'Failed gates: {", ".join(bad)}. To see one again: '
              f'.tools/bin/tox --workdir {work_dir()} -e {bad[0]}')
    print('{passed} passed, {failed} failed, {skipped} skipped'
          .format(**total))
    return 1 if bad or not total['passed'] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
