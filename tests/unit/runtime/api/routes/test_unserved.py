from tests.unit.runtime.api import served


class UnservedTest(served.ServedTestCase):

    def test_known_paths_say_that_they_are_not_there(self):
        for method, path in (
                ('POST', '/build'), ('GET', '/networks'),
                ('GET', '/v1.44/volumes'), ('GET', '/system/df'),
                ('GET', '/containers/x/attach/ws'),
                ('POST', '/images/a/b/push'), ('POST', '/swarm/init')):
            answer = self.call(method, path)
            self.assertEqual(501, answer.status, path)
        message = self.assert_refused(
            501, 'api.not_supported', self.call('GET', '/networks/x'))
        # The docker CLI looks for these words.
        self.assertIn('not supported', message)

    def test_unknown_paths_and_methods(self):
        for method, path in (
                ('GET', '/nothing'), ('GET', '/v1.44/nothing'),
                ('GET', '/v1/info'), ('PUT', '/info'), ('POST', '/_ping'),
                ('GET', '/v1.44444444/info'), ('GET', '/')):
            message = self.assert_refused(
                404, 'page_not_found', self.call(method, path))
            self.assertEqual('page not found', message)
