import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import platforms


def check(wanted, **config):
    platforms.check(wanted, models.Image(
        'sha256:1', config, (), (),
        datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)), 'web:1')


class PlatformsTest(base.BaseTestCase):

    def test_fits(self):
        for wanted in ('linux/amd64', 'linux', 'amd64', 'linux/x86_64',
                       'LINUX/AMD64', 'linux/amd64/v2'):
            check(wanted, os='linux', architecture='amd64')
        check('linux/arm64')

    def test_does_not_fit(self):
        for wanted in ('linux/arm64', 'windows/amd64', 'arm64'):
            error = self.assertRaises(
                exception.NotFound, check, wanted, os='linux',
                architecture='amd64')
            self.assertEqual(
                'image with reference web:1 was found but its platform '
                '(linux/amd64) does not match the specified platform '
                f'({wanted})', error.message)
        self.assertRaises(
            exception.NotFound, check, 'linux/arm/v6', architecture='arm',
            variant='v7')

    def test_not_a_platform(self):
        for wanted in ('a/b/c/d', 'linux/', 'a b', '/'):
            self.assertRaises(exception.InvalidRequest, check, wanted)
