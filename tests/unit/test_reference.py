"""The reference page lists exactly the requests that the API serves."""

import pathlib
import re
from unittest import mock

from oslotest import base

from novacontainer.runtime.api import app
from novacontainer.runtime.api.routes import unserved

PAGE = (pathlib.Path(__file__).resolve().parents[2]
        / 'doc/source/reference/api.rst')
ROW = re.compile(r'^   \* - ``([A-Z]+) (/\S+)``$', re.MULTILINE)
#: Served with other words than a row of their own: HEAD is named beside
#: GET.
BESIDE = {('HEAD', '/_ping'),
          ('HEAD', '/containers/{name:.+}/archive')}


class TestReference(base.BaseTestCase):

    def test_page_lists_what_is_served(self):
        refused = {(method, path) for method, path, _ in unserved.PATHS}
        served = {(method, path) for method, path, _
                  in app.routes(
                      mock.Mock(), mock.Mock(), mock.Mock())}
        served = {(method, re.sub(r'{(\w+):[^}]*}', r'{\1}', path))
                  for method, path in served - refused - BESIDE}
        self.assertEqual(served, set(ROW.findall(PAGE.read_text())))
