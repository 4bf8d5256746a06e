"""The driver's part of a boot from an image that is not in the runtime yet.

Called by: ``bigimage``, as a program: ``python -m benchmarks.driverload
SOCKET GLANCE``.  Nova's own client streams the image from Glance.  It prints
the seconds that took, its memory before, and its peak, in kB.
"""

import pathlib
import sys
import time

from nova import context as nova_context
from nova import objects

from benchmarks import glance
from novacontainer import client
from novacontainer.virt import conf
from novacontainer.virt import imageops


def memory_kb(field, pid='self'):
    """Return ``VmRSS`` (now) or ``VmHWM`` (the peak) of a process."""
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(status.partition(f'{field}:')[2].split()[0])


def main(socket, endpoint):
    """Load the image."""
    objects.register_all()
    conf.CONF([], project='nova', default_config_files=[])
    conf.CONF.set_override('api_servers', [endpoint], group='glance')
    context = nova_context.RequestContext(
        'user', 'project', auth_token='unchecked')
    operations = imageops.ImageOps(client.Client(socket))
    before_kb, began = memory_kb('VmRSS'), time.perf_counter()
    operations.cache(context, glance.IMAGE)
    print(time.perf_counter() - began, before_kb, memory_kb('VmHWM'))


if __name__ == '__main__':
    main(*sys.argv[1:])
