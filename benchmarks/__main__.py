"""Entry point: ``python -m benchmarks [lifecycle] [load] [spawn] …``.

Run as root from a checkout, with an interpreter that has novacontainer's
requirements.  Everything is started in a temporary directory and removed.
Calls ``lifecycle``, ``load``, ``spawn``, ``bigimage``, ``report``.
"""

import argparse
import os
import pathlib
import sys
import tempfile

from benchmarks import bigimage
from benchmarks import lifecycle
from benchmarks import load
from benchmarks import report
from benchmarks import spawn

UNITS = {'lifecycle': 'ms', 'load': '', 'spawn': 'ms', 'bigimage': ''}
#: What is measured when nothing is named: not what writes many gigabytes.
USUAL = ('lifecycle', 'load', 'spawn')


def arguments(words):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks',
        description='Measure novacontainerd and the driver, beside crun, '
                    'podman and dockerd.')
    parser.add_argument('what', nargs='*', default=USUAL,
                        help='lifecycle, load, spawn (default: these), '
                             'bigimage')
    parser.add_argument('--rounds', type=int, default=20,
                        help='rounds of lifecycle and spawn '
                             '(default: %(default)s)')
    parser.add_argument('--load-rounds', type=int, default=5,
                        help='rounds of load (default: %(default)s)')
    parser.add_argument('--load-mb', type=int, default=400,
                        help='size of the image to load, in MB of 10^6 bytes '
                             '(default: %(default)s)')
    parser.add_argument('--image-mb', type=int, default=10_000,
                        help='size of the image of bigimage, in MB of 10^6 '
                             'bytes (default: %(default)s)')
    parser.add_argument('--directory', default='/var/tmp',
                        help='where temporary files go; a local file system '
                             'that overlayfs accepts (default: %(default)s)')
    parser.add_argument('--json', metavar='FILE',
                        help='also write the results there')
    parser.add_argument('--plot', metavar='PREFIX',
                        help='also draw PREFIX-lifecycle.svg and so on, when '
                             'matplotlib is installed')
    chosen = parser.parse_args(words)
    unknown = set(chosen.what) - set(UNITS)
    if unknown:
        parser.error(f'unknown benchmark: {", ".join(sorted(unknown))}')
    return chosen


def measure(what, chosen):
    """Run one benchmark in a directory of its own."""
    with tempfile.TemporaryDirectory(
            prefix='novacontainer-bench-', dir=chosen.directory) as directory:
        pathlib.Path(directory).chmod(0o711)
        if what == 'load':
            return load.run(directory, chosen.load_rounds, chosen.load_mb)
        if what == 'bigimage':
            return bigimage.run(directory, 1, chosen.image_mb)
        if what == 'spawn':
            return spawn.run(directory, chosen.rounds)
        return lifecycle.run(directory, chosen.rounds)


def main(words):
    """Run what was asked for; return the exit status."""
    chosen = arguments(words)
    if os.geteuid() != 0:
        print('The benchmarks make containers: run them as root.',
              file=sys.stderr)
        return 1
    results = {}
    for what in chosen.what:
        summary, notes = measure(what, chosen)
        results[what] = {'summary': summary, 'notes': notes}
        print(report.table(what, summary, UNITS[what]))
        print(*[f'  {note}' for note in notes], '', sep='\n')
        if chosen.plot and not report.plot(
                f'{chosen.plot}-{what}.svg', what, summary, UNITS[what]):
            print('No plot: matplotlib is not installed.')
    if chosen.json:
        report.write_json(chosen.json, results)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
