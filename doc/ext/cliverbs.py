"""Sphinx directive ``cli-verbs``: the help of every verb, as it is printed.

Called by Sphinx for doc/source/cli/index.rst; calls ``novacontainer.cli``.
"""

from docutils import nodes
from docutils.parsers import rst

from novacontainer.cli import app as cli


class CliVerbs(rst.Directive):
    """One section a verb, made of the parser itself."""

    def run(self):
        """Return the sections."""
        return [self._section(name, text)
                for name, text in cli.help_texts().items()]

    def _section(self, name, text):
        section = nodes.section(ids=['novacontainer-' + nodes.make_id(name)])
        section += nodes.title(text=name)
        section += nodes.literal_block(text, text, language='none')
        return section


def setup(app):
    """Make the directive known to Sphinx."""
    app.add_directive('cli-verbs', CliVerbs)
    return {'parallel_read_safe': True}
