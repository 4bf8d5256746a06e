"""Open vSwitch, which the ports of instances are plugged into.

Called by ``doctor.verdict``; calls ovs-vsctl(8).
"""

from collections.abc import Iterator
import shutil
import subprocess

from novacontainer.cli.doctor import finding

_BRIDGE = 'br-int'
_PATIENCE_S = 5
_SEARCH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

#: Exit code of "br-exists" without such a bridge (ovs-vsctl(8)).
_NO_BRIDGE = 2


def check(path: str = _SEARCH) -> Iterator[finding.Finding]:
    """Look whether it runs, and has the bridge of Neutron's agent.

    :param path: where to look for programs, as in ``PATH``.
    """
    tool = shutil.which('ovs-vsctl', path=path)
    if tool is None:
        yield finding.warn(
            'Open vSwitch', 'missing',
            'Install the package openvswitch-switch and the agent of Neutron '
            '(OVS or OVN), unless instances have no ports.')
        return
    asked = [tool, f'--timeout={_PATIENCE_S}', 'br-exists', _BRIDGE]
    try:
        ended = subprocess.run(
            asked, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=2 * _PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        yield _away(str(error))
        return
    if ended.returncode == 0:
        yield finding.ok('Open vSwitch', f'has {_BRIDGE}')
    elif ended.returncode == _NO_BRIDGE:
        yield finding.warn(
            'Open vSwitch', f'has no bridge {_BRIDGE}',
            'Start the agent of Neutron on this host (OVS or OVN), which '
            'makes it.')
    else:
        lines = ended.stderr.strip().splitlines()
        yield _away(lines[-1] if lines else
                    f'ovs-vsctl ended with {ended.returncode}')


def _away(why: str) -> finding.Finding:
    return finding.warn(
        'Open vSwitch', f'does not answer: {why}',
        'Run this as root, and "systemctl start openvswitch-switch".')
