import argparse

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import verb


class VerbTestCase(base.BaseTestCase):

    def test_container_names(self):
        self.assertEqual('web_1', verb.container_name('/web_1'))
        for name in ('', '.', '..', 'a/b', '../images/x', 'a b', 'a?x=1'):
            self.assertRaises(argparse.ArgumentTypeError,
                              verb.container_name, name)

    def test_image_names(self):
        for name in ('a', 'host:5000/a/b:tag', 'sha256:12'):
            self.assertEqual(name, verb.image_name(name))
        for name in ('', '/a', 'a/../b', '..', 'a//b', 'a b'):
            self.assertRaises(argparse.ArgumentTypeError,
                              verb.image_name, name)

    def test_references(self):
        for given, split in (
                ('a', ('a', 'latest')), ('a:b', ('a', 'b')),
                ('host:5000/a', ('host:5000/a', 'latest')),
                ('host:5000/a:b', ('host:5000/a', 'b'))):
            self.assertEqual(split, verb.split_reference(given))

    def test_filters(self):
        self.assertEqual(
            {'label': ['a=b', 'c'], 'name': ['x']},
            verb.filters(['label=a=b', 'label=c', 'name=x']))
        self.assertRaises(failure.CommandFailed, verb.filters, ['name'])
