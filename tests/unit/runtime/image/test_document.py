from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import document


class TestDocument(base.BaseTestCase):

    def test_null_is_empty(self):
        self.assertEqual({}, document.dictionary(None, 'x'))
        self.assertEqual([], document.sequence(None, 'x'))
        self.assertEqual([], document.strings(None, 'x'))
        self.assertEqual('', document.text(None, 'x'))

    def test_the_error_names_the_thing(self):
        for read, value in ((document.dictionary, []),
                            (document.sequence, {}),
                            (document.strings, 'abc'), (document.text, 1)):
            error = self.assertRaises(exception.InvalidRequest, read, value,
                                      'the thing')
            self.assertIn('the thing must be', error.message)

    def test_huge_numbers(self):
        self.assertRaises(exception.InvalidRequest, document.parse,
                          b'9' * 10_000, 'x')

    def test_what_only_python_takes_for_json(self):
        for data in (b'NaN', b'[-Infinity]', b'1e999', b'"\\ud800"',
                     b'{"\\uDfFf": 1}', b'"\xed\xa0\x80"'):
            self.assertRaises(exception.InvalidRequest, document.parse,
                              data, 'x')
        self.assertEqual('\U0001f600', document.parse(
            b'"\\ud83d\\ude00"', 'x'))

    def test_nul_and_types(self):
        for check, value in ((document.text, 'a\0'),
                             (document.strings, ['a\0']),
                             (document.strings, [None]),
                             (document.boolean, 'yes'),
                             (document.integer, True),
                             (document.integer, 1.5)):
            self.assertRaises(exception.InvalidRequest, check, value, 'x')
        self.assertFalse(document.boolean(None, 'x'))
        self.assertEqual(0, document.integer(None, 'x'))
