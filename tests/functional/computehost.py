"""A compute host for the driver: switch, privsep helpers and the daemon.

Used by the tests of the driver.  It has network and mount namespaces of its
own, so it disturbs nothing on the machine that runs the tests.
"""

import copy
import hashlib
from unittest import mock
import warnings

from nova import exception
from nova import test
from nova.tests import fixtures as nova_fixtures
from oslo_privsep import priv_context
import sqlalchemy.exc
from vif_plug_ovs import privsep as vif_plug_privsep

from novacontainer.virt import conf
from novacontainer.virt import privsep
from tests import archives
from tests.functional import daemon
from tests.integration import networkhost

CONF = conf.CONF

#: The image that Nova's fixtures boot from.
NOVA_IMAGE = 'cedef40a-ed67-4d10-800e-17455edce175'
#: One that is not for us.
OTHER_IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'

SERVE = ['sh', '-c',
         'echo "serving as $(hostname)"; echo "mood=$MOOD"; '
         'trap "echo bye; exit 0" TERM; while true; do sleep 0.1; done']


class ComputeHost:
    """Set up for all tests of a class: ``switch`` and ``daemon``."""

    def __init__(self, test_class):
        networkhost.use_for_class(test_class, networkhost.Host())
        self.switch = networkhost.use_for_class(
            test_class, networkhost.OpenVSwitch())
        networkhost.use_for_class(
            test_class, networkhost.Helpers(self.switch.connection))
        for context in (privsep.network, vif_plug_privsep.vif_plug,
                        *test_class.contexts):
            context.start(priv_context.Method.ROOTWRAP)
        # Nova's own fixtures begin with options that nobody has parsed.
        CONF.reset()
        self.daemon = networkhost.use_for_class(
            test_class, daemon.Daemon(test_class.daemon_options))

    def configure(self, test):
        """Point the driver here; test: a ``nova.test.TestCase``."""
        # Nova's fixtures make errors of them; a SQLAlchemy that is newer
        # than Nova's constraints has more than Nova knows.
        warnings.filterwarnings(
            'ignore', category=sqlalchemy.exc.SADeprecationWarning)
        test.flags(socket_path=str(self.daemon.socket_path),
                   group='novacontainer')
        test.flags(ovsdb_connection=self.switch.connection,
                   ovs_vsctl_timeout=5, group='os_vif_ovs')

    def containers(self):
        """Documents of all containers, as the API lists them."""
        return self.daemon.json('GET', '/containers/json?all=1')

    def inspect(self, instance_uuid):
        """Document of an instance's container."""
        return self.daemon.json(
            'GET', f'/containers/nova-{instance_uuid}/json')

    def images(self):
        """Names of all images in the runtime."""
        return {name for image in self.daemon.json('GET', '/images/json')
                for name in image['RepoTags'] or ['untagged']}


class ImageStore(nova_fixtures.GlanceFixture):
    """Nova's fake Glance with real data behind the images.

    Nova's forgets what is uploaded, and its download returns nothing.  It is
    put in its place by ``use``, before a test's services start.
    """

    @classmethod
    def use(cls, test):
        """Have the test's base class make one of these."""
        test.stub_out('nova.tests.fixtures.GlanceFixture', cls)

    def __init__(self, test):
        super().__init__(test)
        #: Image ids, in the order of their downloads.
        self.downloads = []
        #: Raised in the middle of a download.
        self.failure = None

    def add(self, image_id, archive, container_format='docker',
            **properties):
        """Put data behind an image, which is made if it is not there."""
        image = self.images.setdefault(
            image_id, copy.deepcopy(self.images[NOVA_IMAGE]))
        checksum = hashlib.md5(archive, usedforsecurity=False).hexdigest()
        image.update(id=image_id, container_format=container_format,
                     disk_format='raw', size=len(archive), checksum=checksum,
                     status='active', properties=properties)
        self._imagedata[image_id] = archive

    def download(self, context, image_id, data=None, dst_path=None,
                 trusted_certs=None):
        """Give the data as an iterator."""
        self.show(context, image_id)
        return self.chunks(image_id)

    def chunks(self, image_id):
        """The data, as they come over the network."""
        self.downloads.append(image_id)
        if image_id not in self._imagedata:
            raise exception.ImageNotFound(image_id=image_id)
        return self._chunks(self._imagedata[image_id])

    def _chunks(self, data):
        for start in range(0, len(data), 65536):
            if self.failure is not None and start:
                raise self.failure
            yield data[start:start + 65536]

    def detail(self, context, filters=None, **kwargs):
        """Give only the images with the properties, the newest first."""
        wanted = {key.removeprefix('property-'): value
                  for key, value in (filters or {}).items()}
        return [image for image in reversed(super().detail(context))
                if wanted.items() <= image['properties'].items()]

    def update(self, context, image_id, metadata, data=None,
               purge_props=True):
        """Take the data as well, as Glance's client reads it."""
        image = super().update(context, image_id, metadata,
                               purge_props=purge_props)
        if data is not None:
            parts = []
            while chunk := data.read(65536):
                parts.append(chunk)
            self.add(image_id, b''.join(parts), image['container_format'],
                     **image['properties'])
        return self.images[image_id]


class HostTestCase(test.TestCase):
    """Nova's test case on a compute host; one host for a class.

    In a list of bases it comes after those that make drivers and services:
    they find it configured.
    """

    REQUIRES_LOCKING = True
    #: What ``daemon.Daemon`` is given.
    daemon_options = None
    #: Privileged helpers that are needed beside those of the network.
    contexts = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host = ComputeHost(cls)

    def setUp(self):
        super().setUp()
        self.host.configure(self)
        ImageStore.use(self)
        # Neutron gives the network's address, Nova's fixture a host's.
        self.enterContext(mock.patch.dict(
            nova_fixtures.NeutronFixture.subnet_1, cidr='192.168.1.0/24'))
        self.addCleanup(self._remove_containers)

    def _remove_containers(self):
        for container in self.host.containers():
            self.host.daemon.request(
                'DELETE', f'/containers/{container["Id"]}?force=1')


def image(command=SERVE, **files):
    """A small image that runs a command."""
    return archives.busybox_image(
        'whatever:latest', command,
        files={path: text.encode() for path, text in files.items()})
