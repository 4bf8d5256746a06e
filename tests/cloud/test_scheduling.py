"""Which host an image gets, what the host has ready, and many at once."""

import json

from demo import catalog
from demo import configs
from demo import runtime
from tests.cloud import cloudcase

#: A tenant's quota of instances, as Nova has it by default.
_MANY = 10


class SchedulingTest(cloudcase.CloudTestCase):

    def test_hypervisor_type_of_an_image(self):
        self.boot(self.upload_web(img_hv_type='docker'))
        server = self.boot(self.upload_web(img_hv_type='qemu'),
                           status='ERROR')
        self.assertIn('No valid host', self.compute.get_server(
            server.id).fault['message'])

    def cached(self, image_id):
        """Whether the runtime of the host holds an image of Glance's."""
        listed = json.loads(
            runtime.call(self.directory, 'GET', '/images/json')[1])
        return any(tag.startswith(f'glance/{image_id}:')
                   for image in listed for tag in image['RepoTags'] or ())

    def test_image_is_fetched_for_an_aggregate(self):
        admin = catalog.connect(self.directory, 'admin').compute
        image_id = self.upload_web()
        aggregate = admin.create_aggregate(name='test-ready')
        self.addCleanup(admin.delete_aggregate, aggregate)
        admin.add_host_to_aggregate(aggregate, configs.HOST)
        self.addCleanup(admin.remove_host_from_aggregate, aggregate,
                        configs.HOST)
        self.assertFalse(self.cached(image_id))
        admin.aggregate_precache_images(aggregate, image_id)
        self.until('the host holds the image',
                   lambda: self.cached(image_id))

    def test_many_at_once(self):
        # A new image, which the first ones wait for together.
        name = 'test-many'
        self.tenant.boot(name, self.upload_web(), min_count=_MANY,
                         max_count=_MANY)
        servers = [server for server in self.compute.servers()
                   if server.name.startswith(name)]
        self.addCleanup(self.tenant.delete, servers)
        self.assertEqual(_MANY, len(servers))
        for server in servers:
            # Their ports are made by the one worker of the demo's Neutron.
            self.tenant.wait(server, 'ACTIVE', 300)
        self.assertEqual(_MANY, len({
            self.address(server) for server in servers}))
        for server in servers:
            self.until(f'{server.name} serves',
                       lambda server=server: self.answers(server))
