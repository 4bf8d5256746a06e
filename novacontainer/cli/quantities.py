"""Sizes and times as people read and write them.

Called by the verbs.  Pure but for :func:`now_s`.
"""

import argparse
import datetime
import re
import time

_UNITS = {'': 1, 'b': 1, 'k': 2**10, 'm': 2**20, 'g': 2**30, 't': 2**40}
_SIZE = re.compile(r'(\d+(?:\.\d+)?) ?([bkmgt]?)(?:i?b)?', re.IGNORECASE)
_SPAN = re.compile(r'(\d+(?:\.\d+)?)(ms|s|m|h|d)')
_SPAN_S = {'ms': 0.001, 's': 1, 'm': 60, 'h': 3600, 'd': 86400}
_SPANS = re.compile(f'(?:{_SPAN.pattern})+')
_FRACTION = re.compile(r'\.(\d{6})\d+')

#: Longest first: seconds of one, its name.
_AGES = ((31_536_000, 'year'), (2_592_000, 'month'), (604_800, 'week'),
         (86_400, 'day'), (3600, 'hour'), (60, 'minute'), (1, 'second'))


def size(size_bytes: float) -> str:
    """Write a size with three digits and a decimal unit: ``1.45MB``."""
    for unit in ('B', 'kB', 'MB', 'GB', 'TB'):
        # 999.5 would be written as 1e+03.
        if size_bytes < 999.5 or unit == 'TB':
            break
        size_bytes /= 1000
    return f'{size_bytes:.3g}{unit}' if size_bytes < 999.5 else (
        f'{size_bytes:.0f}{unit}')


def parse_size(text: str) -> int:
    """Read a size with a binary unit, as Docker does: ``512m``, ``1.5g``.

    :returns: bytes.
    :raises argparse.ArgumentTypeError: when it is no size.
    """
    if text == '-1':
        # Docker's word for "no limit".
        return -1
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a size: write 512m, 1.5g or bytes')
    return int(float(found[1]) * _UNITS[found[2].lower()])


def parse_cpus(text: str) -> int:
    """Read a number of cpus, such as ``1.5``.

    :returns: billionths of a cpu (NanoCpus).
    """
    if re.fullmatch(r'\d{1,6}(\.\d{1,9})?', text) is None:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a number of cpus: write 2 or 0.5')
    whole, _, fraction = text.partition('.')
    return int(whole) * 10**9 + int(fraction.ljust(9, '0'))


def now_s() -> float:
    """Return the time, in seconds since the epoch."""
    return time.time()


def age(seconds: float) -> str:
    """Write how long ago something was: ``3 hours ago``."""
    for unit_s, name in _AGES:
        count = int(max(0, seconds) // unit_s)
        # As in Docker, 90 minutes say more than one hour.
        if count > 1 or (count and unit_s <= 60):
            return f'{count} {name}{"s" if count > 1 else ""} ago'
    return 'now'


def parse_span(text: str) -> int:
    """Read a span of time, such as ``1m30s``.

    :returns: nanoseconds.
    :raises argparse.ArgumentTypeError: when it is none.
    """
    if text != '0' and not _SPANS.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a span of time: write 30s or 1m30s')
    return round(_span_s(text) * 10**9)


def _span_s(text: str) -> float:
    return sum(float(number) * _SPAN_S[unit]
               for number, unit in _SPAN.findall(text))


def parse_moment(text: str, now_s: float) -> str:
    """Read a point in time.

    :param text: seconds since the epoch, RFC 3339, or a span before now
        such as ``10m`` or ``1h30m``.
    :param now_s: what time it is, in seconds since the epoch.
    :returns: seconds since the epoch as the API takes them.
    :raises argparse.ArgumentTypeError: when it is none of these.
    """
    if re.fullmatch(r'\d+(\.\d{1,9})?', text):
        return text
    if _SPANS.fullmatch(text):
        return f'{now_s - _span_s(text):.6f}'
    try:
        moment = datetime.datetime.fromisoformat(_FRACTION.sub(r'.\1', text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a time: write 10m, 2026-01-31T12:00:00 or '
            'seconds since 1970') from error
    # Without a zone it is the time on this host's clock.
    return f'{moment.timestamp():.6f}'


def clock(time_ns: int) -> str:
    """Write nanoseconds since the epoch as local RFC 3339, to the ns."""
    seconds, nanoseconds = divmod(time_ns, 10**9)
    moment = datetime.datetime.fromtimestamp(
        seconds, datetime.UTC).astimezone()
    zone = moment.strftime('%z')
    return (f'{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}'
            f'{zone[:3]}:{zone[3:]}')
