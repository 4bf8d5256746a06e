"""Interleaved rounds: every contender takes its turn in each round.

Called by: ``lifecycle``, ``load``.  A machine's mood (caches, clock, other
load) then falls on all alike, which one long run after the other would not do.
"""

import statistics
import sys


def interleave(contenders, rounds, warm_up=1):
    """Measure and return the samples.

    :param contenders: name → callable that does the thing once and returns
        a mapping of metric → number.
    :param rounds: measured turns of each.
    :param warm_up: turns before these that are thrown away.
    :returns: name → metric → list of numbers, one a round.
    """
    samples = {name: {} for name in contenders}
    for turn in range(-warm_up, rounds):
        print(f'\rround {max(turn + 1, 0)}/{rounds}', end='', flush=True,
              file=sys.stderr)
        for name, once in contenders.items():
            for metric, value in once().items():
                if turn >= 0:
                    samples[name].setdefault(metric, []).append(value)
    print(file=sys.stderr)
    return samples


def summary(samples, base):
    """Return medians and their ratios to one contender.

    :param samples: as :func:`interleave` returns them.
    :param base: name of the contender that ratios refer to.
    :returns: name → metric → {median, low, high, ratio}; low and high are
        the quartiles, ratio is None where the base has no such metric.
    """
    medians = {metric: statistics.median(values)
               for metric, values in samples.get(base, {}).items()}
    result = {}
    for name, metrics in samples.items():
        result[name] = {}
        for metric, values in metrics.items():
            median = statistics.median(values)
            low, _, high = (statistics.quantiles(values, n=4)
                            if len(values) > 1 else (median,) * 3)
            reference = medians.get(metric)
            result[name][metric] = {
                'median': median, 'low': low, 'high': high,
                'ratio': median / reference if reference else None}
    return result
