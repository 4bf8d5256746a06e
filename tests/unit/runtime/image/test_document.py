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
