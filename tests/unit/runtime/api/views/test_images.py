import dataclasses

from oslotest import base

from novacontainer.runtime.api.views import images
from tests.unit.runtime.api import fakes


def image(**config):
    """Make an image whose config document says this."""
    return dataclasses.replace(fakes.IMAGE, config=config)


class ImagesViewTest(base.BaseTestCase):

    def test_a_config_that_says_nothing(self):
        shown = images.inspect(image(), 'overlay')
        self.assertEqual(('', '', {}), (
            shown['Author'], shown['Comment'], shown['Config']))
        self.assertEqual('2026-11-20T12:00:00.005Z', shown['Created'])
        self.assertEqual([], images.history(image()))
        self.assertEqual({}, images.summary(image())['Labels'])

    def test_members_that_are_null(self):
        said = image(config=None, history=None)
        self.assertEqual({}, images.inspect(said, 'overlay')['Config'])
        self.assertEqual([], images.history(said))
        self.assertEqual({}, images.summary(said)['Labels'])

    def test_comment_is_that_of_the_last_step(self):
        said = image(history=[{'comment': 'a'}, {'comment': 'b'}])
        self.assertEqual('b', images.inspect(said, 'overlay')['Comment'])

    def test_more_steps_than_layers(self):
        said = image(history=[{}, {}, {}])
        self.assertEqual([0, 0, 4096],
                         [step['Size'] for step in images.history(said)])
