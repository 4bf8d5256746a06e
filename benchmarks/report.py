"""Results as a table for people and as JSON, with a plot where possible.

Called by: ``__main__``.
"""

import json
import os
import pathlib
import platform
import subprocess
import time


def table(title, summary, unit):
    """Return a summary of ``rounds.summary`` as lines of text."""
    metrics = list(dict.fromkeys(
        metric for row in summary.values() for metric in row))
    width = max([len(name) for name in summary] + [10])
    lines = [f'{title} (median [quartiles] {unit}; x = ratio to the first)',
             ' ' * width + ''.join(f'  {metric:>32}' for metric in metrics)]
    for name, row in summary.items():
        cells = []
        for metric in metrics:
            cell = row.get(metric)
            if cell is None:
                cells.append(f'  {"-":>32}')
                continue
            ratio = ('' if cell['ratio'] is None
                     else f' x{cell["ratio"]:.2f}')
            text = (f'{cell["median"]:.1f} [{cell["low"]:.1f}..'
                    f'{cell["high"]:.1f}]{ratio}')
            cells.append(f'  {text:>32}')
        lines.append(f'{name:<{width}}' + ''.join(cells))
    return '\n'.join(lines)


def machine():
    """Return what a reader needs to know about this host."""
    cpu = ''
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            cpu = line.partition(':')[2].strip()
            break
    return {'kernel': platform.release(), 'cpu': cpu,
            'cpus': len(os.sched_getaffinity(0)),
            'load_average': os.getloadavg()[0],
            'versions': versions()}


def versions():
    """Return the first line each installed tool says about itself."""
    found = {}
    for tool in ('crun', 'runc', 'conmon', 'podman', 'dockerd'):
        try:
            said = subprocess.run([tool, '--version'], capture_output=True,
                                  text=True, check=True).stdout
        except FileNotFoundError:
            continue
        found[tool] = said.splitlines()[0]
    return found


def write_json(path, results):
    """Write all results with the machine and the time."""
    document = {'when': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
                'machine': machine(), 'results': results}
    pathlib.Path(path).write_text(json.dumps(document, indent=2) + '\n')


def plot(path, title, summary, unit):
    """Draw the medians as bars; return whether matplotlib was there."""
    try:
        from matplotlib import figure
    except ImportError:
        return False
    metrics = list(dict.fromkeys(
        metric for row in summary.values() for metric in row))
    drawing = figure.Figure(figsize=(9, 1 + 1.6 * len(metrics)))
    for place, metric in enumerate(metrics, 1):
        axes = drawing.add_subplot(len(metrics), 1, place)
        rows = {name: row[metric]['median'] for name, row in summary.items()
                if metric in row}
        bars = axes.barh(list(rows), list(rows.values()), color='#4a6fa5')
        axes.bar_label(bars, fmt='%.1f', padding=3)
        axes.invert_yaxis()
        axes.set_title(f'{title}: {metric}, {unit}', loc='left', fontsize=9)
        axes.spines[['top', 'right']].set_visible(False)
    drawing.tight_layout()
    drawing.savefig(path)
    return True
