import argparse
import pathlib

from oslotest import base

from novacontainer.cli import failure
from novacontainer.cli import mounts


class MountsTestCase(base.BaseTestCase):

    def members(self, *words):
        parser = argparse.ArgumentParser()
        mounts.add_arguments(parser.add_argument_group('x'))
        return mounts.members(parser.parse_args(words))

    def mount(self, word):
        found, = self.members('--mount', word)['Mounts']
        return found

    def test_nothing_is_asked(self):
        self.assertEqual({}, self.members())

    def test_short_ones(self):
        self.assertEqual(
            {'Binds': ['data:/x:ro', '/y', f'{pathlib.Path.cwd()}/z:/w'],
             'Tmpfs': {'/a': '', '/b': 'size=1m'}, 'VolumeDriver': 'local',
             'VolumesFrom': ['web:ro']},
            self.members(
                '-v', 'data:/x:ro', '-v', '/y', '-v', './z:/w', '--tmpfs',
                '/a', '--tmpfs', '/b:size=1m', '--volume-driver', 'local',
                '--volumes-from', 'web:ro'))

    def test_volumes(self):
        self.assertEqual(
            {'Type': 'volume', 'Source': 'data', 'Target': '/x',
             'ReadOnly': True, 'VolumeOptions': {
                 'NoCopy': True, 'Labels': {'a': 'b'}, 'Subpath': 's',
                 'DriverConfig': {'Name': 'local', 'Options': {
                     'type': 'tmpfs', 'o': 'size=1m,uid=7'}}}},
            self.mount(
                'source=data,target=/x,readonly,volume-nocopy=true,'
                'volume-label=a=b,volume-subpath=s,volume-driver=local,'
                'volume-opt=type=tmpfs,"volume-opt=o=size=1m,uid=7"'))

    def test_binds_and_tmpfs(self):
        self.assertEqual(
            {'Type': 'bind', 'Source': f'{pathlib.Path.cwd()}/a',
             'Target': '/x', 'ReadOnly': False,
             'BindOptions': {'Propagation': 'rslave'}},
            self.mount('type=bind,src=./a,dst=/x,ro=false,'
                       'bind-propagation=rslave'))
        self.assertEqual(
            {'Type': 'tmpfs', 'Target': '/x', 'TmpfsOptions': {
                'SizeBytes': 1 << 20, 'Mode': 0o1777}},
            self.mount('type=tmpfs,destination=/x,tmpfs-size=1m,'
                       'tmpfs-mode=1777'))

    def test_nonsense(self):
        for word in ('src=data', 'dst=/x,colour=red', 'dst=/x,ro=maybe',
                     'dst=/x,volume-opt==1', 'dst=/x,tmpfs-size=big',
                     'dst=/x,tmpfs-mode=rwx'):
            self.assertRaises(failure.CommandFailed, self.mount, word)
