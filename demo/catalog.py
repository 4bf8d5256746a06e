"""Accounts, service catalog, and the tenant: what Keystone has to know.

Called by ``cloud`` under the Python environment; calls Keystone's API
through openstacksdk.  What exists is left as it is.
"""

import openstack

from demo import directory as directories
from demo import ports

#: The tenant: a project and its user of the same name.
TENANT = 'demo'

# service type → (name, URL)
_SERVICES = {
    'compute': ('nova', f'http://127.0.0.1:{ports.NOVA}/v2.1'),
    'image': ('glance', f'http://127.0.0.1:{ports.GLANCE}'),
    'network': ('neutron', f'http://127.0.0.1:{ports.NEUTRON}'),
    'placement': ('placement', f'http://127.0.0.1:{ports.PLACEMENT}'),
    'volumev3': ('cinder', f'http://127.0.0.1:{ports.CINDER}/v3'),
}


def connect(directory: directories.Directory,
            who: str) -> openstack.connection.Connection:
    """A connection as ``admin`` or as the tenant."""
    return openstack.connect(
        load_yaml_config=False, load_envvars=False,
        auth_url=f'http://127.0.0.1:{ports.KEYSTONE}/v3',
        username=who, project_name=who, password=directory.password(),
        user_domain_id='default', project_domain_id='default',
        region_name='RegionOne')


def fill(directory: directories.Directory) -> None:
    """Make service accounts, endpoints, and the tenant."""
    identity = connect(directory, 'admin').identity
    password = directory.password()
    service = _project(identity, 'service')
    tenant = _project(identity, TENANT)
    roles = {name: identity.find_role(name) or identity.create_role(name=name)
             for name in ('admin', 'service', 'member', 'reader')}
    endpoints = {(endpoint.service_id, endpoint.interface)
                 for endpoint in identity.endpoints()}
    for kind, (name, url) in _SERVICES.items():
        user = _user(identity, name, password)
        for role in ('admin', 'service'):
            identity.assign_project_role_to_user(service, user, roles[role])
        entry = (identity.find_service(name)
                 or identity.create_service(name=name, type=kind))
        for interface in ('public', 'internal'):
            if (entry.id, interface) not in endpoints:
                identity.create_endpoint(
                    service_id=entry.id, interface=interface, url=url,
                    region_id='RegionOne')
    user = _user(identity, TENANT, password)
    identity.assign_project_role_to_user(tenant, user, roles['member'])


def _project(identity: openstack.identity.v3._proxy.Proxy,
             name: str) -> openstack.identity.v3.project.Project:
    return (identity.find_project(name)
            or identity.create_project(name=name, domain_id='default'))


def _user(identity: openstack.identity.v3._proxy.Proxy, name: str,
          password: str) -> openstack.identity.v3.user.User:
    return (identity.find_user(name)
            or identity.create_user(name=name, password=password,
                                    domain_id='default'))
