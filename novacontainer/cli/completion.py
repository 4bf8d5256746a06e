"""The verb that tells bash how command lines can go on.

Put together by ``cli.app``, whose parser it reads; what it prints is loaded by
etc/bash-completion/novacontainer.  Names of containers and images come from
the daemon, at the moment a person asks for them.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterable
import shlex

from novacontainer.cli import verb

#: Metavar of a positional argument → how bash finds what can stand there.
_SOURCES = {
    'CONTAINER': '_novacontainer_containers', 'IMAGE': '_novacontainer_images',
    'NAME': '_novacontainer_both', 'FILE': '_novacontainer_files',
    'SOURCE': '_novacontainer_places', 'TARGET': '_novacontainer_places',
}

_HEAD = """\
# bash completion of novacontainer, made by "novacontainer completion".

_novacontainer_ask() {
    command novacontainer ${__socket:+--socket "$__socket"} "$@" 2>/dev/null
}
_novacontainer_containers() {
    _novacontainer_ask ps -a -f json | sed -n 's|^ *"/\\([^"]*\\)",*$|\\1|p'
}
_novacontainer_images() {
    _novacontainer_ask images | awk 'NR > 1 && $1 != "<none>" {
        print $1 ":" $2 }'
}
_novacontainer_both() {
    _novacontainer_containers
    _novacontainer_images
}
_novacontainer_files() {
    compgen -f -- "$__current"
}
_novacontainer_places() {
    _novacontainer_containers | sed 's/$/:/'
    _novacontainer_files
}

_novacontainer() {
    local __current __socket='' __verb='' __index __word IFS=$'\\n'
    local __line=() __before __switches='' __names='' __valued=''
    # The words as the shell sees them, not split at every colon.
    __before=${COMP_LINE:0:COMP_POINT}
    IFS=$' \\t\\n' read -ra __line <<< "$__before"
    __current=''
    if [[ $__before != *[[:space:]] ]]; then
        __current=${__line[-1]}
        unset '__line[-1]'
    fi
    for ((__index = 1; __index < ${#__line[@]}; __index++)); do
        __word=${__line[__index]}
        case $__verb:$__word in
        :--socket)
            __socket=${__line[++__index]} ;;
        :-*) ;;
        :*)
            __verb=$__word ;;
"""

_TAIL = """\
    esac
    if [[ " $__valued " == *" ${__line[-1]} "* ]]; then
        COMPREPLY=($(compgen -f -- "$__current"))
    elif [[ $__current == -* ]]; then
        COMPREPLY=($(compgen -W "${__switches// /$'\\n'}" -- "$__current"))
    elif [[ -n $__names ]]; then
        COMPREPLY=($(compgen -W "$($__names)" -- "$__current"))
    else
        COMPREPLY=($(compgen -W "${__switches// /$'\\n'}" -- "$__current"))
    fi
    # Readline replaces only what follows the last colon.
    if [[ $__current == *:* && $COMP_WORDBREAKS == *:* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${__current%"${__current##*:}"}"}")
    fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -F _novacontainer novacontainer
"""


def script(parsers: dict[str, argparse.ArgumentParser]) -> str:
    """Write the completion of these verbs.

    :param parsers: by name of the verb, of one word or two.
    """
    groups = sorted({name.partition(' ')[0] for name in parsers
                     if ' ' in name})
    lines = [_HEAD.rstrip('\n')]
    lines += [
        f'        {group}:*)\n            __verb="{group} $__word" ;;'
        for group in groups]
    lines += ['        esac', '    done', '    case $__verb in']
    lines += [_case('', _first_words(parsers), (), '')]
    for group in groups:
        words = (name.partition(' ')[2] for name in parsers
                 if name.startswith(f'{group} '))
        lines.append(_case(group, words, (), ''))
    lines += [_verb_case(name, one) for name, one in parsers.items()]
    return '\n'.join(lines) + '\n' + _TAIL


def _first_words(parsers: Iterable[str]) -> list[str]:
    return sorted({name.partition(' ')[0] for name in parsers} | {
        '--socket', '--help'})


def _verb_case(name: str, parser: argparse.ArgumentParser) -> str:
    switches: list[str] = []
    valued, source = ['--socket'], ''
    for action in parser._actions:  # argparse has no public way to list them
        switches += action.option_strings
        if action.option_strings and action.nargs != 0:
            valued += action.option_strings
        if not action.option_strings and not source:
            source = _SOURCES.get(str(action.metavar), '')
            if action.choices and not source:
                switches += map(str, action.choices)
    return _case(name, switches, valued, source)


def _case(name: str, switches: Iterable[str], valued: Iterable[str],
          source: str) -> str:
    return (f'    {shlex.quote(name)})\n'
            f'        __switches={shlex.quote(" ".join(switches))}\n'
            f'        __valued={shlex.quote(" ".join(valued))}\n'
            f'        __names={shlex.quote(source)} ;;')


def verbs(parsers: Callable[[], dict[str, argparse.ArgumentParser]],
          ) -> tuple[verb.Verb, ...]:
    """Make the verb.

    :param parsers: gives those of all verbs.
    """

    def run(context: verb.Context, given: argparse.Namespace) -> int:
        context.console.output.write(script(parsers()))
        return 0

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument('shell', choices=('bash',), nargs='?',
                            default='bash')

    return (verb.Verb(
        'completion', 'Print what bash needs to complete command lines',
        arguments, run, examples=(
            ('. <(novacontainer completion)', 'for this shell'),)),)
