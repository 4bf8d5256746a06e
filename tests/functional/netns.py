"""A network namespace of a test's own, and the daemon in it.

Used by: the functional tests of networks.  Bridges and the rules of the
packet filter belong to a whole network namespace; in one of its own a test
disturbs neither the host nor other tests, and nothing of it is left.
"""

import subprocess
import uuid

import fixtures

from tests.functional import daemon


class Namespace(fixtures.Fixture):
    """``name`` is the namespace's, as ``ip netns`` shows it; ``lo`` is up."""

    def _setUp(self):
        self.name = f't-{uuid.uuid4().hex[:8]}'
        subprocess.run(['ip', 'netns', 'add', self.name], check=True)
        self.addCleanup(subprocess.run, ['ip', 'netns', 'delete', self.name],
                        check=True)
        subprocess.run(['ip', '-n', self.name, 'link', 'set', 'lo', 'up'],
                       check=True)

    @property
    def enter(self):
        """Words before a command that is to run inside.

        Not ``ip netns exec``, which makes a mount namespace too: what the
        daemon mounts has to show outside.
        """
        return ['nsenter', f'--net=/run/netns/{self.name}', '--']

    def run(self, *words, check=True):
        """Run a command inside; returns what it printed."""
        return subprocess.run(
            [*self.enter, *words], check=check, text=True, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


class Daemon(daemon.Daemon):
    """The daemon in a network namespace, with bridges.

    ``namespace`` is it.
    """

    def __init__(self, options=None):
        super().__init__({'networks': {'default': 'bridge'},
                          **(options or {})})
        self.namespace = Namespace()

    def _setUp(self):
        self.useFixture(self.namespace)
        super()._setUp()

    @property
    def command(self):
        """Words of the command line before its switches."""
        return [*self.namespace.enter, *super().command]
