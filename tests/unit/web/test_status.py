import contextlib
from unittest import mock

from oslotest import base

from novacontainer.client import exceptions
from novacontainer.client import framing
from novacontainer.web import status
from tests.unit.web import test_usage


class StatusTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.client = mock.Mock()
        self.client.system.info.return_value = {'Name': 'h'}
        self.client.containers.documents.return_value = [
            {'Id': 'a', 'State': 'running', 'ImageID': 'sha256:1'},
            {'Id': 'b', 'State': 'exited', 'ImageID': 'sha256:1'}]
        self.client.containers.document.return_value = {
            'Id': 'a', 'Name': '/a', 'HostConfig': {'Memory': 5}}
        self.client.usage.sample.return_value = test_usage.stats(1, 0)
        self.now_s = 0.0
        self.status = status.Status(self.client, lambda: self.now_s)

    def test_overview(self):
        shown = self.status.overview(history=False)
        self.assertEqual('h', shown['host']['name'])
        self.assertEqual([5, 5], [
            one['limits']['memory_bytes'] for one in shown['containers']])
        self.assertEqual([700, None], [
            one['usage'] and one['usage']['memory_bytes']
            for one in shown['containers']])
        self.assertNotIn('history', shown)
        # What does not run uses nothing.
        self.client.usage.sample.assert_called_once_with('a')

    def test_history(self):
        shown = self.status.overview(history=True)
        self.assertEqual(['a'], list(shown['history']))
        self.assertEqual(700, shown['history']['a'][0]['memory_bytes'])

    def test_limits_are_looked_up_now_and_then(self):
        document = self.client.containers.document
        for _ in range(3):
            self.status.overview(history=False)
        self.assertEqual(2, document.call_count)
        self.now_s += 11
        self.status.overview(history=False)
        self.assertEqual(4, document.call_count)

    def test_limits_of_what_is_gone_are_forgotten(self):
        self.status.overview(history=False)
        listed = self.client.containers.documents.return_value
        self.client.containers.documents.return_value = []
        self.status.overview(history=False)
        self.client.containers.documents.return_value = listed
        self.status.overview(history=False)
        self.assertEqual(4, self.client.containers.document.call_count)

    def test_a_container_goes_while_we_look(self):
        self.client.containers.document.side_effect = (
            exceptions.NotFound('gone'))
        shown = self.status.overview(history=False)
        self.assertEqual([{}, {}], [
            one['limits'] for one in shown['containers']])

    def test_container(self):
        self.assertEqual('a', self.status.container('a')['name'])

    def test_logs(self):
        self.client.containers.follow.return_value = contextlib.nullcontext(
            [(framing.STDERR, b'oh\n')])
        self.assertEqual(
            {'lines': [{'stream': 'stderr', 'time': '', 'text': 'oh'}]},
            self.status.logs('a'))
        self.client.containers.follow.assert_called_once_with(
            'a', follow=False, tail_lines=200, timestamps=True)

    def test_images(self):
        self.client.images.documents.return_value = [{'Id': 'sha256:1'}]
        image, = self.status.images()['images']
        self.assertEqual(2, image['containers'])

    def test_events(self):
        self.client.events.documents.return_value = iter(
            {'timeNano': number} for number in range(1000))
        found = self.status.events()['events']
        self.assertEqual(status.EVENTS, len(found))
        self.assertEqual('999', found[0]['time_ns'])
        asked = self.client.events.documents.call_args.kwargs
        # Only the past: the stream ends.
        self.assertGreater(float(asked['until']), float(asked['since']))
