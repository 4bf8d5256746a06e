import io
import json
import logging

from oslo_config import cfg
from oslo_log import formatters
from oslo_log import log
from oslotest import base

from novacontainer.runtime import requestid

_IDENT = 'req-12345678-1234-1234-1234-123456789abc'


class TagTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        token = requestid.CURRENT.set(requestid.NONE)
        self.addCleanup(requestid.CURRENT.reset, token)
        self.written = io.StringIO()
        self.handler = logging.StreamHandler(self.written)
        self.handler.addFilter(requestid.Tag())
        self.log = logging.getLogger(self.id())
        self.log.addHandler(self.handler)
        self.addCleanup(self.log.removeHandler, self.handler)

    def say(self, ident):
        token = requestid.CURRENT.set(ident)
        self.log.warning('50%% of %s', 'it')
        requestid.CURRENT.reset(token)
        return self.written.getvalue()

    def test_json(self):
        self.handler.setFormatter(formatters.JSONFormatter())
        line = json.loads(self.say(_IDENT))
        self.assertEqual({'request_id': _IDENT}, line['context'])
        self.assertEqual('50% of it', line['message'])

    def test_json_outside_of_requests(self):
        self.handler.setFormatter(formatters.JSONFormatter())
        self.assertEqual({}, json.loads(self.say(requestid.NONE))['context'])

    def test_text(self):
        conf = cfg.ConfigOpts()
        log.register_options(conf)
        conf([], default_config_files=[])
        conf.set_override('logging_context_format_string',
                          requestid.FORMAT)
        self.handler.setFormatter(formatters.ContextFormatter(config=conf))
        self.assertIn(f' WARNING {self.id()} [{_IDENT}] 50% of it\n',
                      self.say(_IDENT))


class TagLogTest(base.BaseTestCase):

    def test_every_handler(self):
        root = logging.getLogger()
        handler = logging.StreamHandler(io.StringIO())
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        before = {one: list(one.filters) for one in root.handlers}
        requestid.tag_log()
        for one, filters in before.items():
            self.addCleanup(one.filters.__init__, filters)
            self.assertIsInstance(one.filters[-1], requestid.Tag)
