"""The demo's scenario, as a test against the cloud that ``make demo`` made.

Run it with the demo's Python, as root, while that cloud stands::

    /var/lib/novacontainer-demo/venv/bin/python -m unittest \\
        tests.cloud.test_tenant

Without a cloud it fails: a skip would look like success.
"""

import pathlib
import tempfile
import unittest

from demo import directory
from demo import report
from demo import scenario


class TenantTest(unittest.TestCase):

    def test_scenario(self):
        chosen = directory.chosen()
        self.assertTrue(chosen.exists, 'no cloud stands: run "make demo".')
        with tempfile.TemporaryDirectory() as scratch:
            journal = pathlib.Path(scratch) / 'steps.json'
            scenario.run(chosen, report.Report(journal))
