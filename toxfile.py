"""Inline tox plugin: one virtual environment for several gates.

tox 4 recreates an environment directory when the name of the gate that uses
it changes.  The gates that import Nova differ in their commands only, so the
``shared`` runner lets them have one directory and Nova is installed once.
"""

from tox import plugin
from tox.tox_env import info
from tox.tox_env.python.virtual_env import runner


class SharedInfo(info.Info):
    """The record of an environment, kept under one name for all gates."""

    def compare(self, value, section, sub_section=None):
        """Compare as tox does, after hiding the gate's own name."""
        if section == 'ToxEnv':
            value = {**value, 'name': 'shared'}
        return super().compare(value, section, sub_section)


class SharedRunner(runner.VirtualEnvRunner):
    """A virtual environment that belongs to no single gate."""

    @staticmethod
    def id():
        """Name by which tox.ini asks for this runner."""
        return 'shared'

    @property
    def cache(self):
        """Return the record in the environment's directory."""
        return SharedInfo(self.env_dir)

    def _setup_env(self):
        super()._setup_env()
        # tox makes its directory private, but tests also run what is
        # installed here as an unprivileged user.
        self.core['work_dir'].chmod(0o755)


@plugin.impl
def tox_register_tox_env(register):
    """Offer the runner to tox.ini (hook called by tox)."""
    register.add_run_env(SharedRunner)
