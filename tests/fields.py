"""The manual's tables of fields, read by the tests that hold them true.

Used by: the unit and the functional tests of doc/source/reference/fields.rst.
"""

import copy
import dataclasses
import json
import pathlib
import re

PAGE = (pathlib.Path(__file__).resolve().parents[1]
        / 'doc/source/reference/fields.rst')

_TABLE = re.compile(r'^\.\. list-table:: (.+)$', re.MULTILINE)
_REQUESTS = 'Requests'
_ROW = re.compile(
    r'^   \* - ``(.+)``\n     - ``(.+)``\n     - (.+(?:\n       .+)*)$',
    re.MULTILINE)
_REQUEST = re.compile(
    r'^   \* - ``([A-Z]+) (/\S+)``\n     -(.*(?:\n       .+)*)\n'
    r'     - (.+(?:\n       .+)*)$', re.MULTILINE)
_VERDICT = re.compile(r'served\b|ignored\b|refused, (\d{3})\b')

IMAGE = 'busybox:fields'

_BRIDGE = {'HostConfig': {'NetworkMode': 'bridge'}}
#: A network whose subnets the test has chosen.
NETWORK = 'fields'
_ENDPOINT = {'HostConfig': {'NetworkMode': NETWORK}, 'NetworkingConfig': {
    'EndpointsConfig': {NETWORK: {}}}}


def _mount(**members):
    return {'HostConfig': {'Mounts': [{'Target': '/mnt', **members}]}}


#: Beginning of a field's path → what must be there for it to mean anything;
#: the longest beginning counts.
_COMPANY = {
    'POST /containers/create': {
        'Healthcheck.': {'Healthcheck': {'Test': ['CMD', 'true']}},
        'StdinOnce': {'OpenStdin': True},
        'HostConfig.CgroupnsMode': {'HostConfig': {'UsernsMode': 'host'}},
        'HostConfig.PidMode': {'HostConfig': {'UsernsMode': 'host'}},
        'HostConfig.Devices': {'HostConfig': {
            'Devices': [{'PathOnHost': '/dev/null'}]}},
        'HostConfig.LogConfig.Config': {'HostConfig': {
            'LogConfig': {'Type': 'json-file'}}},
        'HostConfig.MemorySwap': {'HostConfig': {'Memory': 64 << 20}},
        'HostConfig.MemorySwappiness': {},
        'HostConfig.Mounts': _mount(Type='tmpfs'),
        'HostConfig.Mounts[].Source': _mount(Type='bind'),
        'HostConfig.Mounts[].BindOptions': _mount(
            Type='bind', Source='/srv'),
        'HostConfig.Mounts[].VolumeOptions': _mount(Type='volume'),
        'HostConfig.Mounts[].VolumeOptions.Subpath': _mount(
            Type='volume', Source='held'),
        'HostConfig.PortBindings': {'HostConfig': {
            'NetworkMode': 'bridge', 'PortBindings': {'80/tcp': [{}]}}},
        'HostConfig.PublishAllPorts': _BRIDGE,
        'HostConfig.Links': _BRIDGE,
        'HostConfig.RestartPolicy.Max': {'HostConfig': {
            'RestartPolicy': {'Name': 'on-failure'}}},
        'HostConfig.Ulimits': {'HostConfig': {
            'Ulimits': [{'Name': 'nofile', 'Soft': 32, 'Hard': 128}]}},
        'MacAddress': _BRIDGE,
        'NetworkingConfig': _ENDPOINT,
    },
    'POST /containers/{id}/update': {
        'MemorySwap': {'Memory': 64 << 20},
        'MemorySwappiness': {},
        'RestartPolicy.Max': {'RestartPolicy': {'Name': 'on-failure'}},
    },
    'POST /volumes/create': {
        'DriverOpts': {},
    },
    'POST /networks/create': {
        'IPAM.Config': {'IPAM': {'Config': [{'Subnet': '10.87.0.0/16'}]}},
    },
}
#: Keys that a ``*`` stands for.
_KEYS = {'PortBindings': '80/tcp', 'EndpointsConfig': NETWORK}


@dataclasses.dataclass(frozen=True)
class Field:
    """One row.

    :param path: members with dots between, ``[]`` after a list's, ``*`` for
        any key.
    :param status: with which the request is refused, 0 when it is not.
    """

    path: str
    example: object
    verdict: str
    status: int


@dataclasses.dataclass(frozen=True)
class Request:
    """One row of the table of requests."""

    method: str
    path: str
    parameters: frozenset
    status: int


def requests():
    """Return the rows of the table of requests."""
    return [
        Request(method, path, frozenset(re.findall('``(.+?)``', parameters)),
                _status(path, verdict))
        for method, path, parameters, verdict
        in _REQUEST.findall(_parts()[_REQUESTS])]


def tables():
    """Return the rows by request, such as ``POST /volumes/create``."""
    return {request: [Field(path, json.loads(example), verdict,
                            _status(path, verdict))
                      for path, example, verdict in _ROW.findall(rows)]
            for request, rows in _parts().items() if request != _REQUESTS}


def _parts():
    _head, *parts = _TABLE.split(PAGE.read_text())
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _status(path, verdict):
    found = _VERDICT.match(verdict)
    if found is None:
        raise ValueError(f'{path}: {verdict!r} begins with no verdict')
    return int(found[1] or 0)


def body(request, field):
    """Make a body that asks for a field, and for what it needs."""
    company = _COMPANY.get(request, {})
    beginning = max((one for one in company if field.path.startswith(one)),
                    key=len, default=None)
    made = copy.deepcopy(company[beginning]) if beginning else {}
    place = made
    names = field.path.split('.')
    for number, name in enumerate(names):
        name = _KEYS[names[number - 1]] if name.startswith('*') else name
        many = names[number].endswith('[]')
        name = name.removesuffix('[]')
        if number == len(names) - 1:
            place[name] = field.example
        elif many:
            place = place.setdefault(name, [{}])[0]
        else:
            place = place.setdefault(name, {})
    return made
