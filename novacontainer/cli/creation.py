"""What a new container shall be: switches → create body of the API.

Called by ``cli.run`` and ``cli.archives``.  Pure but for files of
environment variables.  Whether the host can do it is the runtime's question.
"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import os
import pathlib
import typing

from novacontainer.cli import failure
from novacontainer.cli import health
from novacontainer.cli import limits
from novacontainer.cli import mounts
from novacontainer.cli import publishing
from novacontainer.cli import quantities
from novacontainer.client import transport

#: Switch that may be given more than once, member of HostConfig, help.
_LISTS = (
    ('--add-host', 'ExtraHosts', 'NAME:ADDRESS', 'a line for /etc/hosts'),
    ('--cap-add', 'CapAdd', 'CAPABILITY', 'a capability more'),
    ('--cap-drop', 'CapDrop', 'CAPABILITY', 'a capability less'),
    ('--device-cgroup-rule', 'DeviceCgroupRules', 'RULE',
     'such as "c 1:3 rwm"'),
    ('--dns', 'Dns', 'ADDRESS', 'a name server'),
    ('--dns-option', 'DnsOptions', 'OPTION', 'for resolv.conf'),
    ('--dns-search', 'DnsSearch', 'DOMAIN', 'for resolv.conf'),
    ('--group-add', 'GroupAdd', 'GROUP', 'a further group'),
    ('--security-opt', 'SecurityOpt', 'OPTION',
     'such as no-new-privileges'),
)
#: Switch, member of HostConfig, type, help.
_VALUES: tuple[tuple[str, str, typing.Any, str], ...] = (
    ('--cgroupns', 'CgroupnsMode', str, 'private'),
    ('--ipc', 'IpcMode', str, 'private'),
    ('--memory-swappiness', 'MemorySwappiness', int, '0 to 100'),
    ('--oom-score-adj', 'OomScoreAdj', int, '-1000 to 1000'),
    ('--pid', 'PidMode', str, 'pid namespace'),
    ('--runtime', 'Runtime', str, 'OCI runtime'),
    ('--shm-size', 'ShmSize', quantities.parse_size, 'of /dev/shm'),
    ('--userns', 'UsernsMode', str, 'host: no user namespace'),
    ('--uts', 'UTSMode', str, 'namespace of the host name'),
)
_FLAGS = (
    ('--init', 'Init', 'a small init as first process'),
    ('--oom-kill-disable', 'OomKillDisable',
     'let it wait for memory, not die'),
    ('--privileged', 'Privileged', 'all capabilities and devices'),
    ('--read-only', 'ReadonlyRootfs', 'no writing to the root file system'),
)
#: Switch, member of HostConfig, help: each is KEY=VALUE.
_MAPS = (
    ('--annotation', 'Annotations', 'for the OCI runtime'),
    ('--storage-opt', 'StorageOpt', 'such as size=10G'),
    ('--sysctl', 'Sysctls', 'such as net.core.somaxconn=512'),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a verb the switches that describe a container."""
    _add_process(parser)
    _add_surroundings(parser)
    publishing.add_arguments(parser)
    health.add_arguments(parser)


def _add_process(parser: argparse.ArgumentParser) -> None:
    config = parser.add_argument_group('the process')
    config.add_argument('--name', help='of the container')
    config.add_argument('-e', '--env', action='append', default=[],
                        metavar='NAME[=VALUE]',
                        help='without a value: the one that it has here')
    config.add_argument('--env-file', action='append', default=[],
                        metavar='FILE', help='lines NAME=VALUE')
    config.add_argument('--entrypoint', metavar='PROGRAM',
                        help='instead of the image\'s; "" for none')
    config.add_argument('--domainname')
    config.add_argument('--hostname')
    config.add_argument('-i', '--interactive', action='store_true',
                        help='keep its standard input open')
    config.add_argument('-l', '--label', action='append', default=[],
                        metavar='KEY[=VALUE]')
    config.add_argument('--label-file', action='append', default=[],
                        metavar='FILE', help='lines KEY=VALUE')
    config.add_argument('--stop-signal', metavar='SIGNAL')
    config.add_argument('--stop-timeout', type=int, metavar='SECONDS')
    config.add_argument('-t', '--tty', action='store_true',
                        help='give it a terminal')
    config.add_argument('-u', '--user', metavar='USER[:GROUP]')
    config.add_argument('-w', '--workdir', metavar='DIRECTORY')


