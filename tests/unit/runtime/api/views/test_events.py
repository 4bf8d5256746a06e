import json

from oslotest import base

from novacontainer.runtime.api.views import events
from novacontainer.runtime import models


class EventsViewTest(base.BaseTestCase):

    def test_image_event(self):
        shown = json.loads(events.message(models.Event(
            'image', 'tag', 'sha256:1', {'name': 'x:1'}, 1500000000)))
        self.assertEqual(('tag', 'sha256:1', 1, 1500000000), (
            shown['status'], shown['id'], shown['time'],
            shown['timeNano']))
        self.assertNotIn('from', shown)

    def test_other_events_have_no_old_members(self):
        shown = json.loads(events.message(models.Event(
            'daemon', 'reload', 'x', {}, 1)))
        self.assertNotIn('status', shown)
        self.assertEqual('x', shown['Actor']['ID'])
