"""The verb: all checks, one line each, and one exit code.

Put together by ``cli.app``; calls the other modules of this package.
"""

import argparse
from collections.abc import Iterator
import dataclasses
import pathlib

from novacontainer.cli.doctor import daemon
from novacontainer.cli.doctor import finding
from novacontainer.cli.doctor import identities
from novacontainer.cli.doctor import kernel
from novacontainer.cli.doctor import nova
from novacontainer.cli.doctor import openstack
from novacontainer.cli.doctor import programs
from novacontainer.cli.doctor import switch
from novacontainer.cli import failure
from novacontainer.cli import table
from novacontainer.cli import verb

_ROOT = pathlib.Path('/')


def findings(context: verb.Context) -> Iterator[finding.Finding]:
    """Look at everything, the foundations first."""
    yield from kernel.check(_ROOT)
    yield from programs.check(_ROOT)
    yield from daemon.check(context.client, context.socket_path,
                            _ROOT / 'proc/self/mounts')
    yield from identities.check(_ROOT)
    yield from nova.check(_ROOT)
    yield from openstack.check(_ROOT, context.socket_path)
    yield from switch.check()


def _doctor(context: verb.Context, given: argparse.Namespace) -> int:
    found = []
    for one in findings(context):
        found.append(one)
        if given.format == 'table':
            _print(context, one)
    if given.format == 'json':
        context.console.document(
            [dataclasses.asdict(one) for one in found])
    bad = any(one.grade is finding.Grade.FAIL for one in found)
    return failure.FAILED if bad else 0


def _print(context: verb.Context, one: finding.Finding) -> None:
    """Write one line, at once: loading Nova takes a while."""
    advice = f' - {one.advice}' if one.advice else ''
    context.console.say(
        f'{one.grade:<4}  {one.subject:<16}  {one.seen}{advice}')
    context.console.output.flush()


VERBS = (
    verb.Verb('doctor', 'Look at this host, and say what to do about what '
              'is missing', table.add_format, _doctor),
)
