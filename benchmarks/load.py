"""Loading an image beside GNU tar and the peers.

Called by: ``__main__``.  Calls ``peers``, ``payload``, ``rounds``.
"""

import contextlib
import pathlib
import shutil
import subprocess
import time

from benchmarks import memory
from benchmarks import payload
from benchmarks import peers
from benchmarks import rounds

TAG = 'bench-big:1'


def _tar(layers, directory):
    """Unpack the layers one after the other, each into a new directory."""
    target = pathlib.Path(directory) / 'unpacked'
    began = time.perf_counter()
    for number, layer in enumerate(layers):
        (target / str(number)).mkdir(parents=True)
        subprocess.run(['tar', '-x', '-f', str(layer), '-C',
                        str(target / str(number))], check=True)
    elapsed = time.perf_counter() - began
    shutil.rmtree(target)
    return elapsed


def run(directory, turns, size_mb):
    """Measure; return (summary, notes).

    MB/s counts the bytes of the layer tars; 1 MB is 10^6 bytes.  Memory is
    that of a daemon and its children, in units of 2^20 bytes.
    """
    archive, layers, size, files = payload.big(
        directory, TAG, size_mb * 1_000_000)
    notes = [f'{size / 1e6:.0f} MB in {len(layers)} layers, {files} files']
    with contextlib.ExitStack() as stack:
        daemons = [stack.enter_context(kind(directory).running())
                   for kind in peers.ALL if kind.installed()]

        def turn(daemon):
            with memory.Peak(daemon.process.pid) as peak:
                began = time.perf_counter()
                daemon.load(archive)
                elapsed = time.perf_counter() - began
            daemon.remove_image(TAG)
            return {'MB/s': size / 1e6 / elapsed,
                    'peak memory MB': peak.mb,
                    'of which idle MB': peak.before_mb}

        contenders = {'tar -x of the layers': lambda: {
            'MB/s': size / 1e6 / _tar(layers, directory)}}
        for daemon in daemons:
            contenders[daemon.name] = (
                lambda daemon=daemon: turn(daemon))
        samples = rounds.interleave(contenders, turns)
    return rounds.summary(samples, 'tar -x of the layers'), notes
