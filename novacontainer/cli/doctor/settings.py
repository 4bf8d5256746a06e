"""Values out of configuration files of OpenStack's kind.

Called by the checks that look at what an operator wrote.
"""

from collections.abc import Sequence
import configparser
import pathlib

from novacontainer.cli import failure

#: Of nova-compute, as distributions and DevStack name them.
NOVA = ('etc/nova/nova.conf', 'etc/nova/nova-compute.conf',
        'etc/nova/nova-cpu.conf')


def read(root: pathlib.Path, names: Sequence[str],
         ) -> tuple[configparser.RawConfigParser, str]:
    """Read the files that exist, later ones over earlier ones.

    :param names: relative to the root.
    :returns: what they say, and why one could not be read; '' when all were.
    """
    # An option may stand there several times: the last one counts.
    parser = configparser.RawConfigParser(
        strict=False, default_section='\0', allow_no_value=True,
        comment_prefixes=('#', ';'), inline_comment_prefixes=None)
    why = ''
    for name in names:
        try:
            with (root / name).open() as file:
                parser.read_file(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            why = failure.reason(error)
        except (configparser.Error, UnicodeDecodeError) as error:
            why = ' '.join(f'/{name}: {error}'.split())
    return parser, why
