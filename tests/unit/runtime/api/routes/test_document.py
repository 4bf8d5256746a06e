import asyncio
import json
from unittest import mock

from oslotest import base

from novacontainer.runtime.api import openapi
from novacontainer.runtime.api.routes import document


class TestDocument(base.BaseTestCase):

    def test_is_sent_as_json(self):
        answer = asyncio.run(document.send(mock.Mock()))
        self.assertEqual('application/json', answer.content_type)
        self.assertEqual(openapi.document(), json.loads(answer.body))
