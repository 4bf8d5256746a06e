"""The driver's spawn on a cached image, network included.

Called by: ``__main__``.  Calls the driver, beside which run the real daemon,
a real Open vSwitch (userspace) and real privsep helpers, all in a network
namespace of their own.  Nova's services and Neutron are not there: nothing
waits for Neutron to report a port.
"""

import pathlib
import secrets
import time
import uuid

from nova.virt import fake
from oslo_privsep import priv_context
from vif_plug_ovs import privsep as vif_plug_privsep

from benchmarks import peers
from benchmarks import rounds
from novacontainer.virt import conf
from novacontainer.virt import driver
from novacontainer.virt import imageops
from novacontainer.virt import privsep
from tests import archives
from tests import instances
from tests.integration import networkhost
from tests import networkinfo

CONF = conf.CONF
COMMAND = ['sleep', '600']


def run(directory, turns):
    """Measure; return (summary, notes)."""
    with networkhost.Host(), networkhost.OpenVSwitch() as switch, \
            networkhost.Helpers(switch.connection):
        for context in (privsep.network, vif_plug_privsep.vif_plug):
            context.start(priv_context.Method.ROOTWRAP)
        with peers.Novacontainerd(directory).running() as daemon:
            CONF.set_override('socket_path', str(daemon.socket),
                              group='novacontainer')
            return _measure(directory, daemon, turns)


def _measure(directory, daemon, turns):
    image = instances.image_meta()
    archive = pathlib.Path(directory) / 'spawn.tar'
    name = imageops.reference(image, None)
    archive.write_bytes(archives.busybox_image(cmd=COMMAND))
    # A name that no archive can give to its image.
    daemon.load(archive, f'reference={name}')
    compute = driver.ContainerDriver(fake.FakeVirtAPI())

    def once(grace_s, ports):
        CONF.set_override('start_grace', grace_s, group='novacontainer')
        instance = instances.instance(uuid=str(uuid.uuid4()))
        network = [_port(number) for number in range(ports)]
        began = time.perf_counter()
        compute.spawn(None, instance, image, [], None, {}, network)
        spawned = time.perf_counter()
        compute.destroy(None, instance, network)
        gone = time.perf_counter()
        return {'spawn': (spawned - began) * 1000,
                'destroy': (gone - spawned) * 1000}

    default_s = next(opt for opt in conf.OPTS
                     if opt.name == 'start_grace').default
    samples = rounds.interleave({
        'one port': lambda: once(0, 1),
        'no port': lambda: once(0, 0),
        'two ports': lambda: once(0, 2),
        'one port, start_grace': lambda: once(default_s, 1),
    }, turns)
    return rounds.summary(samples, 'one port'), [
        f'start_grace is {default_s:g} s by default: for so long a new '
        'command has to keep running before spawn returns']


def _port(number):
    """Return a port as Nova describes it, with an address of its own."""
    return networkinfo.vif(
        networkinfo.subnet(f'10.{number}.0.0/24', f'10.{number}.0.5',
                           gateway=f'10.{number}.0.1'),
        port=str(uuid.uuid4()),
        address='fa:16:3e:' + ':'.join(
            f'{byte:02x}' for byte in secrets.token_bytes(3)))
