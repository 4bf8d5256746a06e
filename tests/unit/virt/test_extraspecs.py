from nova import exception
from oslotest import base

from novacontainer.virt import extraspecs
from tests import instances


def flavor(**extra_specs):
    return instances.instance(extra_specs={
        f'novacontainer:{key.replace("__", ":")}': value
        for key, value in extra_specs.items()}).flavor


class ValuesTestCase(base.BaseTestCase):

    def values(self, **extra_specs):
        return extraspecs.values(flavor(**extra_specs))

    def test_nothing(self):
        self.assertEqual({}, self.values())
        self.assertEqual({}, extraspecs.values(instances.instance(
            extra_specs={'hw:cpu_policy': 'shared'}).flavor))

    def test_kinds(self):
        self.assertEqual(
            {'pids': 10, 'init': True, 'privileged': False,
             'seccomp': 'unconfined', 'env:A_1': 'x y', 'user': '0:0',
             'label:org.example': ''},
            self.values(pids='10', init='yes', privileged='off',
                        seccomp='unconfined', env__A_1='x y', user='0:0',
                        **{'label:org.example': ''}))

    def test_nonsense(self):
        for key, value, wants in (
                ('pids', 'many', 'a whole number from 0 to'),
                ('pids', '-1', 'a whole number from 0 to'),
                ('pids', '2147483648', 'a whole number from 0 to'),
                ('init', 'maybe', 'true or false'),
                ('userns', 'shared', 'one of private, host'),
                ('devices', '/etc/passwd', 'of the form'),
                ('devices', '/dev/kvm:/dev/kvm:x', 'of the form'),
                ('working_dir', 'srv', 'of the form'),
                ('entrypoint', '', 'of the form'),
                ('capabilities', 'net admin', 'of the form'),
                ('capabilities', 'NET_ADMIN,', 'of the form'),
                ('user', 'a b', 'of the form')):
            error = self.assertRaises(
                exception.InvalidInput, self.values, **{key: value})
            self.assertIn(f'novacontainer:{key} of flavor m1.tiny is '
                          f'{value!r}; it must be {wants}', str(error))

    def test_unknown(self):
        for key in ('pid', 'env', 'env:1', 'env:', 'label:-', 'PIDS'):
            error = self.assertRaises(
                exception.InvalidInput, self.values, **{key: '1'})
            self.assertIn(f'novacontainer:{key}, which there is not',
                          str(error))


class IsolationTestCase(base.BaseTestCase):

    def isolation(self, **extra_specs):
        return extraspecs.isolation(
            extraspecs.values(flavor(**extra_specs)))

    def test_by_default_all_of_it(self):
        self.assertEqual({}, self.isolation())
        self.assertEqual({}, self.isolation(
            privileged='no', userns='private', init='0', seccomp='default'))

    def test_less(self):
        self.assertEqual(
            {'Privileged': True, 'UsernsMode': 'host', 'Init': True,
             'SecurityOpt': ['seccomp=unconfined']},
            self.isolation(privileged='1', userns='host', init='1',
                           seccomp='unconfined'))

    def test_capabilities(self):
        self.assertEqual(
            {'CapAdd': ['NET_ADMIN', 'CAP_SYS_PTRACE']},
            self.isolation(capabilities='NET_ADMIN,CAP_SYS_PTRACE'))

    def test_devices(self):
        self.assertEqual(
            [{'PathOnHost': '/dev/fuse', 'PathInContainer': '/dev/fuse',
              'CgroupPermissions': 'rwm'},
             {'PathOnHost': '/dev/kvm', 'PathInContainer': '/dev/x',
              'CgroupPermissions': 'r'}],
            self.isolation(devices='/dev/fuse,/dev/kvm:/dev/x:r')['Devices'])


class NumberTestCase(base.BaseTestCase):

    def number(self, value, **kwargs):
        return extraspecs.number(
            instances.instance(extra_specs={'quota:x': value}).flavor,
            'quota:x', 5, **kwargs)

    def test_said_or_not(self):
        self.assertEqual(7, self.number('7'))
        self.assertEqual(5, extraspecs.number(
            instances.instance().flavor, 'quota:x', 5))

    def test_zero(self):
        self.assertEqual(0, self.number('0'))
        self.assertEqual(5, self.number('0', or_zero=True, minimum=2))

    def test_out_of_range(self):
        for value in ('1', '11', '0', 'x', '1.5'):
            self.assertRaises(exception.InvalidInput, self.number, value,
                              minimum=2, maximum=10)
