from oslotest import base

from novacontainer.runtime.api.views import logs
from novacontainer.runtime.service import logs as log_service


def line(stream, text, partial=False):
    """Make a record."""
    return log_service.LogLine(1, stream, text, partial)


class WriterTest(base.BaseTestCase):

    def writer(self, **options):
        """Make a writer that shows everything, raw."""
        return logs.Writer(**{
            'streams': frozenset({'stdout', 'stderr'}),
            'timestamps': False, 'raw': True, **options})

    def test_frame(self):
        self.assertEqual(b'\x02\0\0\0\0\0\0\x03abc',
                         logs.frame('stderr', b'abc'))

    def test_a_line_has_one_time_even_across_reads_and_streams(self):
        writer = self.writer(timestamps=True)
        stamp = b'1970-01-01T00:00:00.000000001Z '
        self.assertEqual(stamp + b'a',
                         writer.render([line('stdout', b'a', True)]))
        self.assertEqual(stamp + b'x\n', writer.render([line('stderr',
                                                             b'x')]))
        self.assertEqual(b'b\n' + stamp + b'c\n', writer.render(
            [line('stdout', b'b'), line('stdout', b'c')]))

    def test_streams_are_chosen(self):
        writer = self.writer(streams=frozenset({'stderr'}))
        self.assertEqual(b'2\n', writer.render(
            [line('stdout', b'1'), line('stderr', b'2')]))
