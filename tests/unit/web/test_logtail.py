from oslotest import base

from novacontainer.client import framing
from novacontainer.web import logtail

_AT = b'2026-01-02T03:04:05.678901234Z '


def texts(*pieces):
    return [line.text for line in logtail.tail(pieces)]


class TailTestCase(base.BaseTestCase):

    def test_lines_with_their_streams_and_times(self):
        self.assertEqual(
            [logtail.Line('stdout', '2026-01-02T03:04:05.678901234Z', 'a b'),
             logtail.Line('stderr', '', 'bare')],
            logtail.tail([(framing.STDOUT, _AT + b'a b\n'),
                          (framing.STDERR, b'bare\n')]))

    def test_lines_are_put_together_by_stream(self):
        self.assertEqual(['err', 'out', 'end'], texts(
            (framing.STDOUT, _AT + b'o'), (framing.STDERR, _AT + b'err\n'),
            (framing.STDOUT, b'ut\n' + _AT + b'end')))

    def test_text_is_made_plain(self):
        self.assertEqual(
            ['<script>', 'tab     x', 'dos', '\ufffd', 'red'],
            texts((framing.STDOUT, b'<script>\ntab\tx\ndos\r\n\xff\n'
                   b'\x1b[31mred\x1b[0m')))

    def test_only_the_last_lines(self):
        many = b''.join(b'%d\n' % number for number in range(1000))
        found = texts((framing.STDOUT, many))
        self.assertEqual(logtail.LINES, len(found))
        self.assertEqual('999', found[-1])

    def test_a_line_without_an_end_takes_no_memory(self):
        def endless():
            for _ in range(1000):
                yield framing.STDOUT, b'x' * 10_000
        line, = logtail.tail(endless())
        self.assertEqual(logtail.LINE_CHARACTERS, len(line.text))
        self.assertTrue(line.text.endswith('x…'))
