from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import reference


class TestParse(base.BaseTestCase):

    def assert_familiar(self, expected, text):
        self.assertEqual(expected, str(reference.parse(text)))

    def test_familiar_names(self):
        for text in ('busybox', 'library/busybox', 'busybox:latest',
                     'docker.io/busybox', 'docker.io/library/busybox:latest',
                     'index.docker.io/library/busybox'):
            self.assert_familiar('busybox:latest', text)

    def test_user_repository(self):
        self.assert_familiar('me/app:1', 'docker.io/me/app:1')

    def test_library_with_a_slash_stays(self):
        self.assert_familiar('library/a/b:latest', 'library/a/b')

    def test_registry_with_port(self):
        found = reference.parse('localhost:5000/app')
        self.assertEqual(('localhost:5000', 'app', ''),
                         (found.domain, found.path, found.tag))
        self.assert_familiar('localhost:5000/app:latest',
                             'localhost:5000/app')

    def test_registry_by_address(self):
        self.assert_familiar('[::1]:5000/a:b', '[::1]:5000/a:b')

    def test_glance_name(self):
        self.assert_familiar(
            'glance/0f0e-1:abc', 'glance/0f0e-1:abc')

    def test_digest(self):
        digest = 'sha256:' + 'a' * 64
        self.assert_familiar(f'busybox@{digest}', f'busybox@{digest}')
        self.assert_familiar(f'busybox:1@{digest}', f'busybox:1@{digest}')

    def test_refused(self):
        for text in ('', ':tag', 'a:', 'Upper', 'a//b', '-a', 'a_-b', 'a b',
                     'a:' + 'x' * 129, 'a@sha256:12', 'a' * 256, '../a',
                     'a:b:c', 'http://a/b', 'a\n', 'f' * 64, 'ex!/a'):
            self.assertRaises(exception.InvalidRequest, reference.parse,
                              text)

    def test_upper_case_is_named(self):
        error = self.assertRaises(exception.InvalidRequest,
                                  reference.parse, 'me/App')
        self.assertIn('must be lowercase', error.message)

    def test_a_tag_apart_wins(self):
        for text, tag, expected in (
                ('a', '', 'a:latest'), ('a:1', '', 'a:1'),
                ('a', '2', 'a:2'), ('a:1', '2', 'a:2'),
                ('host:5000/a', '2', 'host:5000/a:2')):
            self.assertEqual(
                expected, str(reference.parse_tagged(text, tag)))
        self.assertRaises(exception.InvalidRequest, reference.parse_tagged,
                          'a', 'x y')

    def test_a_digest_is_no_tag(self):
        self.assertRaises(exception.InvalidRequest, reference.parse_tagged,
                          'a@sha256:' + 'a' * 64)


class TestReserved(base.BaseTestCase):

    def test_names_of_glance(self):
        for text in ('glance/id:sum', 'docker.io/glance/id',
                     'index.docker.io/glance/id:x', 'glance/a/b'):
            self.assertTrue(reference.is_reserved(
                str(reference.parse(text))), text)
        for text in ('glance:1', 'library/glance', 'x.org/glance/a',
                     'glances/a'):
            self.assertFalse(reference.is_reserved(
                str(reference.parse(text))), text)