def _add_surroundings(parser: argparse.ArgumentParser) -> None:
    host = parser.add_argument_group('limits and surroundings')
    for switch, member, metavar, words in _LISTS:
        host.add_argument(switch, dest=member, action='append', default=[],
                          metavar=metavar, help=words)
    for switch, member, kind, words in _VALUES:
        host.add_argument(switch, dest=member, type=kind, metavar='VALUE',
                          help=words)
    limits.add_arguments(host)
    for switch, member, words in _FLAGS:
        host.add_argument(switch, dest=member, action='store_true',
                          help=words)
    for switch, member, words in _MAPS:
        host.add_argument(switch, dest=member, action='append', default=[],
                          metavar='KEY=VALUE', help=words)
    host.add_argument('--device', action='append', default=[],
                      metavar='SOURCE[:PATH[:rwm]]',
                      help='a device of the host')
    host.add_argument('--log-driver', metavar='DRIVER',
                      help='json-file, or none to keep nothing')
    host.add_argument('--log-opt', action='append', default=[],
                      metavar='KEY=VALUE', help='such as max-size=10m')
    host.add_argument('--ulimit', action='append', default=[],
                      metavar='NAME=SOFT[:HARD]', help='such as nofile=1024')
    mounts.add_arguments(host)


def body(image: str, command: Sequence[str],
         given: argparse.Namespace) -> transport.Json:
    """Make the create body (Docker Engine API 1.44, ContainerCreate).

    :raises CommandFailed: when a switch makes no sense.
    """
    document: transport.Json = {
        'Image': image,
        'Env': environment(given.env_file, given.env),
        'Labels': dict(_pair(word) for word in (
            *_lines(given.label_file, 'label'), *given.label)),
        'OpenStdin': given.interactive,
        'Tty': given.tty,
        'HostConfig': _host_config(given),
        **publishing.body(given),
    }
    if command:
        document['Cmd'] = list(command)
    if given.entrypoint is not None:
        # A list of one empty word is the API's "none at all".
        document['Entrypoint'] = [given.entrypoint]
    for member, value in (('Domainname', given.domainname),
                          ('Healthcheck', health.check(given)),
                          ('Hostname', given.hostname),
                          ('StopSignal', given.stop_signal),
                          ('StopTimeout', given.stop_timeout),
                          ('User', given.user),
                          ('WorkingDir', given.workdir)):
        if value is not None:
            document[member] = value
    return document


def _host_config(given: argparse.Namespace) -> transport.Json:
    members = [member for _, member, *_ in (*_LISTS, *_VALUES, *_FLAGS)]
    # 0 is a value, and equal to False.
    document: transport.Json = {
        member: value for member in members
        if (value := getattr(given, member)) not in (None, [])
        and value is not False}
    document.update(limits.members(given))
    document.update(publishing.members(given))
    for _, member, _ in _MAPS:
        if words := getattr(given, member):
            document[member] = dict(_pair(word) for word in words)
    if given.device:
        document['Devices'] = [_device(word) for word in given.device]
    if given.log_driver or given.log_opt:
        document['LogConfig'] = {
            'Type': given.log_driver or '',
            'Config': dict(_pair(word) for word in given.log_opt)}
    if given.ulimit:
        document['Ulimits'] = [_ulimit(word) for word in given.ulimit]
    document.update(mounts.members(given))
    return document


def _pair(word: str) -> tuple[str, str]:
    key, _, value = word.partition('=')
    if not key:
        raise failure.CommandFailed(f'{word!r} has no name before the "=".')
    return key, value


def environment(files: Sequence[str], words: Sequence[str]) -> list[str]:
    """Collect NAME=VALUE from files, then from the command line.

    A name alone takes the value that it has in this process, and is left out
    where it has none, as in Docker.

    :raises CommandFailed: when a file cannot be read, or a line has no name.
    """
    found = []
    for word in (*_lines(files, 'environment'), *words):
        name, _ = _pair(word)
        if '=' in word:
            found.append(word)
        elif name in os.environ:
            found.append(f'{name}={os.environ[name]}')
    return found


def _lines(files: Sequence[str], what: str) -> Iterator[str]:
    """Yield the lines of files, without empty ones and comments."""
    for name in files:
        try:
            text = pathlib.Path(name).read_text(encoding='utf-8')
        except OSError as error:
            raise failure.CommandFailed(
                f'The {what} file {name} cannot be read: {error.strerror}.'
                ) from error
        except UnicodeDecodeError as error:
            raise failure.CommandFailed(
                f'The {what} file {name} is not UTF-8 text.') from error
        yield from (line.strip() for line in text.splitlines()
                    if line.strip() and not line.lstrip().startswith('#'))


def _device(word: str) -> transport.Json:
    """Read SOURCE[:PATH][:ACCESS], as Docker's client does."""
    source, *rest = word.split(':')
    access = 'rwm'
    if rest and rest[-1] and set(rest[-1]) <= set('rwm'):
        access = rest.pop()
    if not source or len(rest) > 1:
        raise failure.CommandFailed(
            f'{word!r} is not a device: write /dev/fuse or '
            '/dev/sda:/dev/xvda:r.')
    return {'PathOnHost': source, 'PathInContainer': (rest or [source])[0],
            'CgroupPermissions': access}


def _ulimit(word: str) -> transport.Json:
    name, values = _pair(word)
    soft, _, hard = values.partition(':')
    try:
        return {'Name': name, 'Soft': int(soft), 'Hard': int(hard or soft)}
    except ValueError as error:
        raise failure.CommandFailed(
            f'{word!r} is not a limit: write nofile=1024 or '
            'nofile=1024:4096.') from error
