"""Who the process runs as, in honest images and hostile ones."""

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.oci import users

PASSWD = b"""\
root:x:0:0:root:/root:/bin/sh
web:x:33:34:web:/var/www:/usr/sbin/nologin
12:x:1012:1013::/twelve:/bin/sh
"""
GROUP = b"""\
root:x:0:
www:x:34:
logs:x:50:web,root
more:x:51:web
again:x:50:web
"""


class TestResolve(base.BaseTestCase):
    def resolve(self, user, passwd=PASSWD, group=GROUP):
        return users.resolve(user, passwd, group)

    def test_nobody_named_is_root(self):
        self.assertEqual(models.User(0, 0, (50,)), self.resolve(''))

    def test_empty_image(self):
        self.assertEqual(models.User(), self.resolve('', b'', b''))
        self.assertEqual(models.User(7, 0), self.resolve('7', b'', b''))
        self.assertEqual(models.User(7, 8), self.resolve('7:8', b'', b''))

    def test_name_brings_its_groups(self):
        self.assertEqual(models.User(33, 34, (50, 51)), self.resolve('web'))

    def test_number_of_a_known_account_brings_them_too(self):
        self.assertEqual(models.User(33, 34, (50, 51)), self.resolve('33'))

    def test_named_group_is_the_only_one(self):
        self.assertEqual(models.User(33, 51), self.resolve('web:more'))
        self.assertEqual(models.User(33, 77), self.resolve('web:77'))
        self.assertEqual(models.User(0, 34), self.resolve(':www'))

    def test_name_made_of_digits(self):
        self.assertEqual(1012, self.resolve('12').uid)

    def test_unknown_name(self):
        for user, code in (('nobody', 'container.user_not_found'),
                           ('web:nobody', 'container.group_not_found'),
                           ('-1', 'container.user_not_found'),
                           ('٣', 'container.user_not_found'),
                           ('99999999999', 'container.user_not_found')):
            fault = self.assertRaises(
                exception.InvalidRequest, self.resolve, user)
            self.assertEqual(code, fault.code)
            self.assertIn('unable to find', str(fault))

    def test_number_out_of_range(self):
        for user in ('2147483648', '0:2147483648'):
            fault = self.assertRaises(
                exception.InvalidRequest, self.resolve, user)
            self.assertEqual('container.id_range', fault.code)

    def test_lines_that_do_not_parse_are_skipped(self):
        passwd = (b'\xff\xfe\n:::\nweb:x:a:b:::\n#web:x:1:1:::\n\n'
                  b'web:x:33\n' + PASSWD)
        group = b'www\nwww:x:z:\n' + GROUP
        self.assertEqual(33, self.resolve('web', passwd).uid)
        self.assertEqual(34, self.resolve('1:www', PASSWD, group).gid)

    def test_added_groups(self):
        for user in ('web', '1:7'):
            found = users.resolve(user, PASSWD, b'more:x:44:\n',
                                  ('more', '45', '44'))
            self.assertEqual((44, 45), found.additional_gids)
        self.assertRaises(exception.InvalidRequest, users.resolve, 'web',
                          PASSWD, GROUP, ('nosuch',))

    def test_home(self):
        self.assertEqual('/var/www', users.home(33, PASSWD))
        self.assertEqual('/', users.home(4711, PASSWD))
        self.assertEqual('/', users.home(1, b'x:x:1:1:::\n'))
