"""The wheel beside every kind of Nova, in throw-away environments.

Nova and what it needs are not downloaded again: an environment sees those of
the test run through links.
"""

import os
import pathlib
import site
import sysconfig
import venv
import zipfile

import fixtures
from oslotest import base

from tests.integration import wheels

#: Never linked into an environment's dependencies.
OURS_AND_NOVA = ('nova', 'nova-', 'novacontainer', '__editable__',
                 '__pycache__')

#: What the wheel has besides Python's, by its place below the prefix.
DATA = {
    'etc/logrotate.d/novacontainer',
    'etc/nova/rootwrap.d/novacontainer.filters',
    'etc/novacontainer/novacontainer-virt-config-generator.conf',
    'etc/novacontainer/novacontainerd-config-generator.conf',
    'lib/systemd/system/novacontainerd.service',
    'lib/systemd/system/novacontainerd.socket',
    'lib/sysusers.d/novacontainer.conf',
    'lib/tmpfiles.d/novacontainer.conf',
    'share/bash-completion/completions/novacontainer',
    'share/man/man1/novacontainer.1',
    'share/man/man8/novacontainerd.8',
    'share/novacontainer/novacontainer-grafana.json',
}

LOAD = """
import nova
import nova.virt
import nova.conf
from nova.virt import driver
from nova.virt import fake
nova.conf.CONF([], project='nova', default_config_files=[])
nova.conf.CONF.set_override('compute_driver', 'novacontainer.ContainerDriver')
loaded = driver.load_compute_driver(fake.FakeVirtAPI())
print(nova.__file__)
print(type(loaded).__module__)
"""

NOVA_PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "nova"
version = "99.0.0"
[tool.setuptools.packages.find]
include = ["nova*"]
"""


class Environment(fixtures.Fixture):
    """A virtual environment with everything but Nova and us."""

    def _setUp(self):
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        venv.create(self.path / 'venv', symlinks=True)
        self.python = self.path / 'venv' / 'bin' / 'python'
        self.site = pathlib.Path(sysconfig.get_path(
            'purelib', vars={'base': str(self.path / 'venv')}))
        dependencies = self.path / 'dependencies'
        dependencies.mkdir()
        for directory in reversed(self._directories()):
            for entry in directory.iterdir():
                if not (entry.name.startswith(OURS_AND_NOVA)
                        or entry.suffix == '.pth'):
                    self._link(entry, dependencies / entry.name)
        (self.site / 'dependencies.pth').write_text(f'{dependencies}\n')

    @staticmethod
    def _directories():
        return [pathlib.Path(path) for path in site.getsitepackages()
                if os.path.isdir(path)]

    @staticmethod
    def _link(source, target):
        target.unlink(missing_ok=True)
        target.symlink_to(source)

    def nova_as_wheel(self):
        """Lay Nova out as its wheel does."""
        import nova
        directory = pathlib.Path(nova.__file__).parent
        self._link(directory, self.site / 'nova')
        for record in directory.parent.glob('nova-*.dist-info'):
            self._link(record, self.site / record.name)

    def nova_as_checkout(self, *, path_style):
        """Install Nova from a source tree with ``pip install -e``."""
        import nova
        project = self.path / 'project'
        project.mkdir()
        (project / 'pyproject.toml').write_text(NOVA_PROJECT)
        self._link(pathlib.Path(nova.__file__).parent, project / 'nova')
        settings = ['--config-settings', 'editable_mode=compat']
        wheels.install(self.python, '-e', project,
                       *(settings if path_style else []))
        finder = list(self.site.glob('__editable__*nova*_finder.py'))
        assert bool(finder) != path_style, self.files()

    def load(self):
        """Load the driver as nova-compute does.

        :returns: the file of Nova and the module of the driver's class.
        """
        # Not from the checkout, where we are on the path anyway.
        out = wheels.run(
            self.python, '-W', 'ignore', '-c', LOAD, cwd=self.path)
        nova_file, module = out.splitlines()[-2:]
        return os.path.realpath(nova_file), module

    def files(self):
        """Names in site-packages, as a set."""
        return {str(path.relative_to(self.site))
                for path in self.site.iterdir()
                if path.name != '__pycache__'}


class WheelTestCase(base.BaseTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.built = wheels.Built()
        cls.built.setUp()
        cls.addClassCleanup(cls.built.cleanUp)

    def setUp(self):
        super().setUp()
        self.environment = self.useFixture(Environment())

    def install(self):
        wheels.install(self.environment.python, self.built.wheel)

    def assertLoads(self):
        import nova
        self.assertEqual(
            (os.path.realpath(nova.__file__), 'novacontainer.virt.driver'),
            self.environment.load())

    def assertWorks(self):
        """With our wheel, and after it, Nova is the same Nova."""
        environment = self.environment
        before = environment.files()
        self.install()
        self.assertLoads()
        wheels.pip(environment.python, 'uninstall', '-y', 'novacontainer')
        self.assertEqual(before, environment.files())
        out = wheels.run(
            environment.python, '-W', 'ignore', '-c',
            'import sys, nova.virt\n'
            'print([f for f in sys.meta_path if "novacont" in repr(f)'
            '       and "editable" not in repr(f)])',
            cwd=environment.path)
        self.assertEqual('[]\n', out)

    def test_file_list(self):
        names = zipfile.ZipFile(self.built.wheel).namelist()
        self.assertIn('novacontainer.pth', names)
        self.assertIn('novacontainer/virt/driver.py', names)
        for path in (wheels.ROOT / 'novacontainer/web/static').iterdir():
            self.assertIn(f'novacontainer/web/static/{path.name}', names)
        data = {name.partition('.data/data/')[2] for name in names}
        self.assertEqual(DATA, data - {''})
        self.assertEqual(
            [], [name for name in names if name.startswith('nova/')])
        tops = {name.partition('/')[0] for name in names}
        self.assertEqual(
            {'novacontainer', 'novacontainer.pth'},
            {top for top in tops if not top.endswith(('.dist-info',
                                                      '.data'))})

    def test_source_distribution(self):
        """The wheel of the sdist is the wheel of the checkout."""
        archive = self.built.sdist()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        wheels.pip(None, 'wheel', '--no-deps', '--no-build-isolation',
                   '-w', directory, archive)
        wheel, = directory.glob('*.whl')
        self.assertEqual(
            sorted(zipfile.ZipFile(self.built.wheel).namelist()),
            sorted(zipfile.ZipFile(wheel).namelist()))

    def test_nova_as_wheel(self):
        self.environment.nova_as_wheel()
        self.assertWorks()

    def test_nova_as_checkout_with_finder(self):
        """How DevStack installs Nova."""
        self.environment.nova_as_checkout(path_style=False)
        self.assertWorks()

    def test_nova_as_checkout_with_path(self):
        self.environment.nova_as_checkout(path_style=True)
        self.assertWorks()

    def test_both_as_checkouts(self):
        self.environment.nova_as_checkout(path_style=False)
        wheels.install(self.environment.python, '-e', self.built.source)
        self.assertLoads()

    def test_without_nova(self):
        """A runtime-only host: Python starts as ever."""
        self.install()
        self.assertEqual('ok\n', wheels.run(
            self.environment.python, '-c',
            'import sys; assert "nova" not in sys.modules; print("ok")'))
