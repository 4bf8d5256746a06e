"""Which images a list shows: the filters of ``GET /images/json``.

Called by ``service.images``; calls ``service.moments``.  Meanings are those
of the Docker Engine API 1.44.  Several values of one filter widen it (labels
narrow it), several filters narrow the list.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import re

from novacontainer.runtime import exception
from novacontainer.runtime.image import reference
from novacontainer.runtime import models
from novacontainer.runtime.service import moments

_TRUE = ('1', 'true', 't', 'TRUE', 'True')
_FALSE = ('0', 'false', 'f', 'FALSE', 'False')
_KNOWN = ('before', 'dangling', 'label', 'reference', 'since', 'until')


def select(images: Sequence[models.Image],
           filters: Mapping[str, Sequence[str]],
           get: Callable[[str], models.Image]) -> list[models.Image]:
    """Give the images that pass all filters.

    One that ``reference`` chose has only the names that this matches.

    :param get: finds the image that ``before`` and ``since`` name.
    :raises InvalidRequest: an unknown filter, or a wrong value.
    """
    for key in filters:
        if key not in _KNOWN:
            raise exception.InvalidRequest(
                f'invalid filter {key[:80]!r}; known are '
                + ', '.join(_KNOWN), 'image.invalid_filter')
    before = [get(name).created for name in filters.get('before', ())]
    before += [_moment(text) for text in filters.get('until', ())]
    since = [get(name).created for name in filters.get('since', ())]
    dangling = {_boolean(text) for text in filters.get('dangling', ())}
    patterns = [_pattern(text) for text in filters.get('reference', ())]
    labels = [text.partition('=') for text in filters.get('label', ())]
    chosen = [image for image in images
              if _in_time(image, before, since)
              and (not dangling or (not image.references) in dangling)
              and all(_is_labelled(image, *label) for label in labels)]
    return _named(chosen, patterns) if patterns else chosen


def _in_time(image: models.Image, before: list[datetime.datetime],
             since: list[datetime.datetime]) -> bool:
    return (all(image.created < when for when in before)
            and all(image.created > when for when in since))


def _named(images: Sequence[models.Image],
           patterns: list[re.Pattern[str]]) -> list[models.Image]:
    """Give images with those of their names that were asked for."""
    found = []
    for image in images:
        names = tuple(text for text in image.references
                      if _matches(text, patterns))
        if names:
            found.append(dataclasses.replace(image, references=names))
    return found


def _matches(text: str, patterns: list[re.Pattern[str]]) -> bool:
    """Match a name with and without its tag, as Docker does."""
    repository = reference.parse(text).repository
    return any(pattern.fullmatch(name) for pattern in patterns
               for name in (text, repository))


def _is_labelled(image: models.Image, key: str, equals: str,
                 value: str) -> bool:
    labels = (image.config.get('config') or {}).get('Labels') or {}
    return key in labels and (not equals or labels[key] == value)


def _boolean(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise exception.InvalidRequest(
        f'invalid filter dangling={text[:80]!r}: not a boolean',
        'image.invalid_filter')


def _moment(text: str) -> datetime.datetime:
    try:
        return moments.parse(text, datetime.datetime.now(datetime.UTC))
    except ValueError as error:
        raise exception.InvalidRequest(
            f'invalid filter until={text[:80]!r}: neither an age such as '
            '24h nor a time such as 2026-01-31T12:00:00',
            'image.invalid_filter') from error


def _pattern(text: str) -> re.Pattern[str]:
    """Translate a shell pattern of which ``*`` does not match a slash."""
    parts = re.split(r'(\*|\?|\[\^?[^\]]+\])', text)
    translated = []
    for part in parts:
        if part == '*':
            translated.append('[^/]*')
        elif part == '?':
            translated.append('[^/]')
        elif part.startswith('[') and part.endswith(']'):
            inner = part[1:-1].replace('\\', r'\\').replace('[', r'\[')
            translated.append(f'[{inner}]')
        else:
            translated.append(re.escape(part))
    try:
        return re.compile(''.join(translated))
    except re.error as error:
        raise exception.InvalidRequest(
            f'invalid filter reference={text[:80]!r}: {error}',
            'image.invalid_filter') from error
