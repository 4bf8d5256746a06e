"""The commands that the manual shows, and which gate runs each of them.

Used by the test_documents of every gate; reads doc/source and the pages at
the top of the tree.  A command stands in a block ``.. code-block:: console``
behind a prompt, ``$`` or ``#``, and goes on in the next line after ``\\`` or
``|``.  Every block says its language, so that no command hides in another.

A gate takes its commands out of the page (:func:`runs`).  So a new command is
run from then on, or ``tests/unit/test_documents.py`` says that nobody does.
"""

import pathlib
import re
import textwrap
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / 'doc' / 'source'
#: Pages outside of doc/source, as paths from there.
OTHERS = ('../../CONTRIBUTING.rst', '../../README.rst',
          '../../devstack/README.rst')

_BLOCK = re.compile(
    r'^(?P<indent> *)\.\. code-block:: console\n\n'
    r'(?P<lines>(?:(?P=indent) +.*\n|\n)+)', re.MULTILINE)
#: A file that a reader is to write has its path for a caption.
_FILE = re.compile(
    r'^(?P<indent> *)\.\. code-block:: \w+\n'
    r'(?P=indent) +:caption: (?P<path>/\S+)\n\n'
    r'(?P<lines>(?:(?P=indent) +.*\n|\n)+)', re.MULTILINE)
_PROMPT = re.compile(r'^ *[$#] ')
_LANGUAGE = re.compile(
    r'^ *\.\. (?:code|code-block|sourcecode|parsed-literal)::(.*)$'
    r'|^(?! *\.\. ).*(::)$', re.MULTILINE)

_CLOUD = re.compile(r'\bopenstack ')
#: By what a command calls; the first that is found decides.
_BY_PROGRAM = (
    (re.compile(r'(?:^|/| )(?:make|tox) '), 'unit'),
    (re.compile(r'^(?:apt-get|journalctl|pip|systemctl) '), 'integration'),
    (re.compile(''), 'functional'),
)
#: Pages whose other commands one gate runs, whatever they call.
_BY_PAGE = {
    'install/compute-host.rst': 'integration',
    'install/kolla.rst': 'integration',
    'install/packages.rst': 'integration',
    'install/systemd.rst': 'integration',
    'install/upgrades.rst': 'integration',
    'user/first-server.rst': 'cloud',
}


class File(typing.NamedTuple):
    """A file as a page has it written."""

    path: str
    text: str


def pages() -> list[str]:
    """Name every page, relative to doc/source."""
    return sorted([*OTHERS, *(str(path.relative_to(SOURCE))
                              for path in SOURCE.rglob('*.rst'))])


def text(page: str) -> str:
    """Return the source of a page."""
    return (SOURCE / page).read_text()


def blocks(page: str) -> list[list[str]]:
    """List the commands of each block of a page, as a shell takes them."""
    return [_block(found['lines']) for found in _BLOCK.finditer(text(page))]


def commands(page: str) -> list[str]:
    """List the commands of a page, in their order."""
    return [command for block in blocks(page) for command in block]


def mentions(page: str, program: str) -> list[str]:
    """List what sentences of a page say of a program, in one line each."""
    return [' '.join(found.split())
            for found in re.findall(rf'``({program}\s[^`]+)``', text(page))]


def steps(page: str, heading: str) -> list[str | File]:
    """List what a reader of a section does, in the order of the page.

    :param heading: of the section; it is underlined with ``=``.
    :returns: commands, and files to write.
    """
    parts = re.split(r'^(.+)\n=+\n', text(page), flags=re.MULTILINE)
    section = parts[parts.index(heading) + 1]
    found: list[tuple[int, list[str | File]]] = [
        (block.start(), [*_block(block['lines'])])
        for block in _BLOCK.finditer(section)]
    found += [(block.start(), [File(
        block['path'],
        textwrap.dedent(block['lines']).rstrip('\n') + '\n')])
        for block in _FILE.finditer(section)]
    return [step for _, listed in sorted(found, key=lambda one: one[0])
            for step in listed]


def languages(page: str) -> list[str]:
    """List what the literal blocks of a page are written in.

    :returns: ``::`` stands for one that does not say.
    """
    return [bare or named.strip() or '::'
            for named, bare in _LANGUAGE.findall(text(page))]


def gate(page: str, command: str) -> str:
    """Name the gate that is to run a command."""
    if _CLOUD.search(command):
        return 'cloud'
    return _BY_PAGE.get(page) or next(
        name for pattern, name in _BY_PROGRAM if pattern.search(command))


def excuse(page: str, command: str) -> str | None:
    """Say why no test runs a command, if none does."""
    return next((reason for where, begins, reason in EXCUSED
                 if where == page and command.startswith(begins)), None)


def runs(page: str, by: str) -> list[str]:
    """List the commands of a page that a gate has to run."""
    return [command for command in commands(page)
            if gate(page, command) == by and not excuse(page, command)]


def _block(lines: str) -> list[str]:
    found: list[str] = []
    going_on = False
    for line in filter(str.strip, lines.splitlines()):
        if _PROMPT.match(line):
            found.append(_PROMPT.sub('', line))
        elif going_on:
            found[-1] += '\n' + line
        going_on = bool(found) and found[-1].endswith(('\\', '|'))
    return found


_DEVSTACK = ('wants a DevStack; tests/unit/devstack runs the phases of the '
             'plugin')
_INSTALLS = 'tests/integration/test_wheel.py installs what pip builds of it'
_HOSTS = ('wants a second host; tests/functional/test_nova_evacuation.py '
          'evacuates')
#: (page, beginning of a command or several, why no test runs it as it stands
#: there)
EXCUSED: tuple[tuple[str, str | tuple[str, ...], str], ...] = (
    ('../../README.rst', ('/opt/nova/', 'apt-get ', 'systemctl '),
     'install/compute-host.rst has them; the unit gate compares the two'),
    ('../../devstack/README.rst',
     ('/opt/stack/', 'cd ', 'git clone', 'openstack server create', 'source ',
      'sudo ip', 'sudo ovs-vsctl', 'tox -e venv-tempest'), _DEVSTACK),
    ('admin/web.rst', 'ssh ', 'wants a second host'),
    ('admin/troubleshooting.rst', 'openstack compute service set --down',
     _HOSTS),
    ('admin/troubleshooting.rst', 'openstack server evacuate', _HOSTS),
    ('install/packages.rst', 'python -m ', _INSTALLS),
    ('install/quickstart.rst', 'pip install .', _INSTALLS),
    ('install/releases.rst', 'pip install', _INSTALLS),
    ('install/upgrades.rst', 'openstack compute service delete', _HOSTS),
    ('user/images.rst', 'debootstrap ',
     'wants a mirror and a minute; tests/integration/machine.py makes its '
     'machines with it'),
    ('user/images.rst', 'kiwi-ng ',
     'wants repositories of a distribution; test_archive_tools.py loads what '
     'skopeo writes for it'),
    ('install/compute-host.rst', 'apt-get update',
     'the machine of the test has no network; it is made of the packages that '
     'the page installs'),
    ('install/compute-host.rst', 'nova-manage cell_v2 discover_hosts',
     "the controller's; the demo's scheduler does it by itself"),
)
