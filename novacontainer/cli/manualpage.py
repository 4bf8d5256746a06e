"""The verbs in the page of novacontainer(1), made of the parser itself.

Called by ``cli.setup``.
"""

from collections.abc import Mapping

_BEFORE = '.SH ENVIRONMENT\n'


def with_verbs(page: str, helps: Mapping[str, str]) -> str:
    """Put a section with all verbs into the page, in roff (man(7)).

    :param page: etc/man1/novacontainer.1 of the distribution.
    :param helps: verb → what ``--help`` prints.
    """
    verbs = '.SH VERBS\n' + ''.join(
        f'.SS {_escaped(verb)}\n.nf\n{_escaped(text)}.fi\n'
        for verb, text in helps.items())
    return page.replace(_BEFORE, verbs + _BEFORE)


def _escaped(text: str) -> str:
    """Keep roff from reading text as requests or escapes."""
    return ''.join(
        ('\\&' if line.startswith(('.', "'")) else '')
        + line.replace('\\', '\\e').replace('-', '\\-')
        for line in text.splitlines(keepends=True))
