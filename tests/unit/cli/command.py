"""One command line in this process, in front of a scripted runtime."""

import dataclasses
import io
import json

from oslotest import base

from novacontainer.cli import app
from novacontainer.cli import console as cli_console
from tests.unit.client import endpoint


class Stream(io.TextIOWrapper):
    """A text stream whose bytes can be looked at afterwards.

    :param terminal: what ``isatty`` says.
    """

    def __init__(self, terminal=False):
        super().__init__(io.BytesIO(), encoding='utf-8', newline='')
        self._terminal = terminal

    def isatty(self):
        return self._terminal

    @property
    def text(self):
        """Everything that was written."""
        self.flush()
        return self.buffer.getvalue().decode()


class Source(io.BytesIO):
    """Standard input.

    :param terminal: what ``isatty`` says.
    """

    def __init__(self, data=b'', terminal=False):
        super().__init__(data)
        self._terminal = terminal

    def isatty(self):
        return self._terminal


@dataclasses.dataclass
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str


def console(terminal=False, data=b''):
    """Make a console whose streams are kept."""
    return cli_console.Console(
        Stream(terminal), Stream(terminal), Source(data, terminal))


def answer(body, **kwargs):
    """Make an answer of JSON."""
    return endpoint.Answer(json.dumps(body).encode(), **kwargs)


class CommandTestCase(base.BaseTestCase):
    """Has ``run``; what was asked is in ``requests``."""

    def run_command(self, words, *answers, terminal=False, data=b'',
                    source=None):
        """Run a command against these answers.

        :param source: standard input as a file with a descriptor.
        """
        served = self.useFixture(endpoint.Endpoint(*answers))
        used = console(terminal, data)
        if source is not None:
            used.source = source
        code = app.main(['--socket', served.path, *words], used)
        self.requests = served.requests
        return Ended(code, used.output.text, used.errors.text)

    def paths(self):
        """What was asked, without the API's version."""
        return [f'{one.method} {one.path.removeprefix("/v1.44")}'
                for one in self.requests]
