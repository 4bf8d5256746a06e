import dataclasses
import datetime
import os
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import mountplan
from novacontainer.runtime.service import mounts


def other(*points):
    return models.Container(
        id='1' * 64, name='other', image_id='', image_name='', config={},
        host_config={}, id_map=None,
        created=datetime.datetime.now(datetime.UTC), mounts=points)


class MountPlanTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.others = {'other': other(
            models.MountPoint('volume', '/a', 'one', copies=True),
            models.MountPoint('bind', '/b', '/srv', writable=False),
            models.MountPoint('volume', '/c', 'x' * 64, anonymous=True),
            models.MountPoint('tmpfs', '/t'))}

    def plan(self, host_config, volumes=(), by_root=False):
        return [wish.point for wish in mountplan.plan(
            {'Volumes': {'/asked': {}}} if '/asked' in volumes else {},
            host_config, {'Volumes': {path: {} for path in volumes}},
            self.others.__getitem__, by_root)]

    def test_outer_before_inner(self):
        self.assertEqual(['/x', '/x/y', '/x/y/z'], [
            one.target for one in self.plan(
                {'Binds': ['/a:/x/y', '/b:/x']}, ['/x/y/z'])])

    def test_nameless_ones_get_names(self):
        one, two = self.plan({'Binds': ['/x']}, ['/y'])
        for point in (one, two):
            self.assertRegex(point.source, r'\A[0-9a-f]{64}\Z')
            self.assertTrue(point.anonymous)
        self.assertNotEqual(one.source, two.source)

    def test_whose_a_place_is(self):
        found = {one.target: one for one in self.plan(
            {'Binds': ['mine:/a'], 'Tmpfs': {'/y': ''},
             'VolumesFrom': ['other']}, ['/a', '/b', '/y', '/z'])}
        self.assertEqual(
            {'/a': 'mine', '/b': '/srv', '/c': 'x' * 64, '/y': ''},
            {place: found[place].source for place in found
             if place != '/z'})

    def test_volumes_of_the_image_that_are_kept(self):
        self.assertEqual(['/asked'], [one.target for one in self.plan(
            {'ImageVolumeMode': 'ignore'}, ['/image', '/asked'])])
        self.assertEqual(2, len(self.plan(
            {'ImageVolumeMode': 'anonymous'}, ['/image', '/asked'])))
        container = dataclasses.replace(
            other(), config={'Volumes': {'/image': {}}},
            host_config={'ImageVolumeMode': 'ignore'})
        self.assertEqual(['/image'], mountplan.directories(container))
        self.assertEqual([], mountplan.directories(
            dataclasses.replace(container, host_config={})))
        self.assertRaises(exception.InvalidRequest, self.plan,
                          {'ImageVolumeMode': 'tmpfs'})

    def test_volumes_of_others(self):
        found = {one.target: one for one in self.plan(
            {'VolumesFrom': ['other:ro']})}
        # What is in memory belongs to one container.
        self.assertEqual({'/a', '/b', '/c'}, set(found))
        self.assertEqual({(False, False)}, {
            (one.writable, one.copies) for one in found.values()})
        self.assertTrue(found['/c'].anonymous)
        found = {one.target: one.writable for one in self.plan(
            {'VolumesFrom': ['other']})}
        self.assertEqual({'/a': True, '/b': False, '/c': True}, found)
        self.assertRaises(KeyError, self.plan, {'VolumesFrom': ['none']})

    def test_volumes_of_nobody(self):
        def get(_name):
            raise exception.NotFound('No such container: x')
        error = self.assertRaises(
            exception.InvalidRequest, mountplan.plan,
            {}, {'VolumesFrom': ['x']}, {}, get, False)
        self.assertEqual('No such container: x', error.message)

    def test_who_asked(self):
        for by_root in (True, False):
            point, = self.plan({'Binds': ['/a:/x']}, by_root=by_root)
            self.assertIs(by_root, point.by_root)

    def test_sources(self):
        with tempfile.TemporaryDirectory() as directory:
            missing = f'{directory}/new/deep'
            wishes = mounts.requested({'Binds': [
                f'{directory}:/x', f'{missing}:/y', 'data:/z']})
            error = self.assertRaises(
                exception.InvalidRequest, mountplan.provide_sources, wishes,
                False)
            self.assertIn(missing, error.message)
            with mock.patch('pathlib.Path.mkdir',
                            side_effect=OSError(28, 'full')):
                self.assertRaises(exception.Unavailable,
                                  mountplan.provide_sources, wishes, True)
            mountplan.provide_sources(wishes, True)
            self.assertTrue(os.path.isdir(missing))
            wishes = mounts.requested({'Mounts': [{
                'Type': 'bind', 'Source': f'{directory}/other',
                'Target': '/x'}]})
            self.assertRaises(exception.InvalidRequest,
                              mountplan.provide_sources, wishes, True)
