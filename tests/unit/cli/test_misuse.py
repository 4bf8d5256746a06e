import argparse

from oslotest import base

from novacontainer.cli import misuse


class MisuseTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.parser = misuse.Parser(prog='x', allow_abbrev=False)
        verbs = self.parser.add_subparsers(metavar='VERB', required=True)
        run = verbs.add_parser('run')
        run.add_argument('-n', '--number', type=int)
        run.add_argument('-f', '--format', choices=('table', 'json'))
        both = run.add_mutually_exclusive_group()
        both.add_argument('-a', '--all', action='store_true')
        both.add_argument('-b', action='store_true')
        run.add_argument('image', metavar='IMAGE')
        run.add_argument('command', nargs=argparse.REMAINDER,
                         metavar='COMMAND')

    def said(self, *words):
        error = self.assertRaises(
            misuse.Misused, self.parser.parse_args, words)
        sentence, see, helped = str(error).partition(' See "x')
        self.assertTrue(see and helped, str(error))
        return sentence

    def test_verbs(self):
        for words, sentence in (
                ((), 'Say what is to be done: a verb is missing.'),
                (('rnu',), 'There is no verb "rnu"; did you mean "run"?'),
                (('zzz',), 'There is no verb "zzz".')):
            self.assertEqual(sentence, self.said(*words))
        self.assertIn('with "novacontainer load"', self.said('build'))

    def test_arguments(self):
        for words, sentence in (
                ((), 'IMAGE is missing.'),
                (('-n', 'x', 'i'),
                 "-n/--number: 'x' is not a whole number."),
                (('-n',), '-n/--number needs a value.'),
                (('-f', 'xml', 'i'),
                 "-f/--format: 'xml' is none of table, json."),
                (('-a', '-b', 'i'), '-b and -a/--all contradict each other.'),
                (('--all=x', 'i'), '-a/--all takes no value.')):
            self.assertEqual(sentence, self.said('run', *words))

    def test_other_words(self):
        self.assertEqual('There is no switch "--a".',
                         misuse.sentence('unrecognized arguments: --a b'))
        self.assertEqual('"a" is one word too many.',
                         misuse.sentence('unrecognized arguments: a'))
        self.assertEqual('-x: why.', misuse.sentence('argument -x: why'))
        self.assertEqual('A and B are missing.', misuse.sentence(
            'the following arguments are required: A, B, COMMAND'))
        self.assertEqual('something new.', misuse.sentence('something new'))
