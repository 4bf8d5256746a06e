"""A place to run the plugin's phases in, with nothing of the host in reach.

The shell that runs them has DevStack's function library or ``standin.sh``,
and a PATH on which what would change the host is replaced by a program that
notes its arguments and keeps what little state the plugin relies on.
"""

import configparser
import os
import pathlib
import subprocess
import sys

import fixtures

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLUGIN = ROOT / 'devstack'
STANDIN = pathlib.Path(__file__).with_name('standin.sh')
UNIT = 'devstack@novacontainerd.service'
SERVICES = 'n-cpu,n-api,g-api,tempest,mysql'

# stack.sh stops at the first command that fails; the other two go on.
_SCRIPT = """
source "$LIBRARY"
# stack.sh has this one itself.
function echo_summary { echo "$*"; }
[[ $1 != stack ]] || set -o errexit
source "$PLUGIN/settings"
source "$PLUGIN/plugin.sh" "$@"
"""

#: Program → what it does, in bash, besides noting its arguments.
_PROGRAMS = {
    'sudo': """
        while [[ ${1:-} == -* ]]; do shift; done
        words=()
        while (($#)); do
            case ${words[0]:-}\\ $1 in
                install\\ -[og]) shift ;;
                *) words+=("$1") ;;
            esac
            shift
        done
        exec "${words[@]}"
    """,
    'systemctl': """
        verb=$1 unit=${!#}
        case $verb in
            enable) touch "$STATE/enabled-$unit" ;;
            disable) rm -f "$STATE/enabled-$unit" ;;
            start) [[ ! -e $STATE/broken-$unit ]]
                   touch "$STATE/active-$unit" ;;
            stop) rm -f "$STATE/active-$unit" ;;
            is-enabled) [[ -e $STATE/enabled-$unit ]] ;;
        esac
    """,
    'pip': """
        while (($#)); do
            if [[ $1 == -r ]]; then sed 's/^/required /' "$2" >>"$CALLS"; fi
            shift
        done
    """,
    'novacontainer': """
        shift 2
        case $1 in
            ps) cat "$STATE/containers" ;;
            rm) : >"$STATE/containers" ;;
        esac
    """,
    'getent': 'grep "^$2:" "$STATE/groups"',
    'groupadd': 'echo "${!#}:" >>"$STATE/groups"',
    'groupdel': 'sed -i "/^$1:/d" "$STATE/groups"',
    'usermod': ':',
    'apt-get': ':',
    'lsb_release': 'echo Debian',
    # As in a container without the kernel's modules.
    'modprobe': 'exit 1',
    'findmnt': 'cat "$STATE/mounts"',
    'umount': """
        grep -q "^$1\\$" "$STATE/busy" && exit 32
        sed -i "\\|^$1\\$|d" "$STATE/mounts"
    """,
}

#: Glance, as far as its command line is used.
_OPENSTACK = """#!{python}
import hashlib, json, os, pathlib, sys
state = pathlib.Path(os.environ['STATE'], 'images')
images = json.loads(state.read_text())
words = sys.argv[1:]
with open(os.environ['CALLS'], 'a') as calls:
    print('openstack', *words, file=calls)
if 'image' not in words:
    sys.exit()
verb, rest = words[words.index('image') + 1], words[words.index('image') + 2:]
def option(name):
    return rest[rest.index(name) + 1]
if verb == 'list':
    print(*[i for i, m in images.items() if m['name'] == option('--name')],
          sep='\\n')
elif verb == 'show':
    found, = [dict(m, id=i) for i, m in images.items()
              if rest[0] in (i, m['name'])]
    print(found[option('-c')])
elif verb == 'delete':
    del images[rest[0]]
elif verb == 'create':
    content = pathlib.Path(option('--file')).read_bytes()
    images['id-of-' + rest[0]] = dict(
        name=rest[0], checksum=hashlib.md5(content).hexdigest(),
        container_format=option('--container-format'),
        disk_format=option('--disk-format'), property=option('--property'))
state.write_text(json.dumps(images))
"""


