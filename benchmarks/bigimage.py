"""Images of many gigabytes, from Glance through the driver into the runtime.

Called by: ``__main__``.  Calls ``glance`` and ``driverload``, each a process
of its own, and ``peers``.  What counts is the memory: the images are as big
as is asked for, and it must not matter.
"""

import contextlib
import shutil
import subprocess
import sys

from benchmarks import driverload
from benchmarks import glance
from benchmarks import memory
from benchmarks import peers
from benchmarks import rounds

#: The image that the others are compared with, in MB.
SMALL_MB = 64


def run(directory, turns, size_mb):
    """Measure; return (summary, notes).

    MB/s counts 10^6 bytes of the unpacked file; memory is in units of 2^20
    bytes: of the daemon alone (its own peak), of it with its children (looked
    at 50 times a second), and of the driver.
    """
    with peers.Novacontainerd(directory).running() as daemon:
        contenders = {
            f'{kind}, {mb} MB': (
                lambda kind=kind, mb=mb: _turn(directory, daemon, kind, mb))
            for kind in glance.KINDS for mb in (SMALL_MB, size_mb)}
        samples = rounds.interleave(contenders, turns, warm_up=0)
        free = shutil.disk_usage(directory).free
    return rounds.summary(samples, f'zeros, {SMALL_MB} MB'), [
        'the daemon goes on from one image to the next; the driver starts '
        'anew',
        f'{free / 1e9:.0f} GB of the disk are free afterwards']


def _turn(directory, daemon, kind, size_mb):
    pid = daemon.process.pid
    with open(f'/proc/{pid}/clear_refs', 'w') as reset:
        # The peak begins anew (proc(5)).
        reset.write('5')
    before_kb = driverload.memory_kb('VmRSS', pid)
    with _glance(kind, size_mb) as endpoint, memory.Peak(pid) as peak:
        output = subprocess.run(
            [sys.executable, '-W', 'ignore', '-m', 'benchmarks.driverload',
             str(daemon.socket), endpoint],
            check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, driver_before_kb, driver_peak_kb = map(float, output.split())
    # The daemon has cut off who was silent for so long.
    daemon.api.close()
    daemon.remove_image(f'glance/{glance.IMAGE}:unverified')
    return {
        'MB/s': size_mb / seconds,
        'daemon peak MB': driverload.memory_kb('VmHWM', pid) / 1024,
        'of which before MB': before_kb / 1024,
        'with children peak MB': peak.mb,
        'driver peak MB': driver_peak_kb / 1024,
        'driver before MB': driver_before_kb / 1024}


@contextlib.contextmanager
def _glance(kind, size_mb):
    with subprocess.Popen(
            [sys.executable, '-m', 'benchmarks.glance', kind, str(size_mb)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True) as process:
        yield f'http://127.0.0.1:{process.stdout.readline().strip()}'
        process.stdin.close()
