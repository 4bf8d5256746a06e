"""Our own wheel and sdist, built of the checkout without a network.

Used by the tests of packages and of units.
"""

import os
import pathlib
import shutil
import site
import subprocess
import sys

import fixtures

ROOT = pathlib.Path(__file__).parents[2]
#: What a build reads; copied, because it writes beside it.
SOURCES = ('novacontainer', 'novacontainer.pth', 'etc', 'LICENSE',
           'README.rst', 'pyproject.toml', 'requirements.txt', 'setup.cfg',
           'setup.py', 'test-requirements.txt')

#: The copy has no tags.
VERSION = '0.0.1'


def run(*command, **kwargs):
    """Run a command; its output is in the exception when it fails."""
    done = subprocess.run(
        [os.fspath(word) for word in command], text=True,
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        **kwargs)
    if done.returncode:
        raise AssertionError(f'{command} failed:\n{done.stdout}')
    return done.stdout


def pip(python, *arguments, version=VERSION):
    """Run this environment's pip for another one, without a network.

    :param version: of what is built of the copy.
    """
    command = [sys.executable, '-m', 'pip']
    if python is not None:
        command += ['--python', python]
    return run(*command, *arguments, env={
        **os.environ, 'PBR_VERSION': version, 'PIP_NO_INDEX': '1',
        'PIP_DISABLE_PIP_VERSION_CHECK': '1'})


def install(python, *arguments):
    """Install with the build tools that are there."""
    pip(python, 'install', '--no-deps', '--no-build-isolation', *arguments)


def places():
    """Return the directories that this test run's packages lie in."""
    return [pathlib.Path(path) for path in site.getsitepackages()
            if os.path.isdir(path)]


def link_all_but_ours(directory):
    """Fill a directory with links to all that is installed here.

    The places themselves come with files that Python would obey, and with
    us.
    """
    directory.mkdir(parents=True)
    for place in reversed(places()):
        for path in place.iterdir():
            link = directory / path.name
            if not path.name.startswith(('novacontainer', '__editable__')):
                link.unlink(missing_ok=True)
                link.symlink_to(path)


class Built(fixtures.Fixture):
    """``source``, a copy of the checkout, and ``wheel``, made of it."""

    def _setUp(self):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.source = directory / 'source'
        self.source.mkdir()
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.source / name,
                                ignore=shutil.ignore_patterns(
                                    '__pycache__', '*.sample'))
            else:
                shutil.copy(ROOT / name, self.source / name)
        self.wheel = self._wheel(VERSION)

    def later(self):
        """Build the wheel of a later version and return its path."""
        return self._wheel('0.0.2')

    def _wheel(self, version):
        directory = self.source.parent / version
        pip(None, 'wheel', '--no-deps', '--no-build-isolation',
            '-w', directory, self.source, version=version)
        wheel, = directory.glob('*.whl')
        return wheel

    def sdist(self):
        """Build the sdist and return its path.

        pbr takes the list of files from git.
        """
        for words in (['init', '--quiet'], ['add', '--all'],
                      ['-c', 'user.name=x', '-c', 'user.email=x@localhost',
                       'commit', '--quiet', '--no-verify', '--message=x']):
            run('git', *words, cwd=self.source)
        run(sys.executable, '-c',
            'import pbr.build; pbr.build.build_sdist("dist")',
            cwd=self.source, env={**os.environ, 'PBR_VERSION': VERSION})
        archive, = (self.source / 'dist').glob('*.tar.gz')
        return archive
