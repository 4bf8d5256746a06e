"""Everything below a container that the engine does not make, for tests.

A temporary data and run root, one busybox layer, and per container a
sandbox, a mounted root and a bundle; all of it goes at the end of the test.
"""

import os
import pathlib
import shutil
import tempfile

from novacontainer.runtime.engine import cgroups
from novacontainer.runtime.host import mountpoints
from novacontainer.runtime.host import namespaces
from novacontainer.runtime import models
from novacontainer.runtime.oci import seccomp
from novacontainer.runtime.oci import spec as oci_spec
from novacontainer.runtime.storage import overlay
from tests.contract import busybox

ID_MAP = models.IdMap(0x6ff00000)
CGROUP_PARENT = '/novacontainer-test'


class Containers:
    """Mix into a test case: makes bundles of real containers."""

    def setUp(self):
        # Made first, so that it is removed after all else.
        root = tempfile.mkdtemp(prefix='nc-', dir='/var/tmp')
        self.addCleanup(shutil.rmtree, root)
        self.root = pathlib.Path(root)
        self.root.chmod(0o711)
        self.addCleanup(cgroups.remove, CGROUP_PARENT)
        self.run_root = self.root / 'run'
        self.run_root.mkdir(mode=0o711)
        self.storage = overlay.Overlay(self.root, self.run_root / 'userns')
        self.layer = busybox.make_layer(self.root / 'layers' / 'busybox')
        super().setUp()

    def make_spec(self, *args, id_map=ID_MAP, **given):
        """Return the spec of a container whose root is mounted."""
        container_id = os.urandom(32).hex()
        sandbox = namespaces.create_sandbox(
            container_id, id_map, self.run_root)
        self.addCleanup(namespaces.remove_sandbox, sandbox)
        self.storage.prepare(container_id, [self.layer], id_map, 0)
        self.addCleanup(self.storage.remove, container_id)
        rootfs = self.storage.mount(container_id, [self.layer], id_map)
        values = {'env': (), 'cwd': '/', 'user': models.User(),
                  'hostname': 'box', **given}
        mountpoints.prepare(rootfs, (), id_map, values['cwd'])
        return models.ContainerSpec(
            id=container_id, rootfs=rootfs, args=args, sandbox=sandbox,
            id_map=id_map, cgroup_path=f'{CGROUP_PARENT}/{container_id}',
            **values)

    def bundle_of(self, spec, **given):
        """Return the bundle of a container."""
        document = oci_spec.build(
            spec, cgroup_version=cgroups.layout().version,
            seccomp=seccomp.for_container(spec))
        return models.Bundle(
            spec.id, self.root / 'bundles' / spec.id, document,
            self.root / f'{spec.id}.log', **given)

    def make_bundle(self, *args, **given):
        """Return the bundle of a container that runs ``args``."""
        return self.bundle_of(self.make_spec(*args, **given))

    def logged(self, bundle):
        """Return what the container wrote, without conmon's prefixes."""
        if not bundle.log_path.exists():
            return ''
        lines = bundle.log_path.read_text().splitlines()
        return '\n'.join(line.split(' ', 3)[3] for line in lines)

