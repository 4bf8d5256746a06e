"""What the tests of the cloud share: a tenant, its network, its instances.

Used by the tests in this directory.  The cloud is the one that ``make demo``
left standing; without it they fail, since a skip would look like success.
Every test ends with no instance and nothing of one left on the host.
"""

import time
import unittest

import openstack

from demo import catalog
from demo import directory
from demo import errors
from demo import images
from demo import leaks
from demo import neighbour
from demo import tenant as tenants

#: Name of the flavor that instances of the tenant's are resized to.
LARGE = 'test-large'

_GONE_S = 30


class CloudTestCase(unittest.TestCase):
    """A test that asks the cloud for things, as its tenant."""

    @classmethod
    def setUpClass(cls):
        """Have the tenant own what instances need."""
        super().setUpClass()
        cls.directory = directory.chosen()
        if not cls.directory.exists:
            raise errors.DemoError('no cloud stands: run "make demo".')
        cls.tenant = tenants.Tenant(cls.directory)
        cls.compute = cls.tenant.cloud.compute
        cls.network = cls.tenant.cloud.network
        cls.image = cls.tenant.cloud.image
        cls.tenant.make_flavor()
        cls.tenant.make_external()
        network_id = cls.tenant.make_network()
        cls.neighbour = neighbour.Neighbour(network_id)
        cls.tenant.make_group()
        cls.tenant.make_key()
        cls.tenant.wait_network(network_id, lambda: cls.neighbour.present)
        for protocol, port in (('icmp', None), ('tcp', 22), ('tcp', 80)):
            cls.tenant.allow(protocol, port)

    @classmethod
    def make_large(cls):
        """Have the administrator make the larger flavor; its id."""
        admin = catalog.connect(cls.directory, 'admin').compute
        return (admin.find_flavor(LARGE) or admin.create_flavor(
            name=LARGE, ram=192, vcpus=1, disk=2)).id

    def setUp(self):
        """Note what is on the host, to find it so again."""
        super().setUp()
        self.before = leaks.inventory(self.directory)
        self.addCleanup(self.check_clean)

    def check_clean(self):
        """Fail when the host has more than before the test."""
        deadline = time.monotonic() + _GONE_S
        while left := leaks.difference(
                self.before, leaks.inventory(self.directory)):
            if time.monotonic() > deadline:
                self.fail('left behind: ' + '; '.join(left))
            time.sleep(0.5)

    def boot(self, image=images.WEB, status='ACTIVE', **more):
        """Boot an instance that goes with the test; see Tenant.boot."""
        server = self.tenant.boot(f'test-{self.id().rpartition(".")[2]}',
                                  image, **more)
        self.addCleanup(self.delete, server)
        return self.tenant.wait(server, status)

    def delete(self, server):
        """Delete an instance, if it is there still."""
        try:
            self.tenant.delete([server])
        except openstack.exceptions.NotFoundException:
            return

    def upload(self, content, **properties):
        """Upload an image of the tenant's that goes with the test.

        :returns: its id.
        """
        name = f'test-{self.id().rpartition(".")[2]}'
        image = self.image.create_image(
            name, data=content, container_format='docker',
            disk_format='raw', visibility='private', use_import=False,
            validate_checksum=False, **properties)
        self.addCleanup(self.image.delete_image, image)
        return image.id

    def upload_web(self, **properties):
        """The same with what the demo's web image holds."""
        return self.upload(
            (self.directory.cache / f'{images.WEB}.tar').read_bytes(),
            **properties)

    def wait(self, server, status):
        """Wait until an instance has a status, and return it as it is."""
        return self.tenant.wait(server, status)

    def until(self, what, condition, timeout_s=60):
        """Wait for a condition, and return its first true value."""
        return self.tenant.until(what, condition, timeout_s)

    def address(self, server):
        """The fixed address of an instance."""
        return self.tenant.address(server)

    def write(self, server, text):
        """Have a web instance keep a note on its disk."""
        path = f'/cgi-bin/write?{text}'
        self.until('the note is written', lambda: self.neighbour.fetch(
            self.address(server), path))

    def note(self, server):
        """Wait for a web instance to answer, and return its note."""
        text = self.until(
            'the note is served',
            lambda: self.neighbour.fetch(self.address(server), '/note.txt'))
        return text.strip()

    def answers(self, server):
        """Whether a web instance serves its page."""
        return self.neighbour.fetch(self.address(server)) is not None

    def shell(self, server, command):
        """What a command prints in a Debian instance, over ssh."""
        return self.until(
            f'"{command}" succeeds in the instance',
            lambda: (self.neighbour.login(
                self.address(server), self.tenant.key, f'{command}; echo .')
                or ''),
        ).rstrip().removesuffix('.').rstrip()
