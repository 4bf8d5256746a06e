"""The shape of the tree: sizes, names and the habits that keep it readable.

The numbers are the project's (HACKING.rst), not a style checker's, which is
why they are held here.
"""

import ast
import pathlib

from oslotest import base

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Lines; the aim is 400, this is where a second noun has surely moved in.
MODULE_LIMIT = 500
#: Lines from def to the end; the aim is 50, a screen.
FUNCTION_LIMIT = 60
#: Drawers: names that say nothing about what lies inside.
DRAWERS = {'util', 'utils', 'common', 'helper', 'helpers', 'misc', 'tools'}


def sources(*tops):
    """Yield the paths of the Python files below the given directories."""
    for top in tops:
        yield from sorted((ROOT / top).rglob('*.py'))


def shown(path):
    """Return the path as a person writes it."""
    return str(path.relative_to(ROOT))


def functions(tree):
    """Yield every function and method in a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


class TestTree(base.BaseTestCase):

    def test_modules_are_short(self):
        long = {shown(path): lines
                for path in sources('novacontainer', 'tests', 'benchmarks',
                                    'demo')
                if (lines := path.read_text().count('\n')) > MODULE_LIMIT}
        self.assertEqual({}, long)

    def test_functions_fit_a_screen(self):
        long = [f'{shown(path)}:{node.lineno} {node.name}'
                for path in sources('novacontainer')
                for node in functions(ast.parse(path.read_text()))
                if node.end_lineno - node.lineno >= FUNCTION_LIMIT]
        self.assertEqual([], long)

    def test_no_drawers(self):
        self.assertEqual([], [shown(path)
                              for path in sources('novacontainer', 'tests')
                              if path.stem in DRAWERS])

    def test_modules_say_their_place(self):
        mute = [shown(path) for path in sources('novacontainer')
                if (tree := ast.parse(path.read_text())).body
                and not ast.get_docstring(tree)]
        self.assertEqual([], mute)

    def test_no_promises(self):
        words = ('TODO', 'FIXME', 'XXX')
        found = [f'{shown(path)}:{number}'
                 for path in sources('novacontainer', 'benchmarks', 'demo')
                 for number, line in enumerate(
                     path.read_text().splitlines(), 1)
                 if any(word in line for word in words)]
        self.assertEqual([], found)
