import re
from unittest import mock

from oslotest import base

from novacontainer.virt import passwords

_SHADOW = (b'root:*:19000:0:99999:7:::\n'
           b'daemon:*:19000:0:99999:7:::\n'
           b'short:!\n')

#: What "openssl passwd -6" makes of a password and a salt.
_KNOWN = (
    ('x', '0123456789abcdef',
     '8YztVyzwDEH96nI5J4SMvvvaVH43cm6MjQyfl3gZsAa8rZMsHQVTiLQraFpu'
     'g5a6xlaOJbzt.7jq8UBJs4F7M1'),
    ('päss wörd ' * 9, './abcXYZ',
     '3CNlLzxAjCgXRVKC0XUxWJVZOoL8QP8upAo5bRdqwpFcj2OlNhGWjipJCOiJ'
     '1gTIUUxH0FS5vYDWxtHRhgl151'),
    ('Hello world!', 'saltstring',
     'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4'
     'OTLiBFdcbYEdFCoEOfaS35inz1'),
)


class HashedTestCase(base.BaseTestCase):

    def test_known(self):
        for password, salt, expected in _KNOWN:
            self.assertEqual(f'$6${salt}${expected}',
                             passwords.hashed(password, salt))

    def test_salt(self):
        found = {passwords.hashed('x') for _ in range(2)}
        self.assertEqual(2, len(found))
        for text in found:
            self.assertTrue(re.fullmatch(
                r'\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}', text), text)


class WithPasswordTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(
            passwords, 'hashed', return_value='$6$hash'))
        self.enterContext(mock.patch.object(
            passwords.time, 'time', return_value=20000.5 * 86400))

    def test_changes_one_line(self):
        self.assertEqual(
            _SHADOW.replace(b'root:*:19000:', b'root:$6$hash:20000:'),
            passwords.with_password(_SHADOW, 'root', 'secret'))

    def test_fills_up_a_short_line(self):
        self.assertIn(
            b'\nshort:$6$hash:20000::::::\n',
            passwords.with_password(_SHADOW, 'short', 'secret'))

    def test_no_such_user(self):
        for user in ('roo', 'nobody', ''):
            self.assertRaises(LookupError, passwords.with_password,
                              _SHADOW, user, 'secret')
