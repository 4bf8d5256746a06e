"""Moments as people write them in filters: an age, or a point in time.

Called by ``service.image_filter``.  Calls nothing.  Pure.

Docker takes what Go's ``time.ParseDuration`` takes (``1h30m``: that long
ago), seconds since 1970, and dates with or without a time and a zone; one
without a zone is of UTC here.
"""

import datetime
import re

_UNITS_S = {'h': 3600.0, 'm': 60.0, 's': 1.0, 'ms': 1e-3, 'us': 1e-6,
            'µs': 1e-6, 'ns': 1e-9}
_PART = re.compile(r'(\d+(?:\.\d*)?)(ms|us|µs|ns|h|m|s)')
_AGE = re.compile(rf'(?:{_PART.pattern})+')
_SECONDS = re.compile(r'\d{1,11}(?:\.\d{1,9})?')


def parse(text: str, now: datetime.datetime) -> datetime.datetime:
    """Return the moment that ``text`` means.

    :param now: from which an age counts back.
    :raises ValueError: it is none.
    """
    try:
        if _SECONDS.fullmatch(text):
            return datetime.datetime.fromtimestamp(
                float(text), datetime.UTC)
        if _AGE.fullmatch(text):
            age_s = sum(float(number) * _UNITS_S[unit]
                        for number, unit in _PART.findall(text))
            return now - datetime.timedelta(seconds=age_s)
        moment = datetime.datetime.fromisoformat(text)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)
