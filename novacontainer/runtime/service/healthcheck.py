"""What a health check is, and what comes of its results.

Called by ``service.config`` (a create body), ``service.changes`` (an image)
and ``service.health``, which runs the checks.  Pure functions.

Docker Engine API 1.44, ``HealthConfig``; the rules are those of Dockerfile's
``HEALTHCHECK``.
"""

from collections.abc import Sequence
import dataclasses
import datetime

from novacontainer.runtime import exception
from novacontainer.runtime import models

#: How many results are kept.
RESULTS = 5

_DURATIONS = ('Interval', 'Timeout', 'StartPeriod', 'StartInterval')
_LEAST_NS = 1_000_000
_NS = 10**9


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A check as it is run.

    :param args: what is run in the container.
    :param start_period_s: how long after the start failures do not count.
    :param start_interval_s: between checks during that time, until the
        first one succeeds.
    :param retries: so many failures in a row make a container unhealthy.
    """

    args: tuple[str, ...]
    interval_s: float = 30.0
    timeout_s: float = 30.0
    start_period_s: float = 0.0
    start_interval_s: float = 5.0
    retries: int = 3

    def pause_s(self, health: models.Health, up_s: float) -> float:
        """Return how long to wait before the next check.

        :param up_s: how long the container has run.
        """
        starting = (health.status == 'starting'
                    and up_s < self.start_period_s)
        return self.start_interval_s if starting else self.interval_s


def merge(asked: models.Json | None,
          own: models.Json | None) -> models.Json | None:
    """Return the check of a container: the body's, filled up by the image's.

    :param asked: of the body, types checked.
    :param own: of the image.
    :raises InvalidRequest: a value makes no sense; names the field.
    """
    if asked is None:
        return dict(own) if own else None
    _check(asked)
    merged = dict(own or {})
    merged.update({field: value for field, value in asked.items() if value})
    return merged or None


def of(config: models.Json) -> Check | None:
    """Return the check of a container; None: it has none.

    An image says what it likes, in the right types: what makes no sense is
    no check.

    :param config: its ``Config``.
    """
    given = config.get('Healthcheck') or {}
    args = _args(given.get('Test') or [], config.get('Shell'))
    if not args:
        return None
    seconds = {
        f'{name}_s': given[field] / _NS
        for name, field in (
            ('interval', 'Interval'), ('timeout', 'Timeout'),
            ('start_period', 'StartPeriod'),
            ('start_interval', 'StartInterval'))
        if (given.get(field) or 0) > 0}
    retries = given.get('Retries') or 0
    if retries > 0:
        return Check(args, retries=retries, **seconds)
    return Check(args, **seconds)


def begun(before: models.Health | None) -> models.Health:
    """Return the health of a container that has just been started."""
    return models.Health('starting', 0, before.log if before else ())


def judged(health: models.Health, probe: models.Probe, check: Check,
           started: datetime.datetime) -> models.Health:
    """Return the health after one more result.

    :param started: when the container was.
    """
    log = (*health.log, probe)[-RESULTS:]
    if probe.exit_code == 0:
        return models.Health('healthy', 0, log)
    period = datetime.timedelta(seconds=check.start_period_s)
    if health.status == 'starting' and probe.start - started < period:
        return dataclasses.replace(health, log=log)
    streak = health.failing_streak + 1
    status = 'unhealthy' if streak >= check.retries else health.status
    return models.Health(status, streak, log)


def _check(asked: models.Json) -> None:
    for field in _DURATIONS:
        value = asked.get(field) or 0
        if value and value < _LEAST_NS:
            raise _invalid(f'{field} in Healthcheck cannot be less than 1ms')
    if (asked.get('Retries') or 0) < 0:
        raise _invalid('Retries in Healthcheck cannot be negative')
    test = asked.get('Test') or ()
    match test:
        case [] | () | ['NONE'] | ['CMD', _, *_] | ['CMD-SHELL', _]:
            return
    raise _invalid(
        'Test in Healthcheck must be ["NONE"], or "CMD" and the words of a '
        'command, or "CMD-SHELL" and one line')


def _args(test: Sequence[str],
          shell: Sequence[str] | None) -> tuple[str, ...]:
    """Return the command line; () for none."""
    match test:
        case ['CMD', *words]:
            return tuple(words)
        case ['CMD-SHELL', line]:
            return (*(shell or ('/bin/sh', '-c')), line)
    return ()


def _invalid(message: str) -> exception.InvalidRequest:
    return exception.InvalidRequest(message, 'container.invalid_healthcheck')
