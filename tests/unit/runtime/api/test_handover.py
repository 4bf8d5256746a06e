import asyncio

from oslotest import base

from novacontainer.runtime.api import handover


class HandoverTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.released = []

    async def leave(self, work):
        """Await, and be cancelled meanwhile."""
        task = asyncio.ensure_future(
            handover.taken(work, self.released.append))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.assertTrue(task.cancelled())

    def test_result(self):
        async def run():
            work = asyncio.get_running_loop().create_future()
            work.set_result('fd')
            return await handover.taken(work, self.released.append)

        self.assertEqual('fd', asyncio.run(run()))
        self.assertEqual([], self.released)

    def test_result_that_nobody_takes(self):
        async def run():
            work = asyncio.get_running_loop().create_future()
            await self.leave(work)
            work.set_result('fd')
            await asyncio.sleep(0)

        asyncio.run(run())
        self.assertEqual(['fd'], self.released)

    def test_failure_that_nobody_sees(self):
        async def run():
            for end in (lambda work: work.cancel(),
                        lambda work: work.set_exception(OSError('x'))):
                work = asyncio.get_running_loop().create_future()
                await self.leave(work)
                end(work)
                await asyncio.sleep(0)

        asyncio.run(run())
        self.assertEqual([], self.released)
