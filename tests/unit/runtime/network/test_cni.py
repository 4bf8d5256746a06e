import json
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.network import cni

TO = cni.Attachment('c1', pathlib.Path('/run/netns/nc-c1'), 'eth0')


class PluginsTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.plugins = cni.Plugins(self.directory)

    def plugin(self, name, script):
        path = self.directory / name
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)

    def test_what_a_plugin_is_told(self):
        self.plugin('bridge', 'cat >$CNI_PATH/in; env >$CNI_PATH/env; '
                              'echo \'{"ips": []}\'')
        self.assertEqual({'ips': []}, self.plugins.add(
            {'type': 'bridge', 'name': 'n'}, TO))
        self.assertEqual(
            {'cniVersion': '1.0.0', 'type': 'bridge', 'name': 'n'},
            json.loads((self.directory / 'in').read_text()))
        told = (self.directory / 'env').read_text().splitlines()
        for line in ('CNI_COMMAND=ADD', 'CNI_CONTAINERID=c1',
                     'CNI_NETNS=/run/netns/nc-c1', 'CNI_IFNAME=eth0'):
            self.assertIn(line, told)
        self.plugins.delete({'type': 'bridge'}, TO)
        self.assertIn('CNI_COMMAND=DEL',
                      (self.directory / 'env').read_text())

    def test_why_it_failed(self):
        for script, words in (
                ('echo \'{"code": 7, "msg": "no room"}\'; exit 1',
                 'bridge failed: no room'),
                ('echo \'{"msg": "no room", "details": "at all"}\'; exit 1',
                 'no room: at all'),
                ('echo oh; exit 1', 'failed: oh'),
                ('echo oh >&2; exit 1', 'failed: oh'),
                ('echo \'["x"]\'; exit 1', 'failed: ["x"]')):
            self.plugin('bridge', script)
            error = self.assertRaises(
                exception.Internal, self.plugins.add, {'type': 'bridge'}, TO)
            self.assertIn(words, error.message)

    def test_answers_that_are_none(self):
        self.plugin('bridge', 'echo done')
        error = self.assertRaises(
            exception.Internal, self.plugins.add, {'type': 'bridge'}, TO)
        self.assertIn('no JSON', error.message)
        error = self.assertRaises(
            exception.Internal, self.plugins.add, {'type': 'portmap'}, TO)
        self.assertIn('could not be run', error.message)

    def test_missing(self):
        self.plugin('bridge', '')
        self.assertEqual(
            [str(self.directory / name) for name in ('portmap', 'static')],
            self.plugins.missing())
