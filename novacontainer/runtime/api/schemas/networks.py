"""What the bodies about networks may hold.

Called by: ``api.routes.networks``, ``api.schemas.containers``.  Calls:
``schemas.body``.

Types only: whether a value makes sense is the service's question.
"""

from novacontainer.runtime.api.schemas import body
from novacontainer.runtime import models

_TEXT: body.Schema = {'type': 'string', 'pattern': r'^[^\x00]*\Z'}
_FLAG: body.Schema = {'type': 'boolean'}
_TEXTS: body.Schema = {'type': 'array', 'items': _TEXT}
_INTEGER: body.Schema = {
    'type': 'integer',
    'minimum': -(2**63),
    'maximum': 2**63 - 1,
}
_MAP: body.Schema = {
    'type': 'object',
    'propertyNames': _TEXT,
    'additionalProperties': _TEXT,
}

#: ``EndpointSettings``, of which a client decides only a part.
ENDPOINT: body.Schema = {
    'type': 'object',
    'properties': {
        'Aliases': _TEXTS,
        'DNSNames': _TEXTS,
        'DriverOpts': _MAP,
        'EndpointID': _TEXT,
        'Gateway': _TEXT,
        'GlobalIPv6Address': _TEXT,
        'GlobalIPv6PrefixLen': _INTEGER,
        'GwPriority': _INTEGER,
        'IPAMConfig': {
            'type': 'object',
            'properties': {
                'IPv4Address': _TEXT,
                'IPv6Address': _TEXT,
                'LinkLocalIPs': _TEXTS,
            },
        },
        'IPAddress': _TEXT,
        'IPPrefixLen': _INTEGER,
        'IPv6Gateway': _TEXT,
        'Links': _TEXTS,
        'MacAddress': _TEXT,
        'NetworkID': _TEXT,
    },
}

#: ``POST /networks/create`` (API 1.44, NetworkCreate).
CREATE = body.validator(
    {
        'type': 'object',
        'required': ['Name'],
        'properties': {
            'Name': _TEXT,
            'CheckDuplicate': _FLAG,
            'Driver': _TEXT,
            'Scope': _TEXT,
            'Internal': _FLAG,
            'Attachable': _FLAG,
            'Ingress': _FLAG,
            'ConfigOnly': _FLAG,
            'ConfigFrom': {
                'type': 'object',
                'properties': {'Network': _TEXT},
            },
            'EnableIPv4': _FLAG,
            'EnableIPv6': _FLAG,
            'IPAM': {
                'type': 'object',
                'properties': {
                    'Driver': _TEXT,
                    'Options': _MAP,
                    'Config': {
                        'type': 'array',
                        'items': {
                            'type': 'object',
                            'properties': {
                                'Subnet': _TEXT,
                                'IPRange': _TEXT,
                                'Gateway': _TEXT,
                                'AuxiliaryAddresses': _MAP,
                                'AuxAddress': _MAP,
                            },
                        },
                    },
                },
            },
            'Options': _MAP,
            'Labels': _MAP,
        },
    }
)

#: ``POST /networks/…/connect`` (API 1.44, NetworkConnect).
CONNECT = body.validator(
    {
        'type': 'object',
        'required': ['Container'],
        'properties': {'Container': _TEXT, 'EndpointConfig': ENDPOINT},
    }
)

#: ``POST /networks/…/disconnect`` (API 1.44, NetworkDisconnect).
DISCONNECT = body.validator(
    {
        'type': 'object',
        'required': ['Container'],
        'properties': {'Container': _TEXT, 'Force': _FLAG},
    }
)


def create(raw: bytes) -> models.Json:
    """Parse a create body."""
    return body.parse(raw, CREATE)


def connect(raw: bytes) -> models.Json:
    """Parse a connect body."""
    return body.parse(raw, CONNECT)


def disconnect(raw: bytes) -> models.Json:
    """Parse a disconnect body."""
    return body.parse(raw, DISCONNECT)
