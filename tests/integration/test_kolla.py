"""The image of nova-compute with the driver, as Kolla's is extended.

buildah builds it of the very file that the manual shows, as that says.  What
stands for Kolla's image is the small Debian of the machines' tests, with a
virtual environment where Kolla has its own; Nova is the one of this test run.
"""

import os
import pathlib
import shlex
import shutil
import tempfile
import unittest

from oslotest import base

from tests import documents
from tests.integration import machine
from tests.integration import test_wheel
from tests.integration import wheels

CONTAINERFILE = wheels.ROOT / 'doc/source/install/kolla/Containerfile'
VENV = 'var/lib/kolla/venv'
IMAGE = 'nova-compute-novacontainer'


class ImageTestCase(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if os.geteuid() != 0:
            raise unittest.SkipTest(
                'buildah needs root here: run this gate as root.')
        # Not below /tmp, which may be too small.
        cls.directory = pathlib.Path(tempfile.mkdtemp(
            prefix='nc-kolla-', dir='/var/tmp'))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        # Whatever is still mounted, too.
        cls.addClassCleanup(cls.buildah, 'rm', '--all')
        cls.context = cls.directory / 'context'
        cls.context.mkdir()
        shutil.copy(CONTAINERFILE, cls.context)
        built = wheels.Built()
        built.setUp()
        cls.addClassCleanup(built.cleanUp)
        shutil.copy(built.wheel, cls.context)
        cls.volumes = [f'--volume={path}:{path}:ro'
                       for path in wheels.places()]
        cls.make_base()

    @classmethod
    def buildah(cls, command, *words):
        return machine.run(
            'buildah', f'--root={cls.directory}/storage',
            f'--runroot={cls.directory}/run', '--storage-driver=overlay',
            command, *words)

    @classmethod
    def make_base(cls):
        """Make the image that stands for Kolla's, ``localhost/base``."""
        container = cls.buildah('from', 'scratch').strip()
        place = pathlib.Path(cls.buildah('mount', container).strip())
        machine.run('cp', '-a', f'{machine.root_file_system()}/.', place)
        for name in ('usr/share', 'usr/lib/systemd', 'usr/lib/udev', 'boot'):
            shutil.rmtree(place / name)
        wheels.link_all_but_ours(place / 'opt/dependencies')
        for command in (
                ['python3', '-m', 'venv', '--without-pip', f'/{VENV}'],
                ['useradd', '--system', 'nova']):
            machine.run('chroot', place, *command)
        packages, = place.glob(f'{VENV}/lib/python3.*/site-packages')
        (packages / 'dependencies.pth').write_text('/opt/dependencies\n')
        (place / 'etc/nova').mkdir()
        cls.buildah('umount', container)
        cls.buildah('commit', '--quiet', '--rm', container, 'base')

    def in_image(self, *command):
        container = self.buildah('from', '--pull-never', IMAGE).strip()
        try:
            return self.buildah('run', '--isolation=chroot', *self.volumes,
                                container, '--', *command)
        finally:
            self.buildah('rm', container)

    def test_build(self):
        command, = documents.runs('install/kolla.rst', 'integration')
        for words, value in (
                ('\\\n', ''),
                ('<registry>/nova-compute:<tag>', 'localhost/base'),
                ('<registry>/nova-compute-novacontainer:<tag>', IMAGE)):
            command = command.replace(words, value)
        _, verb, *words, here = shlex.split(command)
        self.assertEqual('.', here)
        self.buildah(
            verb, '--isolation=chroot', '--pull-never',
            '--env=PIP_NO_INDEX=1', *self.volumes, *words, self.context)
        # As the user of the image, nova.
        said = self.in_image(
            'sh', '-ec', 'id -un; id -Gn; ls /etc/nova/rootwrap.d '
            f'/tmp; exec /{VENV}/bin/python -W ignore -c "$0"',
            test_wheel.LOAD).splitlines()
        self.assertEqual('nova', said[0])
        self.assertIn('novacontainer', said[1].split())
        self.assertIn('novacontainer.filters', said)
        self.assertNotIn('wheels', said)
        self.assertEqual('novacontainer.virt.driver', said[-1])
