import asyncio
import concurrent.futures
import contextlib
import hashlib

from oslotest import base

from novacontainer.runtime.api import streams
from novacontainer.runtime import exception


def drain(source, size):
    """Read a channel to its end, like a worker."""
    digest, sizes = hashlib.sha256(), []
    while data := source.read(size):
        digest.update(data)
        sizes.append(len(data))
    return digest.hexdigest(), sizes


class StreamsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def run_async(self, coroutine):
        """Run a coroutine, but not for ever."""
        return asyncio.run(asyncio.wait_for(coroutine, 20))

    def start(self, call, *args):
        """Run a call in the worker's thread."""
        return asyncio.get_running_loop().run_in_executor(
            self.pool, call, *args)


class UploadTest(StreamsTestCase):

    def test_every_byte_arrives_in_order(self):
        pieces = [bytes([number]) * size for number, size in enumerate(
            (1, 5000, 3, 70000, 1, 65536, 12345))]

        async def run(size):
            upload = streams.Upload(limit_bytes=10000)
            work = self.start(drain, upload, size)
            for piece in pieces:
                await upload.feed(piece)
            upload.finish()
            return await work

        for size in (1000, 65536, 10**9):
            digest, sizes = self.run_async(run(size))
            self.assertEqual(
                hashlib.sha256(b''.join(pieces)).hexdigest(), digest)
            self.assertLessEqual(max(sizes), size)

    def test_a_slow_worker_holds_the_feeder_back(self):

        async def run():
            upload = streams.Upload(limit_bytes=100)
            await upload.feed(b'x' * 60)
            feeding = asyncio.ensure_future(upload.feed(b'y' * 60))
            await asyncio.sleep(0.05)
            self.assertFalse(feeding.done())
            await self.start(upload.read, 60)
            await asyncio.sleep(0.05)
            self.assertFalse(feeding.done())
            await self.start(upload.read, 10)
            await feeding

        self.run_async(run())

    def test_failure_reaches_the_worker(self):

        async def run():
            upload = streams.Upload()
            await upload.feed(b'x')
            upload.fail('the client went away')
            return await self.start(upload.read, 10)

        fault = self.assertRaises(exception.InvalidRequest, self.run_async,
                                  run())
        self.assertEqual('image.upload_aborted', fault.code)

    def test_failure_after_the_end_is_none(self):

        async def run():
            upload = streams.Upload()
            await upload.feed(b'x')
            upload.finish()
            upload.fail('the client went away')
            return await self.start(drain, upload, 10)

        self.assertEqual([1], self.run_async(run())[1])

    def test_abandoned_channel_swallows(self):

        async def run():
            upload = streams.Upload(limit_bytes=10)
            feeding = asyncio.ensure_future(upload.feed(b'x' * 20))
            await asyncio.sleep(0)
            upload.abandon()
            await feeding
            for _ in range(10):
                await upload.feed(b'x' * 20)

        self.run_async(run())


class DownloadTest(StreamsTestCase):

    def test_every_byte_arrives_in_order(self):
        pieces = [bytes([number]) * size for number, size in enumerate(
            (1, 5000, 3, 70000, 0, 65536, 12345))]

        def write(sink):
            for piece in pieces:
                sink.write(piece)

        async def run():
            download = streams.Download(limit_bytes=10000)
            work = self.start(write, download)
            work.add_done_callback(lambda _: download.finish())
            taken = []
            while data := await download.take():
                taken.append(data)
            await work
            return b''.join(taken)

        self.assertEqual(b''.join(pieces), self.run_async(run()))

    def test_the_writers_buffer_may_change(self):

        async def run():
            download = streams.Download()
            buffer = bytearray(b'abc')
            download.write(memoryview(buffer))
            buffer[:] = b'xyz'
            return await download.take()

        self.assertEqual(b'abc', self.run_async(run()))

    def test_a_slow_client_holds_the_worker_back(self):

        async def run():
            download = streams.Download(limit_bytes=10)
            download.write(b'x' * 10)
            work = self.start(download.write, b'y')
            await asyncio.sleep(0.05)
            self.assertFalse(work.done())
            await download.take()
            await work

        self.run_async(run())

    def test_a_client_that_left_fails_the_worker(self):

        async def run():
            download = streams.Download(limit_bytes=10)
            download.write(b'x' * 10)
            work = self.start(download.write, b'y')
            await asyncio.sleep(0.05)
            download.close()
            await work

        fault = self.assertRaises(exception.InvalidRequest, self.run_async,
                                  run())
        self.assertEqual('image.download_aborted', fault.code)


class IdleTest(StreamsTestCase):

    def test_a_silent_uploader_counts_as_gone(self):

        class Silent:
            async def readany(self):
                await asyncio.sleep(20)

        async def run():
            upload = streams.Upload(patience_s=0.05)
            work = self.start(upload.read, 10)
            await upload.pump(Silent())
            await work

        fault = self.assertRaises(exception.TimedOut, self.run_async, run())
        self.assertIn('nothing more of it came', fault.message)

    def test_who_waits_for_a_client_steps_aside(self):
        steps = []

        @contextlib.contextmanager
        def aside():
            steps.append('aside')
            yield
            steps.append('back')

        async def upload():
            channel = streams.Upload(aside=aside)
            work = self.start(channel.read, 10)
            while steps != ['aside']:
                await asyncio.sleep(0.001)
            await channel.feed(b'data')
            return await work

        async def download():
            channel = streams.Download(limit_bytes=1, aside=aside)
            channel.write(b'data')
            work = self.start(channel.write, b'more')
            while steps[2:] != ['aside']:
                await asyncio.sleep(0.001)
            await channel.take()
            return await work

        self.assertEqual(b'data', self.run_async(upload()))
        self.assertEqual(['aside', 'back'], steps)
        self.assertEqual(4, self.run_async(download()))
        self.assertEqual(['aside', 'back'] * 2, steps)

    def test_a_client_that_does_not_read_counts_as_gone(self):

        class Full:
            async def write(self, data):
                await asyncio.sleep(20)

        self.assertRaises(ConnectionResetError, self.run_async,
                          streams.send(Full(), b'x', 0.05))
