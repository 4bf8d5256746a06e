"""A root directory of a host, for checks that read its files.

Used by the tests in this directory.
"""

import pathlib

import fixtures
from oslotest import base


class HostRootTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def write(self, name, text):
        """Have the host have a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
