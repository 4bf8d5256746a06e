import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import volumespec


class VolumeSpecTest(base.BaseTestCase):

    def test_names(self):
        for name in ('data', 'a1', 'A.b-c_d', 'x' * 255):
            volumespec.check_name(name)
        for name in ('a', '-a', '.a', 'a/b', './a', 'a b', 'ä1', 'a\n',
                     'x' * 256):
            self.assertRaises(exception.InvalidRequest,
                              volumespec.check_name, name)

    def test_a_relative_path_is_no_name(self):
        error = self.assertRaises(
            exception.InvalidRequest, volumespec.check_name, './data')
        self.assertIn('includes invalid characters for a local volume name',
                      error.message)
        self.assertIn('use absolute path', error.message)

    def test_drivers(self):
        volumespec.check_driver('x', '')
        volumespec.check_driver('x', 'local')
        error = self.assertRaises(exception.NotFound,
                                  volumespec.check_driver, 'x', 'flocker')
        self.assertIn('plugin "flocker" not found', error.message)

    def test_options(self):
        for options in (
                {}, {'size': '1G'}, {'size': '0'},
                {'type': 'tmpfs', 'device': 'tmpfs'},
                {'type': 'tmpfs', 'device': 'x', 'o': 'size=1m,uid=7'},
                {'type': 'none', 'device': '/srv', 'o': 'bind'},
                {'type': 'none', 'device': '/srv', 'o': 'ro,rbind'}):
            volumespec.check_options(options)

    def test_bad_options(self):
        for options in (
                {'x': 'y'}, {'size': '1M'}, {'size': 'big'},
                {'type': 'tmpfs', 'device': 'x', 'size': '1G'},
                {'type': 'tmpfs'},
                {'device': '/x'}, {'o': 'bind'},
                {'type': 'tmpfs', 'device': 'x', 'o': 'uid=70000'},
                {'type': 'tmpfs', 'device': 'x', 'o': 'lowerdir=/'},
                {'type': 'none', 'device': 'srv', 'o': 'bind'},
                {'type': 'none', 'device': '/srv', 'o': 'bind,suid'}):
            self.assertRaises(exception.InvalidRequest,
                              volumespec.check_options, options)
        for kind in ('nfs', 'ext4', 'none'):
            self.assertRaises(
                exception.NotSupported, volumespec.check_options,
                {'type': kind, 'device': '/dev/sda', 'o': 'ro'})

    def test_what_it_is(self):
        def volume(**options):
            return models.Volume(
                'x', datetime.datetime.now(datetime.UTC), {}, options)

        memory = volume(type='tmpfs', device='tmpfs', o='size=1m')
        bind = volume(type='none', device='/srv', o='bind,ro')
        plain = volume()
        self.assertEqual(
            [True, False, False],
            [volumespec.is_tmpfs(one) for one in (memory, bind, plain)])
        self.assertEqual(
            ['', '/srv', ''],
            [volumespec.device(one.options)
             for one in (memory, bind, plain)])
        self.assertEqual(
            [False, True, False],
            [volumespec.is_readonly(one) for one in (memory, bind, plain)])
        self.assertEqual(['size=1m'], volumespec.tmpfs_words(memory))
        limited = volume(size='1g')
        self.assertEqual(
            [0, 0, 0, 1 << 30],
            [volumespec.size_bytes(one.options)
             for one in (memory, bind, plain, limited)])
        for one in (bind, plain):
            volumespec.check_subpath(one)
        for one in (memory, limited):
            self.assertRaises(exception.NotSupported,
                              volumespec.check_subpath, one)
