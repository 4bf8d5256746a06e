"""OVN beside a test's Open vSwitch: databases, northd, controller.

Used by the tests of ``novacontainer.virt``.  What Neutron would write into
the northbound database the test writes; from there on it is the real thing.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import fixtures

from tests.integration import networkhost

_SCHEMAS = pathlib.Path('/usr/share/ovn')


class Ovn(fixtures.Fixture):
    """One chassis, which is the host that the switch is on.

    :param switch: a :class:`networkhost.OpenVSwitch`.
    """

    def __init__(self, switch):
        super().__init__()
        self._switch = switch

    def _setUp(self):
        if shutil.which('ovn-controller') is None:
            raise unittest.SkipTest(
                'OVN is missing: apt-get install ovn-central ovn-host')
        # A short path: unix(7) allows 107 bytes.
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix='nc-ovn-'))
        self.addCleanup(shutil.rmtree, self._directory)
        self._environment = dict(
            self._switch.environment, OVN_RUNDIR=str(self._directory),
            OVN_LOGDIR=str(self._directory))
        north, south = (self._database(name) for name in ('nb', 'sb'))
        self._north = north
        self._start('ovn-northd', f'--ovnnb-db={north}',
                    f'--ovnsb-db={south}')
        self._switch.vsctl(
            'set', 'Open_vSwitch', '.', 'external_ids:system-id=test',
            f'external_ids:ovn-remote={south}',
            'external_ids:ovn-encap-type=geneve',
            'external_ids:ovn-encap-ip=127.0.0.1',
            'external_ids:ovn-bridge-datapath-type=netdev')
        self._start('ovn-controller', self._switch.connection)

    def nbctl(self, *arguments):
        """Run ovn-nbctl, and wait until the host has what it says."""
        return networkhost.run(
            'ovn-nbctl', f'--db={self._north}', '--timeout=30', '--wait=hv',
            *arguments, env=self._environment)

    def wait(self, port, up):
        """Wait until OVN reports a port up, or down, as it does to Neutron.
        """
        self.nbctl('wait-until', 'Logical_Switch_Port', port,
                   f'up={str(up).lower()}')

    def _database(self, name):
        path = self._directory / f'{name}.db'
        networkhost.run('ovsdb-tool', 'create', str(path),
                        str(_SCHEMAS / f'ovn-{name}.ovsschema'))
        listen = self._directory / f'{name}.sock'
        self._start('ovsdb-server', str(path), f'--remote=punix:{listen}',
                    f'--unixctl={self._directory}/{name}.ctl')
        deadline = time.monotonic() + 20
        while not listen.exists():
            if time.monotonic() > deadline:
                raise AssertionError(f'No ovsdb-server at {listen}')
            time.sleep(0.01)
        return f'unix:{listen}'

    def _start(self, *command):
        log = (self._directory / f'{os.path.basename(command[0])}.out').open(
            'a')
        self.addCleanup(log.close)
        process = subprocess.Popen(
            command, env=self._environment, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
