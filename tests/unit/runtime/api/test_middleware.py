import asyncio
import io
import json
import logging
import re
from unittest import mock

import fixtures
from oslo_log import formatters

from novacontainer.runtime.api import errors
from novacontainer.runtime.api import middleware
from novacontainer.runtime import exception
from novacontainer.runtime import requestid
from tests.unit.runtime.api import served

HEADER = 'X-Openstack-Request-Id'


class RequestIdTest(served.ServedTestCase):

    def test_the_callers_id_is_kept_and_logged(self):
        log = self.useFixture(fixtures.FakeLogger(level=logging.DEBUG))
        ident = 'req-12345678-1234-1234-1234-123456789abc'
        answer = self.call('POST', '/containers/x/start', None,
                           {HEADER: ident})
        self.assertEqual(ident, answer.headers[HEADER])
        self.assertIn('POST /containers/x/start -> 204', log.output)
        self.assertRegex(log.output, r'from pid \d+ uid \d+ gid \d+')

    def test_every_line_of_the_request_has_it(self):
        output = io.StringIO()
        handler = logging.StreamHandler(output)
        handler.setFormatter(formatters.JSONFormatter())
        handler.addFilter(requestid.Tag())
        root = logging.getLogger()
        self.useFixture(fixtures.FakeLogger(level=logging.DEBUG))
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        ident = 'req-12345678-1234-1234-1234-123456789abc'
        self.containers.give('start', ZeroDivisionError('in a thread'))
        self.call('POST', '/containers/x/start', None, {HEADER: ident})
        lines = [json.loads(line) for line in output.getvalue().splitlines()]
        ours = [line for line in lines if 'novacontainer' in line['name']]
        self.assertLess(2, len(ours))
        self.assertEqual({ident}, {line['context']['request_id']
                                   for line in ours})

    def test_why_it_was_refused(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.containers.give('start', exception.Conflict(
            'No "x\n\x1b[1m" here.', 'some.code'))
        self.call('POST', '/containers/x/start')
        self.assertRegex(
            log.output,
            r'POST /containers/x/start -> 409 in \d+ ms: '
            r'No "x \[1m" here\.\n')

    def test_an_id_that_is_none_is_replaced(self):
        for given in ('', 'x', 'req-' + 'x' * 36, 'req-1\tx'):
            answer = self.call('GET', '/_ping', None, {HEADER: given})
            self.assertTrue(re.fullmatch(
                'req-[0-9a-f-]{36}', answer.headers[HEADER]))

    def test_streams_and_refusals_have_one_too(self):
        self.containers.exit.set_result(0)
        for method, path in (('POST', '/containers/x/wait'),
                             ('GET', '/nothing'), ('GET', '/v9.9/info')):
            self.assertIn('req-', self.call(method, path).headers[HEADER])


class TranslateTest(served.ServedTestCase):

    def test_every_kind(self):
        for kind, status in errors.STATUS.items():
            self.containers.give('start', kind('Words.', 'some.code'))
            answer = self.call('POST', '/containers/x/start')
            self.assertEqual(status, answer.status)
            if status != 304:
                self.assertEqual(
                    {'message': 'Words.', 'code': 'some.code'}, answer.json)

    def test_words_that_are_not_text(self):
        self.containers.give('start', exception.Conflict('\udcff'))
        self.assert_refused(409, 'conflict', self.call(
            'POST', '/containers/x/start'))

    def test_nobody_is_there(self):
        log = self.useFixture(fixtures.FakeLogger(level=logging.DEBUG))
        request = mock.MagicMock(transport=None)
        request.__contains__.return_value = False

        async def handler(_request):
            raise ConnectionResetError('the client has gone')

        answer = asyncio.run(middleware.translate(request, handler))
        self.assertEqual(499, answer.status)
        self.assertIn('The client went away', log.output)
        self.assertNotIn('Unexpected', log.output)

    def test_a_peer_of_ours_is_not_there(self):
        self.containers.give('start', ConnectionRefusedError('secret'))
        self.assert_refused(500, 'internal', self.call(
            'POST', '/containers/x/start'))

    def test_unexpected_failure_names_only_its_id(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.containers.give('start', ZeroDivisionError('secret'))
        answer = self.call('POST', '/containers/x/start')
        message = self.assert_refused(500, 'internal', answer)
        self.assertIn(answer.headers[HEADER], message)
        self.assertNotIn('secret', answer.body.decode())
        self.assertIn('ZeroDivisionError: secret', log.output)
