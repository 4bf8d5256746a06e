import io
import os
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime.service import logs

STAMP = '2026-11-20T23:39:%02d.%09d+00:00'


def record(number, text, tag='F', stream='stdout'):
    stamp = STAMP % (number % 60, number)
    return f'{stamp} {stream} {tag} {text}\n'.encode()


class ParseTest(base.BaseTestCase):

    def test_a_line(self):
        line = logs.parse(b'2026-11-20T23:39:00.000000007Z stderr P a b ')
        self.assertEqual(
            logs.LogLine(1795217940 * 10**9 + 7, 'stderr', b'a b ', True),
            line)

    def test_offsets_and_short_fractions(self):
        east = logs.parse(b'2026-11-21T01:39:00.5+02:00 stdout F x')
        west = logs.parse(b'2026-11-20T21:09:00.500-02:30 stdout F x')
        self.assertEqual(1795217940 * 10**9 + 5 * 10**8, east.time_ns)
        self.assertEqual(east, west)

    def test_an_empty_line(self):
        self.assertEqual(
            b'', logs.parse(b'2026-11-20T23:39:00Z stdout F ').text)
        self.assertEqual(
            b'', logs.parse(b'2026-11-20T23:39:00Z stdout F').text)

    def test_what_is_no_record(self):
        for text in (b'', b'x', b'2026-11-20T23:39:00Z stdin F x',
                     b'2026-11-20T23:39:00Z stdout X x',
                     b'yesterday stdout F x'):
            self.assertIsNone(logs.parse(text), text)


class LogTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, 'log')

    def open(self, tail=None, since_ns=0, until_ns=0):
        reader = logs.open_log(
            self.path, tail=tail, since_ns=since_ns, until_ns=until_ns)
        self.addCleanup(reader.close)
        return reader

    def texts(self, reader, limit=1000):
        return [line.text.decode() for line in reader.read(limit)]

    def write(self, *records, mode='wb'):
        with open(self.path, mode) as file:
            file.writelines(records)

    def test_a_missing_file_is_empty_until_it_comes(self):
        reader = self.open(tail=5)
        self.assertEqual([], self.texts(reader))
        self.write(record(1, 'a'))
        self.assertEqual(['a'], self.texts(reader))

    def test_limit_and_growth(self):
        self.write(*[record(n, str(n)) for n in range(5)])
        reader = self.open()
        self.assertEqual(['0', '1', '2'], self.texts(reader, 3))
        self.assertEqual(['3', '4'], self.texts(reader, 3))
        self.assertEqual([], self.texts(reader, 3))
        self.write(record(5, '5'), mode='ab')
        self.assertEqual(['5'], self.texts(reader, 3))

    def test_a_record_that_is_half_written_is_left_for_later(self):
        whole = record(1, 'abc')
        self.write(whole[:20])
        reader = self.open()
        self.assertEqual([], self.texts(reader))
        self.write(whole[20:], mode='ab')
        self.assertEqual(['abc'], self.texts(reader))

    def test_conmon_starts_the_file_anew(self):
        self.write(record(1, 'old'), record(2, 'old'))
        reader = self.open()
        self.texts(reader)
        other = self.path.with_suffix('.tmp')
        other.write_bytes(record(3, 'new'))
        os.rename(other, self.path)
        self.assertEqual(['new'], self.texts(reader))

    def test_the_file_is_truncated(self):
        self.write(record(1, 'old'), record(2, 'old'))
        reader = self.open()
        self.texts(reader)
        self.write(record(3, 'new'))
        self.assertEqual(['new'], self.texts(reader))

    def test_garbage_is_skipped(self):
        self.write(record(1, 'a'), b'\0' * 200000 + b'\n', b'junk\n',
                   record(2, 'b'))
        self.assertEqual(['a', 'b'], self.texts(self.open()))

    def test_since_and_until_are_inclusive(self):
        self.write(*[record(n, str(n)) for n in range(5)])
        times = [line.time_ns for line in self.open().read(9)]
        self.assertEqual(['1', '2', '3'], self.texts(
            self.open(since_ns=times[1], until_ns=times[3])))

    def test_tail(self):
        self.write(*[record(n, str(n)) for n in range(9)])
        self.assertEqual([], self.texts(self.open(tail=0)))
        self.assertEqual(['8'], self.texts(self.open(tail=1)))
        self.assertEqual(['6', '7', '8'], self.texts(self.open(tail=3)))
        self.assertEqual(9, len(self.texts(self.open(tail=9))))
        self.assertEqual(9, len(self.texts(self.open(tail=99))))

    def test_tail_counts_the_pieces_of_a_line_once(self):
        self.write(record(1, 'one'), record(2, 'tw', 'P'), record(3, 'o'),
                   record(4, 'thr', 'P'), record(5, 'ee', 'P'))
        self.assertEqual(['thr', 'ee'], self.texts(self.open(tail=1)))
        self.assertEqual(['tw', 'o', 'thr', 'ee'],
                         self.texts(self.open(tail=2)))

    def test_tail_across_blocks_is_exact(self):
        records = [record(n, 'x' * (n * 37 % 900)) for n in range(2000)]
        self.write(*records)
        content = b''.join(records)
        for lines in (1, 2, 150, 151, 1999, 2000):
            with open(self.path, 'rb') as file:
                offset, _ = logs.tail_offset(file, lines)
            self.assertEqual(b''.join(records[-lines:]), content[offset:])

    def test_tail_reads_no_more_than_it_needs(self):
        content = b''.join(record(n, 'x' * 90) for n in range(20000))

        class Counting(io.BytesIO):
            taken = 0

            def read(self, size=-1):
                self.taken += size
                return super().read(size)

        file = Counting(content)
        logs.tail_offset(file, 3)
        self.assertEqual(logs.BLOCK, file.taken)

    def test_tail_of_an_empty_file(self):
        self.write()
        self.assertEqual([], self.texts(self.open(tail=3)))


class EarlierTest(base.BaseTestCase):
    """What is kept of logs that began anew."""

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name) / 'log'
        for name, numbers in (('log.2', (1, 2)), ('log.1', (3, 4)),
                              ('log', (5, 6))):
            (self.path.parent / name).write_bytes(
                b''.join(record(number, str(number)) for number in numbers))

    def read(self, tail=None):
        reader = logs.open_log(self.path, tail=tail, since_ns=0, until_ns=0)
        self.addCleanup(reader.close)
        return [int(line.text) for line in reader.read(100)]

    def test_all(self):
        self.assertEqual([1, 2, 3, 4, 5, 6], self.read())

    def test_tail(self):
        for tail in range(8):
            self.assertEqual([1, 2, 3, 4, 5, 6][max(0, 6 - tail):],
                             self.read(tail), tail)
