import pathlib
import subprocess

import fixtures

from novacontainer.cli import app
from tests.unit.cli import command

_ROOT = pathlib.Path(__file__).resolve().parents[3]
#: Stands for the program: containers as "ps -f json" shows them.
_PROGRAM = r"""#!/bin/sh
case "$*" in
'--socket /s ps -a -f json') printf '  "/other",\n' ;;
'ps -a -f json') printf '[\n {\n  "Id": "f00",\n  "/web",\n  "/db"\n' ;;
images) printf 'Repository Tag ID\nweb latest 1\nh:5/x 1.2 2\n<none> - 3\n' ;;
'completion bash') cat "$SCRIPT" ;;
esac
"""
_ASK = """
. "$1"
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
while read -r COMP_LINE; do
    COMP_POINT=$((${#COMP_LINE} - 1))
    COMPREPLY=()
    _novacontainer
    echo "${COMPREPLY[*]}"
done
"""


class CompletionTestCase(command.CommandTestCase):

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        program = self.directory / 'novacontainer'
        program.write_text(_PROGRAM)
        program.chmod(0o755)
        self.script = self.directory / 'script'
        self.script.write_text(self.run_command(['completion']).output)
        (self.directory / 'web.tar').touch()

    def complete(self, *lines, script=None):
        """Return what each line can go on with."""
        ended = subprocess.run(
            # The stop keeps the white space at a line's end.
            ['bash', '-c', _ASK, 'x', str(script or self.script)],
            input=''.join(f'novacontainer {line}.\n' for line in lines),
            env={'PATH': f'{self.directory}:/usr/bin:/bin',
                 'SCRIPT': str(self.script)},
            cwd=self.directory, capture_output=True, text=True, check=True,
            timeout=60)
        self.assertEqual('', ended.stderr)
        return [line.split() for line in ended.stdout.splitlines()]

    def test_every_verb(self):
        first, image = self.complete('', 'image ')
        names = [one.name for one in app.VERBS]
        self.assertEqual(
            {name.partition(' ')[0] for name in names},
            set(first) - {'--help', '--socket'})
        self.assertIn('upload', image)
        text = self.script.read_text()
        for name in names:
            quoted = f"'{name}'" if ' ' in name else name
            self.assertIn(f'\n    {quoted})\n', text)

    def test_words(self):
        for line, words in {
                'hist': ['history'],
                'ps --no-': ['--no-trunc'],
                'image upload --visi': ['--visibility'],
                'stop ': ['web', 'db'],
                'stop w': ['web'],
                '--socket /s stop ': ['other'],
                'stop -t 3 w': ['web'],
                'run web:l': ['latest'],
                'run h:5/x:': ['1.2'],
                'inspect w': ['web', 'web:latest'],
                'load -i w': ['web.tar'],
                'cp we': ['web:', 'web.tar'],
                'put ': ['novacontainer', 'script', 'web.tar'],
                'prune im': ['images'],
                'nonsense x': []}.items():
            self.assertEqual(sorted(words),
                             sorted(self.complete(line)[0]), line)

    def test_what_is_installed(self):
        stub = _ROOT / 'etc/bash-completion/novacontainer'
        self.assertEqual([['history']], self.complete('hist', script=stub))
