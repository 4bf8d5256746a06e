"""Whether what was read is what was meant.

Called by ``cli.arrivals`` and ``cli.sources``.
"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
import hashlib
import re


_LENGTHS = {'sha256': 64, 'sha512': 128}


def parse(text: str) -> tuple[str, str]:
    """Read ``sha256:…`` or ``sha512:…``.

    :returns: the algorithm, and the sum in hexadecimal.
    :raises argparse.ArgumentTypeError: when it is none.
    """
    algorithm, _, expected = text.partition(':')
    if (len(expected) != _LENGTHS.get(algorithm)
            or not re.fullmatch('[0-9a-fA-F]*', expected)):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a checksum: write sha256: or sha512: and the '
            'sum in hexadecimal')
    return algorithm, expected.lower()


class Checked:
    """Bytes in pieces, which fail at their end when the sum differs."""

    def __init__(self, source: Iterable[bytes], algorithm: str,
                 expected: str) -> None:
        self._source = source
        self._algorithm = algorithm
        self._expected = expected
        self._sum = hashlib.new(algorithm)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces.

        :raises OSError: at the end, when these were other bytes.
        """
        for piece in self._source:
            self._sum.update(piece)
            yield piece
        if self._sum.hexdigest() != self._expected:
            raise OSError(
                f'its {self._algorithm} is {self._sum.hexdigest()}, not '
                f'{self._expected}; nothing was kept')
