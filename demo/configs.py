"""Configuration files, written from ``templates``.

Called by ``cloud`` before anything starts.  A file is only touched when its
text changes, so that a service which reads it is only then started anew.
"""

import os
import pathlib
import pwd
import re
import string

from demo import directory as directories
from demo import errors
from demo import ports

#: Nova's and Neutron's name for this machine.
HOST = 'demo-host'

_TEMPLATES = pathlib.Path(__file__).with_name('templates')

# template → file below etc.
_FILES = {
    'keystone.conf': 'keystone/keystone.conf',
    'glance-api.conf': 'glance/glance-api.conf',
    'placement.conf': 'placement/placement.conf',
    'nova.conf': 'nova/nova.conf',
    'nova-controller.conf': 'nova/nova-controller.conf',
    'rootwrap.conf': 'nova/rootwrap.conf',
    'neutron.conf': 'neutron/neutron.conf',
    'ml2_conf.ini': 'neutron/ml2_conf.ini',
    'openvswitch_agent.ini': 'neutron/openvswitch_agent.ini',
    'interface_agent.ini': 'neutron/interface_agent.ini',
    'metadata_agent.ini': 'neutron/metadata_agent.ini',
    'cinder.conf': 'cinder/cinder.conf',
    'cinder-volume.conf': 'cinder/cinder-volume.conf',
    'rabbitmq.config': 'rabbitmq/rabbitmq.config',
    'novacontainerd.conf': 'novacontainer/novacontainerd.conf',
}

# rootwrap trusts only what root alone can write.
_OF_ROOT = {'nova/rootwrap.conf', 'novacontainer/novacontainerd.conf'}

# Ours, and those of Nova and os-brick that Nova's own package brings.
_FILTERS = ('nova/rootwrap.d/compute.filters',
            'nova/rootwrap.d/novacontainer.filters')


def values(directory: directories.Directory,
           datapath: str) -> dict[str, str]:
    """What the templates' ``$names`` stand for.

    :param datapath: of Open vSwitch, ``system`` or ``netdev``.
    """
    password = directory.password()
    found = {
        'password': password,
        'database': f'mysql+pymysql://openstack:{password}@127.0.0.1:3306',
        'transport': f'rabbit://openstack:{password}@127.0.0.1:5672/',
        'host': HOST,
        'serialproxy_port': str(ports.NOVA_SERIALPROXY),
        'user': directories.USER,
        'datapath': datapath,
        'etc': str(directory.etc),
        'run': str(directory.run),
        'data': str(directory.data),
        'venv': str(directory.venv),
        'runtime_data': str(directory.runtime_data),
        'runtime_run': str(directory.runtime_run),
        'runtime_socket': str(directory.runtime_socket),
        'lxcfs': str(directory.lxcfs),
    }
    found['service_account'] = render('service_account', found)
    return found


def render(template: str, found: dict[str, str]) -> str:
    """The text of a template with the values filled in."""
    text = (_TEMPLATES / template).read_text()
    return string.Template(text).substitute(found)


def write(directory: directories.Directory, datapath: str) -> None:
    """Write every configuration file.

    :raises DemoError: a package did not bring a file that it should.
    """
    found = values(directory, datapath)
    for template, name in _FILES.items():
        put(directory.etc / name, render(template, found),
            group='root' if name in _OF_ROOT else directories.USER)
    for who in ('admin', 'demo'):
        put(directory.root / f'{who}-openrc',
            render('openrc', {**found, 'who': who}))
    _write_filters(directory)


def put(path: pathlib.Path, text: str, group: str = 'root') -> None:
    """Write a file that root and one group can read."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.touch(mode=0o640)
    path.write_text(text)
    os.chown(path, 0, pwd.getpwnam(group).pw_gid)


def _write_filters(directory: directories.Directory) -> None:
    """Copy the rootwrap filters, for a configuration that is not in /etc.

    They allow privsep-helper a ``--config-file`` below /etc; ours is below
    the demo's directory, and nothing else is widened.
    """
    for name in _FILTERS:
        origin = directory.venv / 'etc' / name
        if not origin.exists():
            raise errors.DemoError(
                f'{origin} is missing: the package did not install it. '
                f'Remove {directory.venv} and run "make demo" again.')
        # In a pattern a dot would be any character.
        etc = re.escape(str(directory.etc))
        put(directory.etc / name,
            origin.read_text().replace(' /etc/', f' {etc}/'))
