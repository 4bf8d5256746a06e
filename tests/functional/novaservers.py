"""Servers through Nova's API, scheduler, conductor and compute service.

All of Nova runs in this process, with the fakes of its own functional tests
for Glance, Neutron and Placement's HTTP; the driver, the daemon, the switch
and the containers are real.
"""

import importlib.metadata
import os
import pathlib
import time

from nova.tests.functional import integrated_helpers
from oslo_utils import uuidutils

from novacontainer.virt import shim
from tests.functional import computehost
from tests.integration import networkhost

#: Says who and where it is as the first thing that it does.
TELL = (
    'echo "host=$(hostname) mood=$MOOD"; '
    'ip -o -4 addr show dev eth0; ip -4 route; cat /etc/hosts; '
    'test -e /marker && cat /marker; '
    'trap "echo bye; exit 0" TERM; while true; do sleep 0.1; done')

#: For how long a server is waited for.  Nova's own five seconds are for
#: drivers that make nothing.
_PATIENCE_S = 30


class ServersTestCase(integrated_helpers._IntegratedTestBase,
                      computehost.HostTestCase):

    microversion = 'latest'
    ADMIN_API = True

    def setUp(self):
        super().setUp()
        self.glance.add(computehost.NOVA_IMAGE,
                        computehost.image(['sh', '-c', TELL]))

    def _setup_compute_service(self):
        shim.install()
        # Nova's fixture knows where it is in a checkout only.
        paste, = (path for path in importlib.metadata.files('nova')
                  if path.name == 'api-paste.ini')
        self.flags(api_paste_config=os.path.normpath(paste.locate()),
                   group='wsgi')
        self.flags(compute_driver='novacontainer.ContainerDriver',
                   reserved_host_memory_mb=0)
        return super()._setup_compute_service()

    def image(self, command=None, properties=None, archive=None, **kwargs):
        """Add an image to Glance; returns its id."""
        image_id = uuidutils.generate_uuid()
        if archive is None:
            archive = computehost.image(command)
        self.glance.add(image_id, archive, **kwargs, **(properties or {}))
        return image_id

    def boot(self, image=computehost.NOVA_IMAGE, expected_state='ACTIVE',
             **fields):
        body = self._build_server(image_uuid=image, networks=[
            {'port': self.neutron.port_1['id']}])
        body.update(fields)
        server = self.api.post_server({'server': body})
        return self._wait_for_state_change(server, expected_state)

    def _wait_for_server_parameter(self, server, expected_params, *args,
                                   **kwargs):
        """Wait as Nova's own does, which looks every half second only.

        Of an instance in ERROR the fault is stored last.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            found = self.api.get_server(server['id'])
            if expected_params.items() <= found.items() and (
                    expected_params.get('status') != 'ERROR'
                    or 'fault' in found):
                return found
            if time.monotonic() > deadline:
                self.fail(f'Never {expected_params}: {found}')
            time.sleep(0.05)

    def act(self, server, action, until, body=None):
        """Do something to a server, and wait until it is as expected."""
        self.api.post_server_action(server['id'], {action: body})
        return self._wait_for_server_parameter(
            server, {'status': until, 'OS-EXT-STS:task_state': None})

    def over(self, server):
        """Events of the server's last action, when all of them are over.

        Empty before the compute manager has begun.  Of what fails it ends
        the task first, and then the event.
        """
        url = f'/servers/{server["id"]}/os-instance-actions'
        last = self.api.api_get(url).body['instanceActions'][0]
        events = self.api.api_get(
            f'{url}/{last["request_id"]}').body['instanceAction']['events']
        if all(event['result'] for event in events) and any(
                event['event'].startswith('compute_') for event in events):
            return events
        return []

    @staticmethod
    def wait_for(condition, timeout_s=30):
        """Wait until something is so, and fail when it never is."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f'Never: {condition}')
            time.sleep(0.05)

    def status(self, server):
        """The state of the server's container."""
        return self.host.inspect(server['id'])['State']['Status']

    def fault(self, **kwargs):
        """Boot in vain; returns the fault, and checks nothing is left."""
        server = self.boot(expected_state='ERROR', **kwargs)
        self.assertNothingLeft()
        return server['fault']['message']

    def assertNothingLeft(self):
        self.assertEqual([], self.host.containers())
        self.assertEqual([], self.host.switch.ports())
        self.assertEqual([], list(pathlib.Path('/run/netns').iterdir()))
        links = networkhost.run('ip', '-o', 'link').splitlines()
        self.assertEqual([], [link for link in links if 'tap' in link])

    def console(self, server, until='', timeout_s=10):
        """The console's text, once it contains what is waited for."""
        deadline = time.monotonic() + timeout_s
        while True:
            text = self.api.post_server_action(
                server['id'], {'os-getConsoleOutput': {}})['output']
            if until in text or time.monotonic() > deadline:
                self.assertIn(until, text)
                return text
            time.sleep(0.05)

    def execute(self, server, *command):
        """Run a command in the container, as its root."""
        pid = self.pid(server)
        return networkhost.run(
            'nsenter', '-t', str(pid), '-m', '-U', '-n', '-S', '0', '-G',
            '0', '--', *command)

    def pid(self, server):
        return self.host.inspect(server['id'])['State']['Pid']

    def write(self, server, text):
        self.execute(server, '/bin/sh', '-c', f'echo {text} > /marker')

    def address(self, server):
        return server['addresses']['private'][0]['addr']
