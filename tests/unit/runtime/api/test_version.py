from tests.unit.runtime.api import served


class VersionTest(served.ServedTestCase):

    def test_range(self):
        for version in ('1.24', '1.30', '1.44'):
            self.assertEqual(
                200, self.call('GET', f'/v{version}/_ping').status)
        message = self.assert_refused(
            400, 'api.version_too_new', self.call('GET', '/v1.99/_ping'))
        self.assertEqual(
            'client version 1.99 is too new. Maximum supported API version '
            'is 1.44', message)
        message = self.assert_refused(
            400, 'api.version_too_old', self.call('GET', '/v1.9/_ping'))
        self.assertEqual(
            'client version 1.9 is too old. Minimum supported API version '
            'is 1.24, please upgrade your client to a newer version',
            message)
        self.assertEqual(400, self.call('GET', '/v9999.0/_ping').status)
