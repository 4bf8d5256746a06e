from oslotest import base

from novacontainer.web import guard


class GuardTestCase(base.BaseTestCase):

    def test_loopback(self):
        for address in ('127.0.0.1', '127.9.9.9', '::1'):
            self.assertTrue(guard.is_loopback(address), address)
        for address in ('0.0.0.0', '::', '10.0.0.1', 'example.org', '',
                        '127.1', '127.0.0.1.example.org'):
            self.assertFalse(guard.is_loopback(address), address)

    def test_names_of_this_host(self):
        for host in ('127.0.0.1', '127.0.0.1:8470', 'localhost',
                     'LocalHost:1', '[::1]', '[::1]:8470'):
            self.assertTrue(guard.is_ours(host), host)

    def test_names_of_others(self):
        for host in (None, '', 'example.org', 'example.org:8470',
                     'localhost.example.org', '127.0.0.1.example.org',
                     '10.0.0.1', '[::2]', '[::1', '[::1]x', '[127.0.0.1]',
                     '[::1]:', 'localhost:', 'localhost:x', 'localhost:1:2',
                     '::1', 'localhost@example.org', 'localhost:²'):
            self.assertFalse(guard.is_ours(host), host)

    def test_own_page(self):
        for site in (None, 'same-origin', 'none'):
            self.assertTrue(guard.is_own_page(site), site)
        for site in ('cross-site', 'same-site', ''):
            self.assertFalse(guard.is_own_page(site), site)

    def test_nothing_inline_and_nothing_from_elsewhere(self):
        policy = guard.HEADERS['Content-Security-Policy']
        self.assertTrue(policy.startswith("default-src 'none'; "))
        for word in ('unsafe', 'http', 'data:', '*'):
            self.assertNotIn(word, policy)
