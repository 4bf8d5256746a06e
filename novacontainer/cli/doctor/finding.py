"""What a check found: made by the checks, printed by ``verdict``."""

import dataclasses
import enum


class Grade(enum.StrEnum):
    """How bad it is."""

    OK = 'ok'
    WARN = 'warn'
    FAIL = 'FAIL'


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's.

    :param subject: a word or two.
    :param seen: what is there.
    :param advice: a sentence that says what to do; '' when all is well.
    """

    grade: Grade
    subject: str
    seen: str
    advice: str = ''


def ok(subject: str, seen: str) -> Finding:
    """All is well."""
    return Finding(Grade.OK, subject, seen)


def warn(subject: str, seen: str, advice: str) -> Finding:
    """Something works less well than it could, or only a part does."""
    return Finding(Grade.WARN, subject, seen, advice)


def fail(subject: str, seen: str, advice: str) -> Finding:
    """Containers, or instances, cannot run like this."""
    return Finding(Grade.FAIL, subject, seen, advice)
