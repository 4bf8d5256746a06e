"""What the manual shows: every command is one that a test runs.

The other gates run them, with their own test_documents; here is seen that
they do, and that what only a whole gate could run exists.
"""

import ast
import configparser
import re
import shlex
import subprocess
import textwrap
from unittest import mock
from xml.etree import ElementTree

from nova.conf import opts as nova_opts
from oslo_log import _options as log_opts
from oslotest import base

from novacontainer.cli import app
from novacontainer.cli import misuse
from novacontainer.runtime import conf as runtime_conf
from novacontainer.virt import conf as virt_conf
from tests import documents

#: What is no command; those are in ``console``.
LANGUAGES = ('console', 'dockerfile', 'ini', 'json', 'nginx', 'text', 'yaml')

_SVG = '{http://www.w3.org/2000/svg}'
_OURS = re.compile(r'(?:^|[|;&] )novacontainer (.*)$', re.DOTALL)
#: ``[section] option``, as the manual names an option of ours.
_INI = re.compile(
    r'^(?P<indent> *)\.\. code-block:: (?:ini|text)\n'
    r'(?:(?P=indent) +:.*\n)*\n(?P<lines>(?:(?P=indent) +.*\n|\n)+)',
    re.MULTILINE)
_OPTION = re.compile(r'``\[(\w+)\]\s+(\w+)``')


def _settings(page):
    """List what a page's blocks set, as (section, option)."""
    found = []
    for block in _INI.finditer(documents.text(page)):
        section = None
        for line in textwrap.dedent(block['lines']).splitlines():
            if header := re.fullmatch(r'\[(\w+)\]', line):
                section = header[1]
            elif option := re.match(r'(\w+) *=', line):
                found.append((section, option[1]))
    return found


def _known(*lists):
    """Return (section, option) of all that lists of options have."""
    return {(str(group or 'DEFAULT'), option.dest)
            for listed in lists for group, options in listed
            for option in options}


def _ours(command):
    """Return the words behind ``novacontainer``, if a command calls it."""
    found = _OURS.search(command)
    return shlex.split(
        found[1].split(' > ')[0], comments=True) if found else None


def _unrun():
    """List the first command of each page that a gate does not know of."""
    return [(page, gate, commands[0]) for page in documents.pages()
            for gate, texts in _GATES.items()
            if (commands := documents.runs(page, gate))
            and page not in texts]


def _texts(gate):
    """Return every text in the tests of a gate."""
    return {node.value
            for path in (documents.ROOT / 'tests' / gate).glob('test_*.py')
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)}


_GATES = {gate: _texts(gate)
          for gate in ('functional', 'integration', 'cloud')}


class TestEveryCommandIsRun(base.BaseTestCase):

    def test_a_test_takes_them_out_of_the_page(self):
        """Whichever gate a command is for has a test that names the page."""
        self.assertEqual([], _unrun())

    def test_a_new_command_is_noticed(self):
        """On a page whose commands of that kind no test runs so far."""
        new = {'admin/new.rst': [('functional', 'docker ps'),
                                 ('cloud', 'openstack server list'),
                                 ('integration', 'systemctl restart it')],
               'reference/fields.rst': [('functional', 'novacontainer ps')],
               'install/packages.rst': [('integration', 'journalctl -f')]}
        for page, found in new.items():
            for gate, command in found:
                with mock.patch.multiple(
                        documents, pages=lambda page=page: [page],
                        text=lambda page, command=command:
                        f'.. code-block:: console\n\n   # {command}\n'):
                    self.assertEqual([(page, gate, command)], _unrun())

    def test_excuses_are_needed(self):
        unneeded = [(page, begins) for page, words, _ in documents.EXCUSED
                    for begins in ([words] if isinstance(words, str)
                                   else words)
                    if not begins or not any(
                        command.startswith(begins)
                        for command in documents.commands(page))]
        self.assertEqual([], unneeded)

    def test_the_readme_has_commands_of_the_guide(self):
        guide = {' '.join(command.split())
                 for command in documents.commands('install/compute-host.rst')}
        found = [' '.join(command.split())
                 for command in documents.commands('../../README.rst')
                 if documents.excuse('../../README.rst', command)]
        self.assertGreater(len(found), 3)
        self.assertEqual([], [one for one in found if one not in guide])

    def test_make_knows_the_targets(self):
        for command in self.ours('make'):
            done = subprocess.run(
                ['bash', '-c', command.replace('make ', 'make -n ', 1)],
                cwd=documents.ROOT, capture_output=True, text=True,
                check=False)
            self.assertEqual(0, done.returncode, (command, done.stderr))

    def test_tox_knows_the_environments(self):
        given = configparser.ConfigParser(interpolation=None)
        given.read(documents.ROOT / 'tox.ini')
        for command in self.ours('tox'):
            names = re.search(r' -e (\S+)', command)[1].split(',')
            self.assertEqual([], [name for name in names
                                  if f'testenv:{name}' not in given])

    def ours(self, program):
        """List the commands of this gate that call a program."""
        found = [command for page in documents.pages()
                 for command in documents.runs(page, 'unit')
                 if re.search(rf'\b{program}\b', command)]
        self.assertGreater(len(found), 3)
        return found


