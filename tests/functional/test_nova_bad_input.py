"""Operations that cannot work: Nova's words, and the server goes on.

As ``novaservers``.  Faults of boots are in ``test_nova_servers`` (images,
ports) and ``test_nova_limits`` (flavors); here are those of servers that
there are.
"""

from unittest import mock

from nova.tests.functional.api import client as api_client

from tests.functional import computehost
from tests.functional import novaservers

_NOT_A_NUMBER = {'novacontainer:pids': 'many'}


class BadInputTestCase(novaservers.ServersTestCase):

    # Failures stay in the compute service, as they do between processes.
    CAST_AS_CALL = False

    def setUp(self):
        super().setUp()
        self.flags(max_attempts=1, group='scheduler')
        self.flags(allow_resize_to_same_host=True)

    def flavor(self, extra_specs=None, **fields):
        flavor = self._create_flavor(
            **{'memory_mb': 64, 'vcpu': 1, 'disk': 1, 'ephemeral': 0,
               **fields})
        if extra_specs:
            # Later versions of the API refuse it, older ones do not.
            latest, self.api.microversion = self.api.microversion, '2.85'
            self.api.post_extra_spec(flavor, {'extra_specs': extra_specs})
            self.api.microversion = latest
        return flavor

    def refused(self, status, server, action, body=None):
        """The API's own no; returns what it says."""
        error = self.assertRaises(
            api_client.OpenStackApiException,
            self.api.post_server_action, server['id'], {action: body})
        self.assertEqual(status, error.response.status_code)
        return str(error)

    def failed(self, server, action, body=None):
        """An action that fails; returns the words of its event's end."""
        before = {found['request_id'] for found
                  in self.api.get_instance_actions(server['id'])}
        self.api.post_server_action(server['id'], {action: body})
        self.wait_for(lambda: self.events(server, before))
        return ' '.join(event['details'] or ''
                        for event in self.events(server, before))

    def events(self, server, before):
        """Those of the latest action which have ended in an error."""
        action = next((found for found
                       in self.api.get_instance_actions(server['id'])
                       if found['request_id'] not in before), None)
        if action is None:
            return []
        whole = self.api.api_get(
            f'/servers/{server["id"]}/os-instance-actions/'
            f'{action["request_id"]}').body['instanceAction']
        return [event for event in whole['events']
                if event['result'] == 'Error']

    def assertGoesOn(self, server, until='ACTIVE'):
        """It is as it was, can be used, and leaves nothing in the end."""
        server = self._wait_for_server_parameter(
            server, {'status': until, 'OS-EXT-STS:task_state': None})
        self._reboot_server(server, hard=True)
        self.console(server, f'inet {self.address(server)}/24')
        self.assertEqual(1, len(self.host.containers()))
        self._delete_server(server)
        self.assertNothingLeft()


class FlavorTestCase(BadInputTestCase):

    def test_boot_with_less_disk_than_the_image(self):
        """nova-api compares with Glance's size, and never asks us."""
        image = self.image(['sleep', '1000'])
        self.glance.images[image]['size'] = 2 << 30
        error = self.assertRaises(
            api_client.OpenStackApiException, self.boot, image=image,
            flavorRef=self.flavor())
        self.assertEqual(400, error.response.status_code)
        self.assertIn("Flavor's disk is too small", str(error))
        self.assertNothingLeft()

    def test_rebuild_with_an_image_that_unpacks_to_more(self):
        server = self.boot(flavorRef=self.flavor())
        image = self.image(['sleep', '1000'])
        self.stub_out('novacontainer.virt.admission._GIB', 1)
        server = self.act(server, 'rebuild', 'ERROR', {'imageRef': image})
        self.assertIn("Flavor's disk is too small",
                      server['fault']['message'])
        self.stub_out('novacontainer.virt.admission._GIB', 1 << 30)
        self.assertGoesOn(self.act(
            server, 'rebuild', 'ACTIVE', {
                'imageRef': computehost.NOVA_IMAGE}))

    def test_resize_to_nonsense(self):
        for extra_specs, words in (
                (_NOT_A_NUMBER, 'must be a whole number'),
                ({'novacontainer:frobnicate': '1'}, 'which there is not'),
                ({'novacontainer:privileged': 'true'}, 'differ in'),
                ({'quota:cpu_period': '5'}, 'quota:cpu_period')):
            server = self.boot(flavorRef=self.flavor())
            pid = self.pid(server)
            self.assertIn(words, self.failed(
                server, 'resize', {'flavorRef': self.flavor(extra_specs)}))
            server = self._wait_for_server_parameter(
                server, {'status': 'ACTIVE', 'OS-EXT-STS:task_state': None})
            # It was not even stopped.
            self.assertEqual(pid, self.pid(server))
            self._delete_server(server)
        self.assertNothingLeft()


