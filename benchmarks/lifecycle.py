"""Create → running, and a container's whole life, beside floor and peers.

Called by: ``__main__``.  Calls ``floor``, ``peers``, ``payload``, ``rounds``.

"running" is when the call that starts the container has returned; the whole
life goes on to the end of its process (``true``) and its removal.  Our
containers have a user namespace and a pinned network namespace, the others
have no user namespace.
"""

import contextlib
import pathlib

from benchmarks import floor
from benchmarks import payload
from benchmarks import peers
from benchmarks import rounds

TAG = 'bench-tiny:1'
#: name, OCI runtime, conmon, seccomp filter compiled beforehand
FLOORS = (
    ('overlay + conmon + crun, compiled seccomp', 'crun', True, True),
    ('overlay + crun, compiled seccomp', 'crun', False, True),
    ('overlay + conmon + crun', 'crun', True, False),
    ('overlay + runc', 'runc', False, False),
)


def run(directory, turns):
    """Measure; return (summary, notes)."""
    archive = payload.tiny(directory, TAG)
    lower = pathlib.Path(directory) / 'lower'
    floor.unpack(archive, lower)
    notes = []
    with contextlib.ExitStack() as stack:
        daemons = []
        for kind in peers.ALL:
            if not kind.installed():
                notes.append(f'{kind.name}: not installed')
                continue
            # Ours first: it makes a hybrid cgroup host fit for crun.
            daemon = stack.enter_context(kind(directory).running())
            daemon.load(archive)
            daemons.append(daemon)
        contenders = {}
        for name, binary, conmon, compiled in FLOORS:
            way = floor.Floor(name, directory, lower, binary, conmon,
                              compiled)
            stack.callback(way.clean)
            trouble = way.works()
            if trouble:
                notes.append(f'{name}: left out, {trouble}')
            else:
                contenders[name] = way.life
        for daemon in daemons:
            contenders[daemon.name] = (
                lambda daemon=daemon: daemon.life(TAG))
        samples = rounds.interleave(contenders, turns)
        notes += [f'{daemon.name}: peak memory of the daemon '
                  f'{daemon.peak_rss_mb():.0f} MB' for daemon in daemons]
    return rounds.summary(samples, next(iter(contenders))), notes