class TestPictures(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.pictures = sorted((documents.SOURCE / '_pictures').iterdir())
        self.assertGreater(len(self.pictures), 2)

    def test_a_page_shows_each_and_says_what_it_is(self):
        pages = '\n'.join(map(documents.text, documents.pages()))
        for picture in self.pictures:
            self.assertRegex(pages, rf'image:: /_pictures/{picture.name}\n'
                                    r' +:alt: \w')

    def test_readable_in_light_and_dark_and_by_no_eye(self):
        for picture in self.pictures:
            root = ElementTree.parse(picture).getroot()
            named = {child.tag.removeprefix(_SVG) for child in root}
            self.assertLessEqual({'title', 'desc', 'style'}, named)
            style = root.find(f'{_SVG}style').text
            light, dark = style.split('@media (prefers-color-scheme: dark)')
            for colour in re.findall(r'(--\w+):', light):
                self.assertIn(f'{colour}:', dark)
            # Without a colour of its own it would be black in the dark.
            self.assertNotIn('fill="', picture.read_text())

    def test_nothing_sticks_out(self):
        for picture in self.pictures:
            root = ElementTree.parse(picture).getroot()
            _, _, width, height = map(float, root.get('viewBox').split())
            for text in root.iter(f'{_SVG}text'):
                self.assertLess(float(text.get('x')), width)
                self.assertLess(float(text.get('y')), height)


class TestDocuments(base.BaseTestCase):

    def test_commands_are_found(self):
        self.assertIn('openstack image create --container-format docker '
                      '--disk-format raw \\\n       --file web.tar my-web',
                      documents.commands('user/first-server.rst'))

    def test_files_and_commands_are_in_order(self):
        steps = documents.steps('install/compute-host.rst', 'nova-compute')
        unit = steps[1]
        self.assertEqual('/opt/nova/bin/novacontainer doctor', steps[0])
        self.assertEqual('/etc/systemd/system/nova-compute.service',
                         unit.path)
        self.assertTrue(unit.text.startswith('[Unit]\nDescription='))
        self.assertTrue(unit.text.endswith('=multi-user.target\n'))
        self.assertEqual('systemctl daemon-reload', steps[2])

    def test_every_block_says_its_language(self):
        """So that none has commands of which no test knows."""
        self.assertEqual([], [
            (page, language) for page in documents.pages()
            for language in documents.languages(page)
            if language not in LANGUAGES])

    def test_our_verbs_are_taken(self):
        parser = app.parser()
        taken = 0
        for page in documents.pages():
            for words in map(_ours, documents.commands(page)):
                if words is not None:
                    parser.parse_args(words)
                    taken += 1
        self.assertGreater(taken, 15)

    def test_sentences_name_verbs(self):
        named = [(page, said) for page in documents.pages()
                 for said in documents.mentions(page, 'novacontainer')]
        self.assertGreater(len(named), 5)
        verbs = tuple(f'novacontainer {verb}' for verb in app.help_texts())
        self.assertEqual([], [one for one in named
                              if not one[1].startswith(verbs)])

    def test_a_verb_that_is_not_there_is_noticed(self):
        self.assertRaises(misuse.Misused, app.parser().parse_args,
                          _ours('novacontainer launch web'))

    def test_options_exist(self):
        known = _known(runtime_conf.list_opts(), virt_conf.list_opts())
        groups = {group for group, _ in known} - {'DEFAULT'}
        named = {(page, *found)
                 for page in documents.pages()
                 for found in _OPTION.findall(
                     documents.text(page))
                 if found[0] in groups}
        self.assertGreater(len(named), 15)
        self.assertEqual(set(), {one for one in named
                                 if one[1:] not in known})

    def test_settings_exist(self):
        """Ours, Nova's and its libraries', section by section."""
        known = _known(runtime_conf.list_opts(), virt_conf.list_opts(),
                       nova_opts.list_opts(), log_opts.list_opts())
        # Of oslo.messaging, which would bring eventlet into this process.
        known.add(('DEFAULT', 'transport_url'))
        sections = {section for section, _ in known}
        named = [(page, *found) for page in documents.pages()
                 for found in _settings(page) if found[0] in sections]
        self.assertGreater(len(named), 10)
        self.assertEqual([], [one for one in named
                              if one[1:] not in known])
