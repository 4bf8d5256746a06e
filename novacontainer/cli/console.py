"""Where a command writes: output, errors, and whether a person looks.

Made by ``cli.app``, used by every verb.  Text that came from a container or
an image is written with its control characters made visible, because it is a
tenant's and a terminal would obey it.
"""

import io
import json
import sys
import typing


def visible(text: str) -> str:
    """Show control characters as escapes instead of sending them."""
    return ''.join(
        character if character.isprintable()
        else character.encode('unicode_escape', 'backslashreplace').decode()
        for character in text)


class Console:
    """The three standard streams of one command.

    :param output: text stream with a binary ``buffer`` below it.
    """

    def __init__(self, output: typing.TextIO, errors: typing.TextIO,
                 source: typing.BinaryIO) -> None:
        self.output = output
        self.errors = errors
        self.source = source

    @classmethod
    def standard(cls) -> 'Console':
        """Make the console of this process."""
        for stream in (sys.stdout, sys.stderr):
            # In the C locale not every name can be written.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors='backslashreplace')
        return cls(sys.stdout, sys.stderr, sys.stdin.buffer)

    def say(self, line: str) -> None:
        """Write one line of output."""
        self.output.write(visible(line) + '\n')

    def complain(self, message: str) -> None:
        """Write one plain line on standard error."""
        line = visible(' '.join(message.split()))
        self.errors.write(f'novacontainer: {line}\n')
        self.errors.flush()

    def document(self, value: typing.Any) -> None:
        """Write JSON, in several lines."""
        # ASCII only: escapes are harmless to a terminal, and JSON all the
        # same.
        self.output.write(json.dumps(value, indent=2) + '\n')

    def json_line(self, value: typing.Any) -> None:
        """Write JSON as one line, at once."""
        self.output.write(json.dumps(value) + '\n')
        self.output.flush()

    def send(self, data: bytes, *, to_errors: bool = False) -> None:
        """Write bytes as they are, at once."""
        stream = self.errors if to_errors else self.output
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()

    def output_is_terminal(self) -> bool:
        """Tell whether a person reads the output."""
        return self.output.isatty()

    def errors_are_terminal(self) -> bool:
        """Tell whether a person sees a progress bar."""
        return self.errors.isatty()
