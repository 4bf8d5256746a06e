from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import mounts


def bind(source, target, access='rw', propagation='rprivate'):
    return models.Mount(
        'bind', source, target, ('rbind', propagation, access))


class MountsTest(base.BaseTestCase):

    def test_volumes(self):
        self.assertEqual([], mounts.volumes({'Volumes': None}))
        self.assertEqual(['/a', '/b/c'], mounts.volumes(
            {'Volumes': {'/b//c/': {}, '/a': {}}}))
        for path in ('/', 'relative', '/proc/x', '/a\0'):
            self.assertRaises(exception.InvalidRequest, mounts.volumes,
                              {'Volumes': {path: {}}})

    def test_none(self):
        self.assertEqual((), mounts.requested({'Binds': None}))

    def test_binds(self):
        self.assertEqual(
            (bind('/a', '/x'), bind('/b', '/y', 'ro', 'rslave')),
            mounts.requested({'Binds': ['/a:/x', '/b/:/y/:ro,rslave']}))

    def test_a_lone_path_is_a_volume(self):
        body = {'HostConfig': {'Binds': ['/data', '/a:/x']}}
        self.assertEqual({'/data': {}}, mounts.anonymous(body))
        self.assertEqual((bind('/a', '/x'),),
                         mounts.requested(body['HostConfig']))
        self.assertEqual({}, mounts.anonymous({}))

    def test_labels_of_selinux_mean_nothing_here(self):
        self.assertEqual((bind('/a', '/x', 'ro'),),
                         mounts.requested({'Binds': ['/a:/x:ro,Z']}))

    def test_mounts(self):
        found = mounts.requested({'Mounts': [
            {'Type': 'bind', 'Source': '/a', 'Target': '/x',
             'ReadOnly': True, 'BindOptions': {'Propagation': 'slave'}},
            {'Type': 'tmpfs', 'Target': '/t', 'ReadOnly': True,
             'TmpfsOptions': {'SizeBytes': 4096, 'Mode': 0o1777}}]})
        self.assertEqual(bind('/a', '/x', 'ro', 'slave'), found[0])
        self.assertEqual(
            models.Mount('tmpfs', 'tmpfs', '/t', (
                'nosuid', 'nodev', 'noexec', 'relatime', 'ro', 'size=4096',
                'mode=1777')), found[1])

    def test_tmpfs(self):
        found = mounts.requested({'Tmpfs': {'/t': 'rw,exec,size=64m'}})
        self.assertEqual(('nosuid', 'nodev', 'relatime', 'rw', 'exec',
                          'size=64m'), found[0].options)

    def test_outer_before_inner(self):
        found = mounts.requested({'Binds': ['/a:/x/y', '/b:/x']})
        self.assertEqual(['/x', '/x/y'], [one.target for one in found])

    def test_dots_are_resolved(self):
        self.assertEqual('/y', mounts.requested(
            {'Binds': ['/a:/x/../y']})[0].target)
        self.assertRaises(exception.InvalidRequest, mounts.requested,
                          {'Binds': ['/a:/x/..']})

    def test_bad(self):
        for given in (
                {'Binds': ['/a:']}, {'Binds': [':/a']},
                {'Binds': ['/a:/b:ro:x']}, {'Binds': ['/a:b']},
                {'Binds': ['/a:/b:sometimes']}, {'Binds': ['/a:/']},
                {'Binds': ['/a:/proc/sys']}, {'Binds': ['/a:/dev']},
                {'Binds': ['/a:/x', '/b:/x']},
                {'Binds': ['/a:/x'], 'Tmpfs': {'/x': ''}},
                {'Tmpfs': {'/x': 'size=a'}}, {'Tmpfs': {'x': ''}},
                {'Tmpfs': {'/x': 'context=y'}},
                {'Tmpfs': {'/x': 'uid=65536'}},
                {'Mounts': [{'Type': 'bind', 'Source': 'a',
                             'Target': '/x'}]},
                {'Mounts': [{'Type': 'bind', 'Source': '/a'}]}):
            self.assertRaises(
                exception.InvalidRequest, mounts.requested, given)

    def test_not_supported(self):
        for given in (
                {'Binds': ['volume:/x']},
                {'Mounts': [{'Type': 'volume', 'Target': '/x'}]},
                {'Mounts': [{'Target': '/x'}]},
                {'Mounts': [{'Type': 'bind', 'Source': '/a', 'Target': '/x',
                             'BindOptions': {'NonRecursive': True}}]},
                {'Mounts': [{'Type': 'bind', 'Source': '/a', 'Target': '/x',
                             'BindOptions': {'Propagation': 'shared'}}]},
                {'Mounts': [{'Type': 'tmpfs', 'Target': '/x',
                             'TmpfsOptions': {'Options': [['x']]}}]},
                {'Mounts': [{'Type': 'tmpfs', 'Target': '/x',
                             'Consistency': 'cached'}]}):
            self.assertRaises(
                exception.NotSupported, mounts.requested, given)

    def test_sources_must_exist(self):
        mounts.check_sources((bind('/', '/x'),))
        error = self.assertRaises(
            exception.InvalidRequest, mounts.check_sources,
            (bind('/no/such/thing', '/x'),))
        self.assertIn('/no/such/thing', error.message)
