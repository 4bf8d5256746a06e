import dataclasses
import pathlib

from oslotest import base

from novacontainer.runtime.api.views import images
from tests.unit.runtime.api import fakes


def image(**config):
    """Make an image whose config document says this."""
    return dataclasses.replace(fakes.IMAGE, config=config)


class ImagesViewTest(base.BaseTestCase):

    def test_a_config_that_says_nothing(self):
        shown = images.inspect(image(), 'overlay', ())
        self.assertEqual(('', '', None, [], None), (
            shown['Author'], shown['Comment'], shown['Config']['Cmd'],
            shown['Config']['Env'], shown['GraphDriver']['Data']))
        self.assertEqual('2026-11-20T12:00:00.005Z', shown['Created'])
        self.assertEqual([], images.history(image()))
        self.assertEqual({}, images.summary(image())['Labels'])

    def test_members_that_are_null(self):
        said = image(config=None, history=None)
        self.assertIsNone(
            images.inspect(said, 'overlay', ())['Config']['Entrypoint'])
        self.assertEqual([], images.history(said))
        self.assertEqual({}, images.summary(said)['Labels'])

    def test_comment_is_that_of_the_last_step(self):
        said = image(history=[{'comment': 'a'}, {'comment': 'b'}])
        self.assertEqual('b', images.inspect(said, 'overlay', ())['Comment'])

    def test_directories(self):
        paths = [pathlib.Path(name) for name in ('/a', '/b', '/c')]
        shown = images.inspect(image(), 'overlay', paths)['GraphDriver']
        self.assertEqual(
            {'Name': 'overlay', 'Data': {
                'UpperDir': '/c', 'LowerDir': '/b:/a'}}, shown)
        shown = images.inspect(image(), 'overlay', paths[:1])
        self.assertEqual({'UpperDir': '/a'}, shown['GraphDriver']['Data'])

    def test_an_image_without_a_name(self):
        nameless = dataclasses.replace(fakes.IMAGE, references=())
        self.assertEqual([], images.summary(nameless)['RepoTags'])
        self.assertEqual(['<none>:<none>'], images.summary(
            nameless, name_nameless=True)['RepoTags'])

    def test_more_steps_than_layers(self):
        said = image(history=[{}, {}, {}])
        self.assertEqual([0, 0, 4096],
                         [step['Size'] for step in images.history(said)])