class Scratch(fixtures.Fixture):
    """Directories, stand-in programs, and the shell."""

    def __init__(self, library=STANDIN):
        super().__init__()
        self.library = library

    def _setUp(self):
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('bin', 'state', 'venv/bin', 'nova/rootwrap.d', 'systemd',
                     'dest', 'data', 'top', 'tempest', 'glance'):
            (self.path / name).mkdir(parents=True)
        for name in ('containers', 'groups', 'mounts', 'busy', 'calls'):
            (self.path / 'state' / name).touch()
        (self.path / 'state' / 'images').write_text('{}')
        for name, does in _PROGRAMS.items():
            self._program(name, does)
        openstack = self.path / 'bin' / 'openstack'
        openstack.write_text(_OPENSTACK.format(python=sys.executable))
        openstack.chmod(0o755)
        for name in ('pip', 'novacontainer'):
            os.replace(self.path / 'bin' / name,
                       self.path / 'venv' / 'bin' / name)
        python = self.path / 'venv' / 'bin' / 'python3'
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)

    def _program(self, name, does):
        program = self.path / 'bin' / name
        program.write_text('#!/bin/bash\nset -e\n'
                           f'echo {name} "$@" >>"$CALLS"\n{does}\n')
        program.chmod(0o755)

    def variables(self):
        """What stack.sh, stackrc and the libraries have set by then."""
        path = self.path
        return {
            'LIBRARY': str(self.library), 'PLUGIN': str(PLUGIN),
            'PATH': f'{path}/bin:{os.environ["PATH"]}', 'HOME': str(path),
            'CALLS': f'{path}/state/calls', 'STATE': f'{path}/state',
            'TOP_DIR': f'{path}/top', 'DEST': f'{path}/dest',
            'DATA_DIR': f'{path}/data', 'FILES': f'{path}/top',
            'GLOBAL_VENV': 'True', 'DEVSTACK_VENV': f'{path}/venv',
            'PYTHON3_VERSION': '3', 'REQUIREMENTS_DIR': f'{path}/dest',
            'STACK_USER': 'stack', 'REGION_NAME': 'RegionOne',
            'SYSTEMD_DIR': f'{path}/systemd', 'KILL_PATH': '/bin/kill',
            'SYSTEMCTL': 'systemctl', 'NOVA_MY_IP': '10.0.0.5',
            'NOVA_CONF_DIR': f'{path}/nova',
            'NOVA_CONF': f'{path}/nova/nova.conf',
            'GLANCE_API_CONF': f'{path}/glance/glance-api.conf',
            'TEMPEST_CONFIG': f'{path}/tempest/tempest.conf',
            'ENABLE_DEBUG_LOG_LEVEL': 'True', 'ENABLED_SERVICES': SERVICES,
            'DISABLED_SERVICES': '', 'VIRT_DRIVER': 'libvirt',
            'NOVACONTAINER_DATA_ROOT': f'{path}/containers',
            'NOVACONTAINER_CONF_DIR': f'{path}/etc',
            'NOVACONTAINER_RUN_ROOT': f'{path}/run',
            # Its packages would have to be fetched.
            'NOVACONTAINER_SSH_IMAGE': 'False',
            'NOVACONTAINER_CGROUPS': f'{path}/cgroup',
        }

    def shell(self, script, *arguments, **variables):
        """Run a script in bash; returns the completed process.

        :param variables: instead of those above.
        """
        return subprocess.run(
            ['bash', '-c', script, 'bash', *arguments], check=False,
            capture_output=True, text=True, cwd=self.path,
            stdin=subprocess.DEVNULL, env={**self.variables(), **variables})

    def phase(self, *phase, **variables):
        """Run one phase; returns what it printed.

        :raises AssertionError: it failed.
        """
        done = self.shell(_SCRIPT, *phase, **variables)
        if done.returncode:
            raise AssertionError(f'{phase}: {done.stdout}\n{done.stderr}')
        return done.stdout + done.stderr

    def calls(self, *programs):
        """Take what was called since the last time, of these or all."""
        path = self.path / 'state' / 'calls'
        lines = path.read_text().splitlines()
        path.write_text('')
        return [line for line in lines
                if not programs or line.partition(' ')[0] in programs]

    def ini(self, name):
        """Read a file of options as a ConfigParser."""
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.optionxform = str
        with (self.path / name).open() as file:
            parser.read_file(file)
        return parser
