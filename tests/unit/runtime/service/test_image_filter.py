import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import image_filter


def image(number, *references, **labels):
    return models.Image(
        f'sha256:{number}', {'config': {'Labels': labels or None}}, (),
        references, datetime.datetime(2026, 1, number, tzinfo=datetime.UTC))


class TestSelect(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.images = [image(3, 'me/app:1', 'app:dev', tier='web'),
                       image(2, 'busybox:latest', tier='db', x=''),
                       image(1)]

    def select(self, **filters):
        found = image_filter.select(
            self.images, filters,
            {'two': self.images[1]}.__getitem__)
        return [one.created.day for one in found]

    def test_none(self):
        self.assertEqual([3, 2, 1], self.select())

    def test_reference(self):
        for pattern, expected in (
                ('busybox', [2]), ('busybox:latest', [2]), ('busy*', [2]),
                ('*', [3, 2]), ('me/*', [3]), ('*:dev', [3]),
                ('*/*', [3]), ('b?sybox', [2]), ('[a-c]*', [3, 2]),
                ('[^a]*:*', [2]), ('a.p', []), ('nope', []), ('a+', [])):
            self.assertEqual(expected, self.select(reference=[pattern]),
                             pattern)
        self.assertEqual([3, 2], self.select(
            reference=['busybox', 'app:dev']))

    def test_only_names_that_match(self):
        both = image(4, 'shop:1', 'kiosk:1')
        chosen, = image_filter.select(
            [both], {'reference': ['shop']}, {}.__getitem__)
        self.assertEqual(('shop:1',), chosen.references)

    def test_bad_pattern(self):
        self.assertRaises(exception.InvalidRequest, self.select,
                          reference=['[z-a]'])

    def test_dangling(self):
        self.assertEqual([1], self.select(dangling=['true']))
        self.assertEqual([3, 2], self.select(dangling=['0']))
        self.assertRaises(exception.InvalidRequest, self.select,
                          dangling=['maybe'])

    def test_labels(self):
        self.assertEqual([3, 2], self.select(label=['tier']))
        self.assertEqual([3], self.select(label=['tier=web']))
        self.assertEqual([2], self.select(label=['tier', 'x=']))
        self.assertEqual([], self.select(label=['nope']))

    def test_times(self):
        self.assertEqual([1], self.select(before=['two']))
        self.assertEqual([3], self.select(since=['two']))
        self.assertEqual([2, 1], self.select(until=['2026-01-03']))
        self.assertEqual([3, 2, 1], self.select(until=['1s']))
        self.assertRaises(exception.InvalidRequest, self.select,
                          until=['soon'])

    def test_unknown(self):
        error = self.assertRaises(exception.InvalidRequest, self.select,
                                  colour=['red'])
        self.assertEqual('image.invalid_filter', error.code)
