from nova import exception
from oslotest import base

from novacontainer.virt import devicenames


class ChooseTestCase(base.BaseTestCase):

    def test_next_that_is_free(self):
        for taken, name in (
                ([], '/dev/vdb'), ([None, '/dev/vda'], '/dev/vdb'),
                (['/dev/vdb', 'vdc', '/dev/vde'], '/dev/vdd'),
                (['/dev/sdb'], '/dev/vdb')):
            self.assertEqual(name, devicenames.choose(taken))

    def test_more_than_the_alphabet(self):
        taken = []
        for _ in range(27):
            taken.append(devicenames.choose(taken))
        self.assertEqual(['/dev/vdz', '/dev/vdaa', '/dev/vdab'], taken[-3:])

    def test_as_asked(self):
        for asked, name in (
                ('/dev/vdf', '/dev/vdf'), ('/dev/xvdf', '/dev/xvdf'),
                ('vdf', '/dev/vdf'), ('/dev/sdb1', '/dev/sdb1')):
            self.assertEqual(name, devicenames.choose(['/dev/vdb'], asked))

    def test_taken(self):
        for asked in ('/dev/vda', '/dev/vdb', 'vdc', '/dev/vdc'):
            self.assertRaises(exception.DevicePathInUse, devicenames.choose,
                              ['/dev/vdb', 'vdc'], asked)

    def test_not_to_be_had(self):
        for asked in ('/dev/null', '/dev/tty', '/dev/a/b', '/dev/../etc',
                      '/dev/', '/etc/passwd', '/dev/-x', '/dev/vd b'):
            self.assertRaises(exception.InvalidDevicePath,
                              devicenames.choose, [], asked)

    def test_too_many(self):
        self.assertEqual('/dev/vdc', devicenames.choose(
            ['/dev/vda', '/dev/vdb'], limit=3))
        self.assertRaises(exception.TooManyDiskDevices, devicenames.choose,
                          ['/dev/vda', '/dev/vdb'], limit=2)