class ImageTestCase(BadInputTestCase):
    """Images that Glance has forgotten, all or only their data."""

    def vanish(self, image, data_only):
        del self.glance._imagedata[image]
        if not data_only:
            del self.glance.images[image]

    def test_rebuild(self):
        server = self.boot()
        gone = self.image(['sleep', '1000'])
        self.vanish(gone, data_only=False)
        self.assertIn('Cannot find image', self.refused(
            400, server, 'rebuild', {'imageRef': gone}))
        gone = self.image(['sleep', '1000'])
        self.vanish(gone, data_only=True)
        server = self.act(server, 'rebuild', 'ERROR', {'imageRef': gone})
        self.assertIn('could not be found', server['fault']['message'])
        self.assertGoesOn(self.act(
            server, 'rebuild', 'ACTIVE', {
                'imageRef': computehost.NOVA_IMAGE}))

    def test_rescue(self):
        """Nova has stopped the server when it asks for a rescue."""
        server = self.boot()
        gone = self.image(['sleep', '1000'])
        self.vanish(gone, data_only=True)
        self.assertIn('could not be found', self.failed(
            server, 'rescue', {'rescue_image_ref': gone}))
        self.assertGoesOn(server, 'ERROR')

    def test_unshelve(self):
        self.flags(shelved_offload_time=0)
        server = self.boot()
        server = self.act(server, 'shelve', 'SHELVED_OFFLOADED')
        self.assertNothingLeft()
        snapshot, = (image for image in self.glance.images.values()
                     if image['name'].endswith('-shelved'))
        data = self.glance._imagedata.pop(snapshot['id'])
        self.assertIn('could not be found', self.failed(server, 'unshelve'))
        self.assertNothingLeft()
        # The snapshot comes back, and so does the server.
        self.glance._imagedata[snapshot['id']] = data
        server = self._wait_for_server_parameter(
            server, {'status': 'SHELVED_OFFLOADED',
                     'OS-EXT-STS:task_state': None})
        self.assertGoesOn(self.act(server, 'unshelve', 'ACTIVE'))


class PortTestCase(BadInputTestCase):
    """No agent on the host, or a network that it does not have."""

    def bound_as(self, port, vif_type):
        """Until the end of a ``with``, or of the test."""
        return mock.patch.dict(port, {'binding:vif_type': vif_type})

    def test_boot(self):
        port = self.neutron._ports[self.neutron.port_1['id']]
        with self.bound_as(port, 'binding_failed'):
            self.assertIn('Binding failed for port', self.fault())
        self.assertGoesOn(self.boot())

    def test_attach(self):
        server = self.boot()
        with self.bound_as(self.neutron.default_port, 'binding_failed'):
            error = self.assertRaises(
                api_client.OpenStackApiException,
                self.api.attach_interface, server['id'],
                {'interfaceAttachment': {
                    'net_id': self.neutron.network_1['id']}})
        self.assertIn('PortBindingFailed', str(error))
        self.assertEqual(1, len(self.host.switch.ports()))
        self.assertGoesOn(server)
