import inspect
import json

from aiohttp import web
from oslotest import base

from novacontainer.runtime.api import errors
from novacontainer.runtime import exception


class ErrorsTest(base.BaseTestCase):

    def test_every_kind_has_a_status(self):
        kinds = [kind for _, kind in inspect.getmembers(
            exception, inspect.isclass)]
        self.assertEqual(set(kinds), set(errors.STATUS))

    def test_a_kind_of_a_kind(self):

        class Finer(exception.Conflict):
            pass

        self.assertEqual(409, errors.status_of(Finer('x')))

    def test_not_modified_has_no_body(self):
        answer = errors.from_fault(exception.NotModified('It runs.'))
        self.assertEqual((304, None), (answer.status, answer.body))

    def test_http(self):
        for error, status, message in (
                (web.HTTPNotFound(), 404, 'page not found'),
                (web.HTTPMethodNotAllowed('PUT', ['GET']), 404,
                 'page not found'),
                (web.HTTPBadRequest(text='Words.'), 400, 'Words.'),
                (web.HTTPExpectationFailed(), 417,
                 '417: Expectation Failed')):
            answer = errors.from_http(error)
            self.assertEqual((status, message), (
                answer.status, json.loads(answer.body)['message']))
