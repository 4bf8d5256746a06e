"""Who may import whom, read from the source and held against one table.

The direction is the design's (doc/source/contributor/architecture.rst):
``cmd → runtime.daemon → api → service → {store, storage, engine, network,
image, oci, unpack} → host``; virt, client and the runtime share the wire only.
"""

import ast
import pathlib
import sys

from oslotest import base

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = 'novacontainer'
LEAVES = ('runtime.models', 'runtime.deltas', 'runtime.networking',
          'runtime.measures', 'runtime.limits', 'runtime.exception',
          'runtime.conf', 'runtime.requestid', 'runtime.servicemanager')

#: Part of the package → the parts it may import, beside itself.  A module
#: belongs to the longest name that matches it.
MAY_IMPORT = {
    'cmd': ('runtime.daemon', *LEAVES),
    'cmd.cli': ('cli',),
    'cli': ('client', 'web'),
    'web': ('client',),
    'client': (),
    'virt': ('client',),
    'runtime.models': ('runtime.limits',),
    'runtime.limits': (),
    'runtime.measures': ('runtime.models',),
    'runtime.deltas': ('runtime.models',),
    'runtime.networking': (),
    'runtime.requestid': (),
    'runtime.servicemanager': (),
    'runtime.exception': (),
    'runtime.conf': (),
    'runtime.daemon': (
        'runtime.api', 'runtime.service', 'runtime.store',
        'runtime.storage', 'runtime.engine', 'runtime.network',
        'runtime.image', 'runtime.oci', 'runtime.unpack', 'runtime.host',
        *LEAVES),
    'runtime.api': ('runtime.service', *LEAVES),
    'runtime.service': (
        'runtime.store', 'runtime.storage', 'runtime.engine',
        'runtime.network', 'runtime.image', 'runtime.oci', 'runtime.unpack',
        'runtime.host', *LEAVES),
    'runtime.store': ('runtime.host', *LEAVES),
    'runtime.storage': ('runtime.host', *LEAVES),
    'runtime.engine': ('runtime.host', *LEAVES),
    'runtime.network': ('runtime.host', *LEAVES),
    'runtime.image': ('runtime.host', *LEAVES),
    'runtime.oci': ('runtime.host', *LEAVES),
    'runtime.unpack': ('runtime.image', 'runtime.host', *LEAVES),
    'runtime.host': LEAVES,
}

#: Foreign module → the only parts that may import it.
ONLY_IN = {
    'aiohttp': ('runtime.api', 'runtime.daemon'),
    'asyncio': ('runtime.api', 'runtime.daemon'),
    'ctypes': ('runtime.host', 'virt.privsep', 'web.privileges'),
    'eventlet': (),
    'nova': ('virt',),
    'castellan': ('virt.connections',),
    'os_brick': ('virt.connections',),
    'os_vif': ('virt',),
    'oslo_privsep': ('virt.privsep', 'virt.vif'),
    'pyseccomp': ('runtime.engine',),
    'requests': ('client',),
    'requests_unixsocket': ('client',),
    'sqlite3': ('runtime.store', 'runtime.service'),
}

#: What the client may import beside the standard library.
CLIENT_NEEDS = {'requests', 'requests_unixsocket', 'urllib3'}

#: Calls on ``os`` that change or duplicate the process: the host part's.
HOST_CALLS = {'fork', 'forkpty', 'setns', 'unshare'}


def modules():
    """Yield (dotted name below the package, syntax tree) of each module."""
    for path in sorted((ROOT / PACKAGE).rglob('*.py')):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix('').parts
        if parts[-1] == '__init__':
            parts = parts[:-1]
        yield '.'.join(parts), ast.parse(path.read_text(), str(path))


def imports(tree):
    """Yield (dotted name, line) of everything the module imports.

    ``from a import b`` yields ``a.b``: whether b is a module or a name in
    one, the longest known part decides.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base_name = '.' * node.level + (node.module or '')
            for alias in node.names:
                yield f'{base_name}.{alias.name}', node.lineno


def within(name, part):
    """Tell whether a dotted name is the part or lies inside it."""
    return name == part or name.startswith(part + '.')


def part_of(name):
    """Return the part of MAY_IMPORT a module belongs to, or None."""
    parts = [part for part in MAY_IMPORT if within(name, part)]
    return max(parts, key=len, default=None)


class TestLayers(base.BaseTestCase):

    def test_every_module_has_a_place(self):
        homeless = [name for name, _ in modules()
                    if name not in ('', 'runtime') and part_of(name) is None]
        self.assertEqual([], homeless)

    def test_direction_of_imports(self):
        wrong = []
        for name, tree in modules():
            part = part_of(name)
            for target, line in imports(tree):
                # The package itself is empty; it is imported for its path.
                if target == PACKAGE or not within(target, PACKAGE):
                    continue
                target_part = part_of(target[len(PACKAGE) + 1:])
                if target_part != part and (
                        target_part not in MAY_IMPORT.get(part, ())):
                    wrong.append(f'{name}:{line} imports {target}')
        self.assertEqual([], wrong)

    def test_imports_are_absolute(self):
        wrong = [f'{name}:{line}' for name, tree in modules()
                 for target, line in imports(tree) if target.startswith('.')]
        self.assertEqual([], wrong)

    def test_foreign_modules_stay_in_their_part(self):
        wrong = []
        for name, tree in modules():
            for target, line in imports(tree):
                top = target.split('.')[0]
                if top in ONLY_IN and not any(
                        within(name, part) for part in ONLY_IN[top]):
                    wrong.append(f'{name}:{line} imports {top}')
        self.assertEqual([], wrong)

    def test_client_needs_little(self):
        allowed = CLIENT_NEEDS | sys.stdlib_module_names | {PACKAGE}
        wrong = [f'{name}:{line} imports {target}'
                 for name, tree in modules() if within(name, 'client')
                 for target, line in imports(tree)
                 if target.split('.')[0] not in allowed]
        self.assertEqual([], wrong)

    def test_only_host_forks_and_enters_namespaces(self):
        wrong = []
        for name, tree in modules():
            if within(name, 'runtime.host'):
                continue
            for node in ast.walk(tree):
                if (isinstance(node, ast.Attribute)
                        and node.attr in HOST_CALLS
                        and isinstance(node.value, ast.Name)
                        and node.value.id == 'os'):
                    wrong.append(f'{name}:{node.lineno} os.{node.attr}')
        self.assertEqual([], wrong)


class TestTheTestItself(base.BaseTestCase):
    """A check that finds nothing must be able to find something."""

    def test_it_reads_imports(self):
        tree = ast.parse('import a.b\nfrom c import d as e\nfrom . import f')
        self.assertEqual([('a.b', 1), ('c.d', 2), ('..f', 3)],
                         list(imports(tree)))

    def test_longest_part_wins(self):
        self.assertEqual('runtime.store', part_of('runtime.store.blobs'))
        self.assertEqual('virt', part_of('virt.privsep.link'))
        self.assertIsNone(part_of('runtime.storeroom'))
