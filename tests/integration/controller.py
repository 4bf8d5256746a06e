"""Of a cloud's controller what nova-compute needs to become a compute node.

Used by the test of the install guide, in a machine: RabbitMQ, nova-conductor
and Placement are the real ones; Keystone is a few answers by this module,
which the machine runs as a program.  No Neutron, no Glance: they are asked
when there is a server.
"""

import json
import pathlib
import shutil
import socketserver
import sys
import wsgiref.simple_server
import wsgiref.util

from tests.integration import wheels

NAME = 'controller.example.org'
#: Of Debian.
PACKAGES = ('python3', 'rabbitmq-server')
DATABASE = '/opt/controller/nova.sqlite'

#: Placement takes it for an administrator's (noauth2).
TOKEN = 'admin'

_PORT = 5000
_URL = f'http://{NAME}:{_PORT}'
_HOME = '/opt/controller'
_NOVA_CONF = f"""\
[DEFAULT]
transport_url = rabbit://openstack:RABBIT_PASS@{NAME}:5672/
state_path = {_HOME}
[database]
connection = sqlite:///{DATABASE}
[conductor]
workers = 1
[oslo_concurrency]
lock_path = {_HOME}
[placement]
auth_type = password
auth_url = {_URL}/v3
project_domain_name = Default
project_name = service
user_domain_name = Default
username = placement
password = PLACEMENT_PASS
"""
_PLACEMENT_CONF = f"""\
[api]
auth_strategy = noauth2
[placement_database]
connection = sqlite:///{_HOME}/placement.sqlite
sync_on_startup = true
"""
_RABBITMQ_CONF = """\
default_user = openstack
default_pass = RABBIT_PASS
loopback_users = none
"""
_UNIT = """\
[Unit]
After=rabbitmq-server.service
[Service]
Environment=PYTHONPATH={home}/packages:{home} OS_PLACEMENT_CONFIG_DIR={home}
{commands}
[Install]
WantedBy=multi-user.target
"""


def furnish(root):
    """Write it into the root file system of a machine that is off."""
    home = root / _HOME.lstrip('/')
    home.mkdir()
    wheels.link_all_but_ours(home / 'packages')
    # The package, so that this module finds its imports there.
    (home / 'tests/integration').mkdir(parents=True)
    for name in ('controller.py', 'wheels.py'):
        shutil.copy(pathlib.Path(__file__).with_name(name),
                    home / 'tests/integration')
    (home / 'nova.conf').write_text(_NOVA_CONF)
    (home / 'placement.conf').write_text(_PLACEMENT_CONF)
    (root / 'etc/rabbitmq/rabbitmq.conf').write_text(_RABBITMQ_CONF)
    with (root / 'etc/hosts').open('a') as hosts:
        hosts.write(f'127.0.0.1 {NAME}\n')
    options = f'--config-file {_HOME}/nova.conf'
    _enable(root, 'controller-conductor', (
        f'ExecStartPre={_program("manage")} {options} db sync --local_cell\n'
        f'ExecStart={_program("conductor")} {options}'))
    _enable(root, 'controller-api',
            f'ExecStart=/usr/bin/python3 -W ignore -m {__name__}')


def _program(name):
    return (f'/usr/bin/python3 -W ignore -c "import sys; from nova.cmd import '
            f'{name}; sys.exit({name}.main())"')


def _enable(root, name, commands):
    units = root / 'etc/systemd/system'
    (units / f'{name}.service').write_text(
        _UNIT.format(home=_HOME, commands=commands))
    wants = units / 'multi-user.target.wants'
    wants.mkdir(exist_ok=True)
    (wants / f'{name}.service').symlink_to(f'../{name}.service')


def _catalog():
    return [{'type': kind, 'name': kind, 'id': kind, 'endpoints': [
        {'id': f'{kind}-{interface}', 'interface': interface,
         'region': 'RegionOne', 'region_id': 'RegionOne', 'url': url}
        for interface in ('public', 'internal', 'admin')]}
        for kind, url in (('identity', f'{_URL}/v3'),
                          ('placement', f'{_URL}/placement'))]


def _keystone(environ, start_response):
    """Give anybody a token; and say which version this is."""
    if environ['REQUEST_METHOD'] == 'POST':
        status, headers = '201 Created', [('X-Subject-Token', TOKEN)]
        domain = {'id': 'default', 'name': 'Default'}
        answer = {'token': {
            'methods': ['password'], 'catalog': _catalog(),
            'user': {'id': 'u', 'name': 'u', 'domain': domain},
            'project': {'id': 'p', 'name': 'service', 'domain': domain},
            'roles': [{'id': 'r', 'name': 'admin'}],
            'issued_at': '2020-01-01T00:00:00.000000Z',
            'expires_at': '2099-01-01T00:00:00.000000Z'}}
    else:
        status, headers = '200 OK', []
        answer = {'version': {
            'id': 'v3.14', 'status': 'stable',
            'updated': '2020-04-07T00:00:00Z', 'media-types': [],
            'links': [{'rel': 'self', 'href': f'{_URL}/v3/'}]}}
    start_response(status, [('Content-Type', 'application/json'), *headers])
    return [json.dumps(answer).encode()]


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


def serve():
    """Answer requests for Keystone and Placement, for ever."""
    from placement.wsgi import api
    placement = api.application

    def route(environ, start_response):
        first = wsgiref.util.shift_path_info(environ)
        return (placement if first == 'placement' else _keystone)(
            environ, start_response)

    with wsgiref.simple_server.make_server(
            '', _PORT, route, server_class=_Server) as server:
        server.serve_forever()


if __name__ == '__main__':
    sys.exit(serve())
