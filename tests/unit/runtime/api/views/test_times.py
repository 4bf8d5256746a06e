import datetime

from oslotest import base

from novacontainer.runtime.api.views import times


class TimesTest(base.BaseTestCase):

    def test_rfc3339(self):
        zone = datetime.timezone(datetime.timedelta(hours=2))
        moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 120000, zone)
        self.assertEqual('2026-01-02T01:04:05.12Z', times.rfc3339(moment))
        self.assertEqual('2026-01-02T01:04:05Z',
                         times.rfc3339(moment.replace(microsecond=0)))
        self.assertEqual('0001-01-01T00:00:00Z', times.rfc3339(None))
        self.assertEqual('1970-01-01T00:00:01.000000002Z',
                         times.rfc3339_nano(10**9 + 2))

    def test_duration(self):
        hour, day = 3600, 86400
        for seconds, words in (
                (-5, 'Less than a second'), (0.9, 'Less than a second'),
                (1, '1 second'), (59, '59 seconds'), (60, 'About a minute'),
                (119, 'About a minute'), (120, '2 minutes'),
                (59 * 60, '59 minutes'), (hour, 'About an hour'),
                (2 * hour, '2 hours'), (47 * hour, '47 hours'),
                (2 * day, '2 days'), (13 * day, '13 days'),
                (14 * day, '2 weeks'), (59 * day, '8 weeks'),
                (60 * day, '2 months'), (729 * day, '24 months'),
                (730 * day, '2 years')):
            self.assertEqual(words, times.duration(seconds))

    def test_epoch_of_whatever_an_image_says(self):
        self.assertEqual(1, times.epoch('1970-01-01T00:00:01Z'))
        self.assertEqual(1, times.epoch('1970-01-01T00:00:01'))
        for text in ('', 'yesterday', None, 7, '0001-01-01T00:00:00Z',
                     '9999-99-99T00:00:00Z'):
            self.assertEqual(0, times.epoch(text))
