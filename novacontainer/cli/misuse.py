"""What is wrong with the words of a command line, in plain sentences.

Called by ``cli.app``.  argparse's own words are for programmers; where it
should change them, they pass through as they are.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import difflib
import re
import typing

#: Verbs of Docker's that are not ours → what to do instead.
_ELSEWHERE = {
    'build': 'build images elsewhere (docker, buildah, kaniko) and bring '
             'them here with "novacontainer load" or "put"',
    'login': 'there is no registry to log in to: images come from archives, '
             'URLs and Glance',
    'push': 'there is no registry: "novacontainer image upload" brings '
            'images to Glance, and "save" writes archives',
    'search': 'there is no registry: "openstack image list" shows the '
              'images of Glance',
    'container': 'verbs about containers stand alone, as in "novacontainer '
                 'ps" and "novacontainer rm"',
}
_ELSEWHERE |= {'buildx': _ELSEWHERE['build'], 'logout': _ELSEWHERE['login']}


class Misused(Exception):
    """The words on the command line are wrong."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where the help is."""

    def error(self, message: str) -> typing.NoReturn:
        """Refuse the command line."""
        raise Misused(f'{sentence(message)} See "{self.prog} --help".')


def _required(found: 're.Match[str]') -> str:
    # What comes after the image is never missing.
    names = [one for one in found[1].split(', ')
             if one not in ('COMMAND', 'OPTIONS')]
    if names == ['VERB']:
        return 'Say what is to be done: a verb is missing.'
    verb = 'is' if len(names) == 1 else 'are'
    return f'{" and ".join(names)} {verb} missing.'


def _choice(found: 're.Match[str]') -> str:
    choices = re.findall(r"[^\s,']+", found[3])
    if found[1] == 'VERB':
        return _no_verb(found[2], choices)
    return f'{found[1]}: {found[2]!r} is none of {", ".join(choices)}.'


def _no_verb(word: str, verbs: Iterable[str]) -> str:
    if word in _ELSEWHERE:
        return f'There is no verb "{word}": {_ELSEWHERE[word]}.'
    near = difflib.get_close_matches(word, list(verbs), 1)
    guess = f'; did you mean "{near[0]}"?' if near else '.'
    return f'There is no verb "{word}"{guess}'


def _unrecognised(found: 're.Match[str]') -> str:
    word = found[1].split()[0]
    if word.startswith('-'):
        return f'There is no switch "{word}".'
    return f'"{word}" is one word too many.'


#: argparse's words → ours.
_SENTENCES: Sequence[tuple[str, Callable[['re.Match[str]'], str]]] = (
    (r'the following arguments are required: (.*)', _required),
    (r"argument (.*): invalid choice: '(.*)' \(choose from (.*)\)", _choice),
    (r'unrecognized arguments: (.*)', _unrecognised),
    (r'argument (.*): invalid int value: (.*)',
     lambda found: f'{found[1]}: {found[2]} is not a whole number.'),
    (r'argument (.*): expected one argument',
     lambda found: f'{found[1]} needs a value.'),
    (r'argument (.*): not allowed with argument (.*)',
     lambda found: f'{found[1]} and {found[2]} contradict each other.'),
    (r"argument (.*): ignored explicit argument '(.*)'",
     lambda found: f'{found[1]} takes no value.'),
    (r'argument (.*: .*)', lambda found: f'{found[1]}.'),
)


def sentence(message: str) -> str:
    """Say in plain words what argparse says."""
    for pattern, words in _SENTENCES:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            return words(found)
    return f'{message}.'
