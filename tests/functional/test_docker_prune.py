"""The disk and making room on it, as the docker command line does it."""

import subprocess

from tests import archives
from tests.functional import sdk


class PruneTest(sdk.SdkTestCase):

    def cli(self, *words):
        return subprocess.run(
            ['docker', '-H', self.daemon.url, *words], check=True,
            capture_output=True, text=True, timeout=60).stdout

    def test_prune(self):
        running = self.run_container()
        ended = self.run_container('true')
        ended.wait()
        self.load(archives.docker_archive(
            {'file': b'x' * 100000}, cmd=['/a'], tag='unused:1'))
        shown = self.docker.df()
        self.assertEqual(2, len(shown['Containers']))
        self.assertEqual(
            {'busybox:test': 2, 'unused:1': 0},
            {one['RepoTags'][0]: one['Containers']
             for one in shown['Images']})
        self.assertGreater(shown['LayersSize'], 100000)
        self.assertIn('Images', self.cli('system', 'df'))
        self.assertIn('unused', self.cli('system', 'df', '-v'))
        self.assertIn(ended.id, self.cli('container', 'prune', '-f'))
        self.assertEqual([running.id], [
            one.id for one in self.docker.containers.list(all=True)])
        self.assertNotIn('unused', self.cli('image', 'prune', '-f'))
        said = self.cli('system', 'prune', '-a', '-f')
        self.assertIn('untagged: unused:1', said)
        self.assertIn('Total reclaimed space: 100', said)
        self.assertEqual(['busybox:test'], [
            tag for image in self.docker.images.list()
            for tag in image.tags])
