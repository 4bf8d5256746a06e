from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import mounts


def bind(source, target, writable=True, propagation='rprivate', mode=''):
    return models.MountPoint(
        'bind', target, source, writable, mode, propagation)


def volume(source, target, writable=True, mode='', copies=True, **more):
    return models.MountPoint(
        'volume', target, source, writable, mode, copies=copies, **more)


def points(**host_config):
    return [wish.point for wish in mounts.requested(host_config)]


class MountsTest(base.BaseTestCase):

    def test_volumes(self):
        self.assertEqual([], mounts.volumes({'Volumes': None}))
        self.assertEqual(['/a', '/b/c'], mounts.volumes(
            {'Volumes': {'/b//c/': {}, '/a': {}}}))
        for path in ('/', 'relative', '/proc/x', '/a\0'):
            self.assertRaises(exception.InvalidRequest, mounts.volumes,
                              {'Volumes': {path: {}}})

    def test_none(self):
        self.assertEqual([], points(Binds=None))

    def test_binds(self):
        self.assertEqual(
            [bind('/a', '/x'),
             bind('/b', '/y', False, 'rslave', 'ro,rslave')],
            points(Binds=['/a:/x', '/b/:/y/:ro,rslave']))
        found, = mounts.requested({'Binds': ['/a:/x']})
        self.assertTrue(found.make)

    def test_a_lone_path_is_a_volume_without_a_name(self):
        found, = mounts.requested(
            {'Binds': ['/data'], 'VolumeDriver': 'local'})
        self.assertEqual(
            (volume('', '/data', anonymous=True), 'local'),
            (found.point, found.driver))

    def test_named_volumes(self):
        self.assertEqual(
            [volume('data', '/x'), volume('data', '/y', False, 'ro,Z'),
             volume('data', '/z', mode='nocopy', copies=False)],
            points(Binds=['data:/x', 'data:/y:ro,Z', 'data:/z:nocopy']))

    def test_labels_of_selinux_mean_nothing_here(self):
        self.assertEqual([bind('/a', '/x', False, mode='ro,Z')],
                         points(Binds=['/a:/x:ro,Z']))

    def test_mounts(self):
        found = points(Mounts=[
            {'Type': 'bind', 'Source': '/a', 'Target': '/x',
             'ReadOnly': True, 'BindOptions': {'Propagation': 'slave'}},
            {'Type': 'tmpfs', 'Target': '/t', 'ReadOnly': True,
             'TmpfsOptions': {'SizeBytes': 4096, 'Mode': 0o1777}}])
        self.assertEqual(bind('/a', '/x', False, 'slave'), found[0])
        self.assertEqual(
            models.MountPoint('tmpfs', '/t', writable=False, words=(
                'nosuid', 'nodev', 'noexec', 'relatime', 'ro', 'size=4096',
                'mode=1777')), found[1])
        made, = mounts.requested({'Mounts': [
            {'Type': 'bind', 'Source': '/a', 'Target': '/x',
             'BindOptions': {'CreateMountpoint': True}}]})
        self.assertTrue(made.make)

    def test_mounts_of_volumes(self):
        found, = mounts.requested({'Mounts': [{
            'Type': 'volume', 'Source': 'data', 'Target': '/x',
            'ReadOnly': True, 'VolumeOptions': {
                'NoCopy': True, 'Labels': {'a': 'b'},
                'DriverConfig': {'Name': 'local',
                                 'Options': {'size': '1g'}}}}]})
        self.assertEqual(
            mounts.Wish(volume('data', '/x', False, copies=False), 'local',
                        {'size': '1g'}, {'a': 'b'}), found)
        self.assertEqual(
            [volume('', '/y', anonymous=True),
             volume('data', '/z', copies=False, subpath='a/b')],
            points(Mounts=[
                {'Target': '/y'},
                {'Target': '/z', 'Source': 'data',
                 'VolumeOptions': {'Subpath': 'a/b'}}]))

    def test_tmpfs(self):
        found, = points(Tmpfs={'/t': 'rw,exec,size=64m'})
        self.assertEqual(
            (('nosuid', 'nodev', 'relatime', 'rw', 'exec', 'size=64m'),
             False), (found.words, found.listed))

    def test_dots_are_resolved(self):
        self.assertEqual('/y', points(Binds=['/a:/x/../y'])[0].target)
        self.assertRaises(exception.InvalidRequest, points,
                          Binds=['/a:/x/..'])

    def test_volumes_from(self):
        self.assertEqual(
            [('one', True), ('two', False), ('three', True)],
            mounts.volumes_from({'VolumesFrom': [
                'one', 'two:ro', 'three:rw,z']}))
        self.assertEqual([], mounts.volumes_from({}))
        for bad in ('', ':ro', 'one:', 'one:rx', 'one:ro:z'):
            self.assertRaises(
                exception.InvalidRequest, mounts.volumes_from,
                {'VolumesFrom': [bad]})

    def test_bad(self):
        for given in (
                {'Binds': ['/a:']}, {'Binds': [':/a']},
                {'Binds': ['/a:/b:ro:x']}, {'Binds': ['/a:b']},
                {'Binds': ['/a:/b:sometimes']}, {'Binds': ['/a:/']},
                {'Binds': ['/a:/proc/sys']}, {'Binds': ['/a:/dev']},
                {'Binds': ['/a:/x', '/b:/x']}, {'Binds': ['a']},
                {'Binds': ['/a:/x:nocopy']}, {'Binds': ['/a:/x:ro,rw']},
                {'Binds': ['data:/x:rslave']},
                {'Binds': ['/a:/x'], 'Tmpfs': {'/x': ''}},
                {'Tmpfs': {'/x': 'size=a'}}, {'Tmpfs': {'x': ''}},
                {'Tmpfs': {'/x': 'context=y'}},
                {'Tmpfs': {'/x': 'uid=65536'}},
                {'Mounts': [{'Type': 'bind', 'Source': 'a',
                             'Target': '/x'}]},
                {'Mounts': [{'Type': 'bind', 'Source': '/a'}]},
                {'Mounts': [{'Type': 'tmpfs', 'Source': '/a',
                             'Target': '/x'}]},
                {'Mounts': [{'Type': 'tmpfs', 'Target': '/x',
                             'VolumeOptions': {'NoCopy': True}}]},
                {'Mounts': [{'Target': '/x', 'Source': 'data',
                             'VolumeOptions': {'Subpath': '../x'}}]},
                {'Mounts': [{'Target': '/x', 'Source': 'data',
                             'VolumeOptions': {'Subpath': '/x'}}]},
                {'Mounts': [{'Target': '/x',
                             'VolumeOptions': {'Subpath': 'x'}}]}):
            self.assertRaises(
                exception.InvalidRequest, mounts.requested, given)

    def test_not_supported(self):
        for given in (
                {'Mounts': [{'Type': 'npipe', 'Target': '/x'}]},
                {'Mounts': [{'Type': 'volume', 'Target': '/x',
                             'VolumeOptions': {'Odd': 1}}]},
                {'Mounts': [{'Type': 'bind', 'Source': '/a', 'Target': '/x',
                             'BindOptions': {'NonRecursive': True}}]},
                {'Mounts': [{'Type': 'bind', 'Source': '/a', 'Target': '/x',
                             'BindOptions': {'Propagation': 'shared'}}]},
                {'Mounts': [{'Type': 'tmpfs', 'Target': '/x',
                             'TmpfsOptions': {'Options': [['x']]}}]}):
            self.assertRaises(
                exception.NotSupported, mounts.requested, given)

    def test_consistency_says_nothing_on_linux(self):
        tmpfs = {'Type': 'tmpfs', 'Target': '/x'}
        plain = mounts.requested({'Mounts': [tmpfs]})
        for word in ('default', 'consistent', 'cached', 'delegated'):
            self.assertEqual(plain, mounts.requested(
                {'Mounts': [{**tmpfs, 'Consistency': word}]}))
        self.assertRaises(
            exception.InvalidRequest, mounts.requested,
            {'Mounts': [{**tmpfs, 'Consistency': 'odd'}]})
        wish, = mounts.requested({'Binds': ['/a:/x:ro,cached']})
        self.assertFalse(wish.point.writable)
