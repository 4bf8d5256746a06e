"""Verbs about the runtime itself: events, info, version.

Put together by ``cli.app``; calls the client's system and events.
"""

import argparse
import importlib.metadata

from novacontainer.cli import logs
from novacontainer.cli import quantities
from novacontainer.cli import table
from novacontainer.cli import verb
from novacontainer.client import exceptions
from novacontainer.client import transport


def _events_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--since', type=logs.moment, metavar='TIME',
                        help='begin in the past; such as 10m')
    parser.add_argument('--until', type=logs.moment, metavar='TIME',
                        help='end then; "0s" shows the past only')
    parser.add_argument(
        '--filter', action='append', default=[], metavar='KEY=VALUE',
        help='such as type=container, event=die')
    table.add_format(parser)


def _events(context: verb.Context, given: argparse.Namespace) -> int:
    for event in context.client.events.documents(
            verb.filters(given.filter), given.since, given.until,
            transport.FOREVER_S):
        if given.format == 'json':
            context.console.json_line(event)
        else:
            context.console.say(_event_line(event))
            context.console.output.flush()
    return 0


def _event_line(event: transport.Json) -> str:
    actor = event.get('Actor') or {}
    attributes = ', '.join(
        f'{key}={value}' for key, value
        in sorted((actor.get('Attributes') or {}).items()))
    return (f'{quantities.clock(int(event.get("timeNano") or 0))} '
            f'{event.get("Type")} {event.get("Action")} {actor.get("ID")} '
            f'({attributes})')


#: Label, member of ``GET /info``.
_FACTS = (
    ('Host', 'Name'),
    ('Server version', 'ServerVersion'),
    ('Operating system', 'OperatingSystem'),
    ('Kernel', 'KernelVersion'),
    ('Architecture', 'Architecture'),
    ('CPUs', 'NCPU'),
    ('Containers', 'Containers'),
    ('  running', 'ContainersRunning'),
    ('  paused', 'ContainersPaused'),
    ('  stopped', 'ContainersStopped'),
    ('Images', 'Images'),
    ('OCI runtime', 'DefaultRuntime'),
    ('Storage driver', 'Driver'),
    ('Data root', 'DockerRootDir'),
    ('Cgroup version', 'CgroupVersion'),
)


def _info(context: verb.Context, given: argparse.Namespace) -> int:
    facts = context.client.system.info()
    if given.format == 'json':
        context.console.document(facts)
        return 0
    for label, member in _FACTS:
        context.console.say(f'{label}: {facts.get(member, "")}')
    context.console.say(
        f'Memory: {quantities.size(facts.get("MemTotal") or 0)}')
    for key, value in facts.get('DriverStatus') or ():
        context.console.say(f'{key}: {value}')
    for warning in facts.get('Warnings') or ():
        context.console.complain(warning)
    return 0


def _release() -> str:
    """Return our own version; '' in a source tree that was not installed."""
    try:
        return importlib.metadata.version('novacontainer')
    except importlib.metadata.PackageNotFoundError:
        return ''


def _version(context: verb.Context, given: argparse.Namespace) -> int:
    """Show our version even where the runtime cannot say its own."""
    client = {'Version': _release(),
              'ApiVersion': transport.API_VERSION}
    try:
        server = context.client.system.version()
    except exceptions.Unavailable:
        _show_version(context, given, client, None)
        raise
    _show_version(context, given, client, server)
    return 0


def _show_version(context: verb.Context, given: argparse.Namespace,
                  client: transport.Json,
                  server: transport.Json | None) -> None:
    if given.format == 'json':
        context.console.document({'Client': client, 'Server': server})
        return
    context.console.say(f'Client: {client["Version"]} '
                        f'(API {client["ApiVersion"]})')
    if server is None:
        return
    context.console.say(f'Server: {server.get("Version")} '
                        f'(API {server.get("ApiVersion")}, '
                        f'at least {server.get("MinAPIVersion")})')
    for part in (server.get('Components') or ())[1:]:
        context.console.say(f'  {part.get("Name")}: {part.get("Version")}')


VERBS = (
    verb.Verb('events', 'Show what happens in the runtime',
              _events_arguments, _events),
    verb.Verb('info', 'Show the runtime and its host', table.add_format,
              _info),
    verb.Verb('version', 'Show the versions of client and runtime',
              table.add_format, _version),
)
