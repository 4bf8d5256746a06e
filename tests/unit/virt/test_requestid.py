import threading

from nova import context as nova_context
from oslo_context import fixture
from oslotest import base

from novacontainer.virt import requestid


class CurrentTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixture.ClearRequestContext())

    def test_nova_s(self):
        context = nova_context.RequestContext(
            'user', 'project', is_admin=False)
        self.assertEqual(context.request_id, requestid.current())
        self.assertRegex(requestid.current(), '^req-[0-9a-f-]{36}$')

    def test_nobody_s(self):
        self.assertEqual('', requestid.current())

    def test_of_this_thread(self):
        nova_context.RequestContext('user', 'project', is_admin=False)
        seen = []
        thread = threading.Thread(
            target=lambda: seen.append(requestid.current()))
        thread.start()
        thread.join()
        self.assertEqual([''], seen)
