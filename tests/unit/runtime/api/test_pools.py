import asyncio
import contextvars
import threading

import fixtures
from oslotest import base

from novacontainer.runtime.api import pools
from novacontainer.runtime import exception


class PoolsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.pools = pools.Pools(reads=1, changes=1, bulk=1)
        self.addCleanup(self.pools.close)

    def test_one_kind_does_not_delay_another(self):
        release = threading.Event()
        self.addCleanup(release.set)

        async def run():
            bulk = self.pools.bulk(release.wait, 20)
            change = asyncio.ensure_future(
                self.pools.change(release.wait, 20))
            self.assertEqual(3, await self.pools.read(lambda: 3))
            release.set()
            await bulk
            await change

        asyncio.run(run())

    def test_a_change_goes_on_without_its_client(self):
        log = self.useFixture(fixtures.FakeLogger())
        release, ended = threading.Event(), threading.Event()

        def change():
            release.wait(20)
            ended.set()
            raise exception.Conflict('Too late.')

        async def run():
            task = asyncio.ensure_future(self.pools.change(change))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait({task})
            release.set()
            await asyncio.to_thread(ended.wait, 20)
            # Behind it in the same thread: its outcome is known by then.
            await self.pools.change(int)

        asyncio.run(run())
        self.assertTrue(ended.is_set())
        self.assertIn('Conflict: Too late.', log.output)

    def test_a_transfer_that_waits_lets_others_work(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def slow():
            with self.pools.aside():
                release.wait(20)

        async def run():
            waiting = [self.pools.bulk(slow) for _ in range(4)]
            self.assertEqual(3, await self.pools.bulk(lambda: 3))
            release.set()
            await asyncio.gather(*waiting)
            # All of them have given their turns back.
            self.assertEqual(4, await self.pools.bulk(lambda: 4))

        asyncio.run(run())

    def test_as_many_transfers_work_as_may(self):
        release, second = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        async def run():
            first = self.pools.bulk(release.wait, 20)
            other = self.pools.bulk(second.set)
            await asyncio.wait({other}, timeout=0.1)
            self.assertFalse(second.is_set())
            release.set()
            await first
            await other

        asyncio.run(run())

    def test_threads_know_the_request(self):
        variable = contextvars.ContextVar('variable')

        async def run():
            variable.set('req-1')
            return await self.pools.read(variable.get)

        self.assertEqual('req-1', asyncio.run(run()))
