import time

from tests.functional import sdk


class EventsTest(sdk.SdkTestCase):

    def test_a_life_in_events(self):
        began = time.time()
        container = self.create_container('sh', '-c', 'exit 3',
                                          labels={'mine': 'yes'})
        container.start()
        container.wait()
        container.remove()
        shown = list(self.docker.events(
            since=f'{began:.6f}', until=f'{time.time():.6f}', decode=True,
            filters={'container': container.id}))
        self.assertEqual(['create', 'start', 'die', 'destroy'],
                         [event['Action'] for event in shown])
        died = shown[2]['Actor']['Attributes']
        self.assertEqual(('3', 'yes', 'busybox:test'), (
            died['exitCode'], died['mine'], died['image']))

    def test_following(self):
        stream = self.docker.events(
            decode=True, filters={'event': ['start', 'die']})
        container = self.run_container()
        container.kill()
        self.assertEqual(
            [('start', container.id), ('die', container.id)],
            [(event['Action'], event['id'])
             for event in (next(stream), next(stream))])
        stream.close()

    def test_images(self):
        began = time.time()
        self.docker.images.get(sdk.IMAGE).tag('shop/event', '1')
        self.docker.images.remove('shop/event:1')
        shown = list(self.docker.events(
            since=f'{began:.6f}', until=f'{time.time():.6f}', decode=True,
            filters={'type': 'image'}))
        self.assertEqual(['tag', 'untag'],
                         [event['Action'] for event in shown])
