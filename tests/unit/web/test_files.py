import re

from oslotest import base

from novacontainer.web import files


class FilesTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.found = files.read()

    def test_what_there_is(self):
        self.assertEqual('text/html; charset=utf-8',
                         self.found['/'].media_type)
        self.assertEqual('text/javascript; charset=utf-8',
                         self.found['/page.js'].media_type)
        self.assertEqual(len(files.NAMES), len(self.found))

    def test_all_that_is_named_is_served(self):
        named = set()
        for one in self.found.values():
            text = one.data.decode()
            named |= set(re.findall(r'(?:src|href)="(/[a-z.]+)"', text))
            named |= set(re.findall(r"from '(/[a-z.]+)'", text))
        self.assertIn('/plots.js', named)
        self.assertEqual(set(), named - set(self.found))

    def test_nothing_comes_from_elsewhere(self):
        for path, one in self.found.items():
            found = set(re.findall(r'https?://[^\s"\'`]+',
                                   one.data.decode()))
            # The name of a kind of document, which nobody fetches.
            self.assertEqual(
                set(), found - {'http://www.w3.org/2000/svg'}, path)

    def test_nothing_makes_markup_of_text(self):
        words = ('innerHTML', 'outerHTML', 'insertAdjacentHTML', 'eval(',
                 'document.write', 'style=', 'onclick=', '<script>')
        for path, one in self.found.items():
            for word in words:
                self.assertNotIn(word, one.data.decode(), path)
