"""Moments and durations as Docker's JSON has them.

Called by: the other views.  Calls: nothing.
"""

import datetime

#: Go's zero time, which Docker writes where nothing happened yet.
NEVER = '0001-01-01T00:00:00Z'

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_MONTH = 30 * _DAY
_YEAR = 365 * _DAY

#: Below this many seconds, the duration is told in that unit.
_SCALES = (
    (_MINUTE, 1, 'seconds'),
    (_HOUR, _MINUTE, 'minutes'),
    (2 * _DAY, _HOUR, 'hours'),
    (2 * _WEEK, _DAY, 'days'),
    (2 * _MONTH, _WEEK, 'weeks'),
    (2 * _YEAR, _MONTH, 'months'),
)


def rfc3339(moment: datetime.datetime | None) -> str:
    """Write an aware moment in UTC with as many decimals as it has."""
    if moment is None:
        return NEVER
    utc = moment.astimezone(datetime.UTC)
    fraction = f'{utc.microsecond:06d}'.rstrip('0')
    seconds = utc.strftime('%Y-%m-%dT%H:%M:%S')
    return f'{seconds}.{fraction}Z' if fraction else f'{seconds}Z'


def rfc3339_nano(time_ns: int) -> str:
    """Write nanoseconds since the epoch with all nine decimals."""
    seconds, nanoseconds = divmod(time_ns, 10**9)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f'{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z'


def duration(seconds: float) -> str:
    """Tell a duration as ``docker ps`` does: ``About a minute``."""
    whole = max(0, int(seconds))
    if whole < 1:
        return 'Less than a second'
    if whole == 1:
        return '1 second'
    if _MINUTE <= whole < 2 * _MINUTE:
        return 'About a minute'
    # Hours are rounded, everything else is cut off (Docker's go-units).
    if whole >= _HOUR and round(whole / _HOUR) == 1:
        return 'About an hour'
    for bound, unit, name in _SCALES:
        if whole < bound:
            count = round(whole / unit) if unit == _HOUR else whole // unit
            return f'{count} {name}'
    return f'{whole // _YEAR} years'


def epoch(text: str) -> int:
    """Read an image's RFC 3339 moment as seconds; 0 when it is none.

    The text is the image's own and so may be anything.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max(0, int(moment.timestamp()))
