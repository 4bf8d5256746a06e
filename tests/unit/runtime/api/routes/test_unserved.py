from tests.unit.runtime.api import served


class UnservedTest(served.ServedTestCase):

    def test_known_paths_say_that_they_are_not_there(self):
        for method, path in (
                ('POST', '/build'), ('GET', '/plugins'),
                ('PUT', '/v1.44/volumes/x'), ('GET', '/plugins'),
                ('POST', '/images/a/b/push'), ('POST', '/swarm/init')):
            answer = self.call(method, path)
            self.assertEqual(501, answer.status, path)
        message = self.assert_refused(
            501, 'api.not_supported', self.call('GET', '/plugins/x'))
        # The docker CLI looks for these words.
        self.assertIn('not supported', message)

    def test_what_will_never_be_served_says_what_to_use_instead(self):
        for method, path, instead in (
                ('POST', '/auth', 'docker load'),
                ('POST', '/build', 'build elsewhere'),
                ('POST', '/session', 'build elsewhere'),
                ('POST', '/swarm/init', 'Nova'),
                ('GET', '/nodes', 'Nova'),
                ('GET', '/services', 'Nova'),
                ('GET', '/tasks/x', 'Nova'),
                ('GET', '/secrets', 'mount a file'),
                ('POST', '/configs/create', 'mount a file'),
                ('GET', '/plugins', 'configuration'),
                ('GET', '/distribution/busybox/json', 'skopeo'),
                ('POST', '/images/a/b/push?tag=1', 'docker save'),
                ('POST', '/images/create?fromSrc=http://a', 'docker load'),
                ('GET', '/images/search?term=a', 'docker load')):
            answer = self.call(method, path)
            self.assertEqual(501, answer.status, path)
            self.assertIn(instead, answer.json['message'], path)

    def test_there_is_no_swarm_to_leave(self):
        self.assert_refused(503, 'swarm.none', self.call(
            'POST', '/swarm/leave?force=1'))

    def test_unknown_paths_and_methods(self):
        for method, path in (
                ('GET', '/nothing'), ('GET', '/v1.44/nothing'),
                ('GET', '/v1/info'), ('PUT', '/info'), ('POST', '/_ping'),
                ('GET', '/v1.44444444/info'), ('GET', '/')):
            message = self.assert_refused(
                404, 'page_not_found', self.call(method, path))
            self.assertEqual('page not found', message)
