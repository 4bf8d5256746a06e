"""Builds the distribution; what is in it stands in setup.cfg.

All that is said here is that ``novacontainer.pth`` belongs beside the
packages: Python reads it at its start, and Nova finds the driver through it
(see ``novacontainer/virt/shim.py``).
"""

import os

import setuptools
from setuptools.command import build_py

PATH_FILE = 'novacontainer.pth'


class BuildPy(build_py.build_py):
    """Copies the path file as well, for editable installs too."""

    def run(self):
        """Build as usual, then copy the path file."""
        super().run()
        self.copy_file(PATH_FILE, os.path.join(self._target(), PATH_FILE))

    def get_outputs(self, include_bytecode=1):
        """Name the path file among what was built."""
        outputs = super().get_outputs(include_bytecode)
        if not self.editable_mode:
            outputs.append(os.path.join(self.build_lib, PATH_FILE))
        return outputs

    def _target(self):
        """Directory that becomes site-packages.

        An editable install leaves the packages where they are; what is
        installed all the same comes from the install command's directory.
        """
        if self.editable_mode:
            target = self.get_finalized_command('install').install_lib
        else:
            target = self.build_lib
        self.mkpath(target)
        return target


class Distribution(setuptools.Distribution):
    """Uses the command above; pbr would replace a ``cmdclass`` argument."""

    def get_command_class(self, command):
        """Name the class of a command, as setuptools asks for it."""
        if command == 'build_py':
            return BuildPy
        return super().get_command_class(command)


setuptools.setup(
    setup_requires=['pbr>=6.1.1'], pbr=True, distclass=Distribution)
