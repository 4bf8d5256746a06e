import asyncio
import threading

from oslotest import base

from novacontainer.runtime.api import subscription
from novacontainer.runtime import models
from novacontainer.runtime.service import events


def event(number):
    return models.Event('container', str(number), 'c', {}, number)


class SubscriptionTest(base.BaseTestCase):

    def run_async(self, coroutine):
        """Run a coroutine, but not for ever."""
        return asyncio.run(asyncio.wait_for(coroutine, 20))

    def test_events_of_other_threads_arrive_in_order(self):

        async def run():
            hub = events.EventHub()
            with subscription.Subscription(hub) as live:
                thread = threading.Thread(target=lambda: [
                    hub.publish(event(number)) for number in range(1000)])
                thread.start()
                seen = [int((await anext(live)).action)
                        for _ in range(1000)]
                thread.join()
            return seen

        self.assertEqual(list(range(1000)), self.run_async(run()))

    def test_history_is_not_told_twice(self):

        async def run():
            hub = events.EventHub()
            with subscription.Subscription(hub) as live:
                hub.publish(event(1))
                live.skip(hub.history(0, 10))
                hub.publish(event(2))
                return (await anext(live)).action

        self.assertEqual('2', self.run_async(run()))

    def test_a_slow_client_loses_the_stream_not_an_event(self):

        async def run():
            hub = events.EventHub()
            seen = []
            with subscription.Subscription(hub, queue_max=3) as live:
                for number in range(9):
                    hub.publish(event(number))
                async for one in live:
                    seen.append(one.action)
            return seen

        self.assertEqual(['0', '1', '2'], self.run_async(run()))

    def test_ends_with_the_block(self):

        async def run():
            hub = events.EventHub()
            with subscription.Subscription(hub):
                pass
            return hub._callbacks

        self.assertEqual({}, self.run_async(run()))
